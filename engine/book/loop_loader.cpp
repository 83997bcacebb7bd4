#include "book/loop_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "book/given_value.h"
#include "book/key_docs.h"
#include "book/tree_loader.h"
#include "book/value_scope.h"

namespace runbook {
namespace {

constexpr int most_items = 1'000'000;
constexpr const char* form_of_batch =
    "write `batch: 1`, `batch: 25%` or `batch: [1, 25%, 100%]`; without it all items are one batch";

std::optional<Share> share_from(std::string_view text) {
  Share share;
  share.is_percent = text.ends_with('%');
  if (share.is_percent) text.remove_suffix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share.number);
  const bool is_read = error == std::errc() && end == text.data() + text.size();
  if (!is_read || share.number > (share.is_percent ? 100 : most_items)) return std::nullopt;
  return share;
}

// What an expression that is a name and nothing else yields, if that is known not to be a list. "": it is not known.
class KnownKind {
 public:
  explicit KnownKind(const Runbook& runbook) : runbook_(runbook) {}

  std::string of(const Expression& expression) const {
    if (expression.references().empty()) return expression.uses_result() ? "" : of_constant(expression);
    const Reference& reference = expression.references().front();
    if (expression.text() != text_of(reference) || reference.path.empty()) return {};
    if (reference.root == "inputs" && reference.path.size() == 1) return of_input(reference.path[0]);
    if (reference.root == "vars" && reference.path.size() == 1) return of_var(reference.path[0]);
    return reference.root == "steps" && reference.path.size() == 2 ? of_output(reference.path[0], reference.path[1]) : "";
  }

 private:
  static std::string of_constant(const Expression& expression) {
    try {
      const Value value = expression.evaluate(ValueScope(), nullptr);
      return value.is_text() ? "text" : value.is_map() ? "a map" : value.is_list() ? "" : "one value";
    } catch (const ExpressionError&) {
      return {};  // it stops the run
    }
  }

  std::string of_input(const std::string& name) const {
    const Input* input = runbook_.find_input(name);
    if (!input || input->type == ValueType::list || input->type == ValueType::secret) return {};
    return input->type == ValueType::map ? "a map" : is_text(input->type) ? "text" : "one value";
  }

  std::string of_var(const std::string& name) const {
    for (const auto& [var, value] : runbook_.vars) {
      if (var == name) return value.text.is_lone_expression() ? of(value.text.expressions().front()) : "text";
    }
    return {};
  }

  std::string of_output(const std::string& id, const std::string& name) const {
    if (name == "state") return "text";
    const Step* step = runbook_.find(id);
    const OutputRule* rule = step ? step->find_output(name) : nullptr;
    if (!rule || rule->is_lines) return {};
    if (rule->type != ValueType::text) return "one value";
    return rule->regex.empty() ? "" : "text";
  }

  static bool is_text(ValueType type) {
    return type != ValueType::integer && type != ValueType::number && type != ValueType::boolean;
  }

  const Runbook& runbook_;
};

class LoopLoader {
 public:
  LoopLoader(const Node& map, const Node::Member& list, const Site& site, const std::vector<const Section*>& outer,
             Loading& loading)
      : map_(map), list_(list), site_(site), outer_(outer), loading_(loading), problems_(loading.problems) {}

  std::unique_ptr<Loop> load() {
    const Fields fields(map_, problems_);
    loop_->may_be_empty = fields.choice("empty", key_doc(keys::section, "empty").choices).has_value();
    load_list();
    load_name();
    fields.whole("concurrency", 1, 1000, loop_->concurrency);
    if (const Node::Member* batch = map_.find("batch")) load_batches(*batch->value);
    if (const Node::Member* most = map_.find("max_failures")) load_max_failures(*most->value);
    return std::move(loop_);
  }

 private:
  void load_list() {
    constexpr const char* form = "write `for_each: $inputs.servers`, or a list: `for_each: [a, b]`";
    if (list_.value->kind == Node::Kind::list) return load_items();
    if (!expect(Node::Kind::scalar, *list_.value, "for_each", problems_, form)) return;
    const std::optional<PlacedExpression> list = read_expression(list_.value, site_.at("for_each"), loading_);
    if (!list) return;
    const Expression& expression = list->expression;
    if (const std::string kind = KnownKind(loading_.runbook).of(expression); !kind.empty())
      problems_.error(*list_.value, fmt::format("`for_each` takes a list, and this is {}", kind), how_to_make_a_list(kind));
    loop_->list = ParamTree{PlacedTemplate{Template::parse("${{ " + expression.text() + " }}"), list->place}};
  }

  std::string how_to_make_a_list(std::string_view kind) const {
    const std::string& text = list_.value->text;
    if (!text.starts_with('$')) return "write a list: `for_each: [a, b]`";
    if (kind == "a map") return fmt::format("its values are `values({0})`, its names `keys({0})`", text);
    if (text.starts_with("$inputs.")) return "give the input `type: list`";
    return fmt::format("text becomes a list by `lines({0})` or `split({0}, ',')`", text);
  }

  void load_items() {
    const Node& list = *list_.value;
    if (list.items.empty() && !loop_->may_be_empty)
      problems_.error(list, "`for_each` is over nothing: its list is empty", "name the items, or write beside it: `empty: ok`");
    if (std::optional<ParamTree> tree = load_tree(list_.value, site_.at("for_each"), Scalars::typed, loading_))
      loop_->list = *std::move(tree);
    if (!map_.find("key")) check_items_as_keys(list);
  }

  // Without `key` an item is its own.
  void check_items_as_keys(const Node& list) {
    std::set<std::string_view> known;
    for (const NodePtr& item : list.items) {
      if (item->kind != Node::Kind::scalar)
        return problems_.error(*item, fmt::format("this item is {}, and has no name of its own", kind_in_words(*item)),
                               fmt::format("say what tells the items apart: `key: ${}.name`", shown_name()));
      if (!known.insert(item->text).second)
        problems_.error(*item, fmt::format("`{}` stands twice in the list", item->text),
                        "each item stands there once, or say by `key:` what tells them apart");
    }
  }

  std::string shown_name() const {
    const Node::Member* name = map_.find("as");
    return name && name->value->kind == Node::Kind::scalar ? name->value->text : "item";
  }

  void load_name() {
    const Node::Member* name = map_.find("as");
    if (!name)
      return problems_.error(list_, "`for_each` lacks `as`",
                             "name the item: with `as: item` the steps see it as `$item`, and scripts as \"$item\"");
    if (!expect(Node::Kind::scalar, *name->value, "as", problems_, "write `as: item`")) return;
    if (!expect_name(name->value->text, name->value->place, "an item", problems_)) return;
    loop_->as = name->value->text;
    if (const std::string what = taken_by(loop_->as); !what.empty())
      problems_.error(*name->value, fmt::format("`{}` can't be the name of an item: it is {}", loop_->as, what),
                      "take another name");
  }

  std::string taken_by(const std::string& name) const {
    for (const char* root : {"inputs", "vars", "steps", "run", "before"})
      if (name == root) return fmt::format("`${}` already", root);
    for (const Section* section : outer_)
      if (section->loop && section->loop->as == name)
        return fmt::format("that of the loop around it, in line {}", section->place.line);
    const Input* input = loading_.runbook.find_input(name);
    return input && is_exported(input->type) ? "an input too, and a script would see one of the two" : "";
  }

  void load_batches(const Node& node) {
    if (node.kind != Node::Kind::list) return load_batch(node);
    if (node.items.empty()) problems_.error(node, "`batch` is empty", form_of_batch);
    for (const NodePtr& item : node.items) load_batch(*item);
  }

  void load_batch(const Node& node) {
    if (!expect(Node::Kind::scalar, node, "batch", problems_, form_of_batch)) return;
    const std::optional<Share> share = share_from(node.text);
    if (share && share->number > 0) return loop_->batches.push_back(*share);
    problems_.error(node,
                    fmt::format("`batch` is a number of items, at least 1, or a part of them, 1% to 100%; not `{}`", node.text),
                    form_of_batch);
  }

  void load_max_failures(const Node& node) {
    constexpr const char* form = "write `max_failures: 1` or `max_failures: 10%`; without it the first failure stops the loop";
    if (!expect(Node::Kind::scalar, node, "max_failures", problems_, form)) return;
    const std::optional<Share> share = share_from(node.text);
    if (share && share->number >= 0) loop_->max_failures = *share;
    else
      problems_.error(node,
                      fmt::format("`max_failures` is a number of items, or a part of a batch, 0% to 100%; not `{}`", node.text),
                      form);
  }

  const Node& map_;
  const Node::Member& list_;
  const Site& site_;
  const std::vector<const Section*>& outer_;
  Loading& loading_;
  Problems& problems_;
  std::unique_ptr<Loop> loop_ = std::make_unique<Loop>();
};

}  // namespace

std::unique_ptr<Loop> load_loop(const Node& section, const Site& site, const std::vector<const Section*>& outer,
                                Loading& loading) {
  if (const Node::Member* list = section.find("for_each")) return LoopLoader(section, *list, site, outer, loading).load();
  for (const std::string& key : loop_keys()) {
    if (const Node::Member* member = section.find(key))
      loading.problems.error(*member, fmt::format("`{}` has no meaning without `for_each`", key));
  }
  return nullptr;
}

void load_loop_key(const Node& section, const Site& inside, Loading& loading, Loop& loop) {
  if (const Node::Member* key = section.find("key")) loop.key = read_expression(key->value, inside.at("key"), loading);
}

}  // namespace runbook
