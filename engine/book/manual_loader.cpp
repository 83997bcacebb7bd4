#include "book/manual_loader.h"

#include <fmt/format.h>

#include "book/input_loader.h"
#include "book/key_docs.h"

namespace runbook {
namespace {

using Members = std::vector<std::pair<std::string, ParamTree>>;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

class ManualLoader {
 public:
  ManualLoader(const Node::Member& member, const Site& site, Loading& loading)
      : member_(member), map_(*member.value), site_(site), loading_(loading), problems_(loading.problems) {}

  void load_into(Step& step) {
    step.kind = Step::Kind::manual;
    load();
    for (const Input& input : manual_.collect) {
      OutputRule rule;
      rule.name = input.name;
      rule.place = input.place;
      step.outputs.push_back(std::move(rule));
    }
    step.params = ParamTree{std::move(members_)};
    step.manual = std::make_shared<const Manual>(std::move(manual_));
  }

 private:
  void load() {
    if (map_.kind == Node::Kind::null) return problems_.error(member_, "`manual` has no value", form);
    if (map_.kind == Node::Kind::scalar) return load_text("instructions", member_.value, "manual");
    if (!expect(Node::Kind::map, map_, "manual", problems_, form)) return;
    const std::size_t before = problems_.count();
    check_keys(map_, keys::manual, problems_);
    const bool are_keys_known = problems_.count() == before;  // else the instructions may be there under another name
    if (const Node::Member* text = map_.find("instructions")) load_text("instructions", text->value, "instructions");
    else if (are_keys_known)
      problems_.error(member_, "`manual` lacks `instructions`", "say what the person does: `instructions: ...`");
    if (const Node::Member* list = map_.find("checklist")) load_checklist(*list->value);
    if (const Node::Member* collect = map_.find("collect")) load_values(*collect->value);
    load_evidence();
  }

  std::optional<ParamTree> text(const NodePtr& node, std::string_view key) {
    if (!expect(Node::Kind::scalar, *node, key, problems_)) return std::nullopt;
    if (is_blank(node->text)) {
      problems_.error(*node, fmt::format("{}`{}` is empty", key == "checklist" ? "an item of " : "", key));
      return std::nullopt;
    }
    Site site = site_.at(key);
    site.wants_text = true;
    std::optional<PlacedTemplate> read = read_template(node, site, loading_);
    return read ? std::optional<ParamTree>(ParamTree{*std::move(read)}) : std::nullopt;
  }

  void load_text(const char* name, const NodePtr& node, std::string_view key) {
    if (std::optional<ParamTree> tree = text(node, key)) members_.emplace_back(name, *std::move(tree));
  }

  void load_checklist(const Node& list) {
    if (!expect(Node::Kind::list, list, "checklist", problems_, "write `checklist: [First thing, Second thing]`")) return;
    if (list.items.empty()) problems_.error(list, "`checklist` is empty");
    std::vector<ParamTree> items;
    for (const NodePtr& item : list.items) {
      if (std::optional<ParamTree> tree = text(item, "checklist")) items.push_back(*std::move(tree));
    }
    manual_.items = static_cast<std::int64_t>(items.size());
    members_.emplace_back("checklist", ParamTree{std::move(items)});
  }

  void load_values(const Node& map) {
    load_collected(map, site_, loading_, manual_.collect);
    std::vector<ParamTree> values;
    for (const Input& input : manual_.collect) values.push_back(shown(input));
    if (!values.empty()) members_.emplace_back("collect", ParamTree{std::move(values)});
  }

  static ParamTree shown(const Input& input) {
    Members members;
    const auto add = [&](const char* name, ParamTree value) { members.emplace_back(name, std::move(value)); };
    add("name", ParamTree{Value(input.name)});
    add("type", ParamTree{Value(value_type_name(input.type))});
    if (!input.description.empty()) add("description", ParamTree{Value(input.description)});
    if (!input.example.is_null()) add("example", ParamTree{input.example});
    if (input.fallback) add("default", *input.fallback);
    return ParamTree{std::move(members)};
  }

  void load_evidence() {
    static const std::vector<std::string>& choices = key_doc(keys::manual, "evidence").choices;
    const std::optional<std::size_t> choice = Fields(map_, problems_).choice("evidence", choices);
    if (!choice) return;
    manual_.needs_evidence = choices[*choice] == "required";
    members_.emplace_back("evidence", ParamTree{Value(choices[*choice])});
  }

  static constexpr const char* form =
      "say what the person does: `manual: text`, or `manual: {instructions: text, checklist: [...]}`";
  const Node::Member& member_;
  const Node& map_;
  const Site& site_;
  Loading& loading_;
  Problems& problems_;
  Members members_;
  Manual manual_;
};

}  // namespace

void load_manual(const Node::Member& manual, const Site& site, Loading& loading, Step& step) {
  ManualLoader(manual, site, loading).load_into(step);
}

}  // namespace runbook
