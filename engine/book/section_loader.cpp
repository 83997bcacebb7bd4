#include "book/section_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "book/environment_loader.h"
#include "book/key_docs.h"
#include "book/loop_loader.h"
#include "book/step_loader.h"
#include "book/target_loader.h"

namespace runbook {
namespace {

constexpr std::size_t most_steps = 100'000;
constexpr const char* how_to_begin_a_step = "each step begins with `- id: name`";

// Whether an alias may need the node again.
enum class Repeated { no, maybe };

bool uses(const Template& text, const std::string& name) {
  const std::vector<Reference> references = text.references();
  return std::any_of(references.begin(), references.end(), [&](const Reference& each) { return each.root == name; });
}

class SectionLoader {
 public:
  SectionLoader(Loading& loading, Runbook& runbook) : loading_(loading), problems_(loading.problems), runbook_(runbook) {}

  void load_root(const Node& root) {
    Section& section = runbook_.root;
    section.place = root.place;
    Inherited around;
    load_surroundings(root, around);
    const Inherited inside = in_body(root, section, around);
    if (const Node::Member* steps = root.find("steps")) load_children(*steps, inside, section, Repeated::no);
    else problems_.error(root.place, 1, "this runbook has no `steps`", "add `steps:` with a list of steps");
    if (const Node::Member* finally = root.find("finally"))
      section.finally = load_beside(*finally, beside(section, Enclosure::Kind::finally, around), "finally", "finally");
  }

 private:
  // `env`, `dir` and `target` of a runbook or a section.
  void load_surroundings(const Node& map, Inherited& inherited) {
    const Site site = site_in(inherited);
    if (const Node::Member* env = map.find("env")) load_environment(*env->value, site, loading_, inherited.env);
    if (const Node::Member* dir = map.find("dir")) inherited.dir = read_template(dir->value, site.at("dir"), loading_);
    load_target(map, loading_, inherited.target);
  }

  Site site_in(const Inherited& inherited) const {
    Site site;
    site.around = inherited.around;
    site.steps = loading_.references.step_count();
    return site;
  }

  // Each item goes as soon as it is loaded: a large file's nodes need as much memory as what is made of them.
  void load_children(const Node::Member& steps, const Inherited& inherited, Section& into, Repeated repeated) {
    if (!expect(Node::Kind::list, *steps.value, steps.key, problems_, how_to_begin_a_step)) return;
    if (steps.value->items.empty()) problems_.error(*steps.value, fmt::format("`{}` is empty", steps.key));
    const bool is_last_use = repeated == Repeated::no && steps.value.use_count() == 1;
    std::vector<NodePtr> items = is_last_use ? steps.value->items.take() : steps.value->items.all();
    into.children.reserve(items.size());
    if (&into == &runbook_.root) {
      runbook_.steps_by_id.reserve(items.size());
      loading_.references.reserve_steps(items.size());
    }
    int position = 0;
    for (NodePtr& item : items) {
      ++position;
      load_child(item, position, into.is_parallel ? in_branch(position, inherited, into) : inherited, into);
      item.reset();
    }
  }

  Inherited in_branch(int position, const Inherited& inherited, const Section& section) {
    Inherited branch = inherited;
    branch.around = loading_.references.enclose(
        {Enclosure::Kind::branch, &section, {}, static_cast<std::size_t>(position), inherited.around});
    return branch;
  }

  void load_child(const NodePtr& item, int position, const Inherited& inherited, Section& into) {
    if (runbook_.steps.size() > most_steps) return;
    if (!expect(Node::Kind::map, *item, "steps", problems_, how_to_begin_a_step)) return;
    const Node::Member* inner = item->find("steps") ? item->find("steps") : item->find("parallel");
    if (item->find("section")) into.children.emplace_back(load_section(item, inherited, into.path, position));
    else if (inner)
      problems_.error(*inner, fmt::format("only a section has `{}`", inner->key),
                      "add `section: Title` to make this a section");
    else into.children.emplace_back(known(load_step(*item, inherited, loading_)));
  }

  // It goes to the list of all steps too.
  std::unique_ptr<Step> known(std::unique_ptr<Step> step) {
    if (runbook_.steps.size() == most_steps)
      problems_.error(step->place, 1, fmt::format("a runbook has at most {} steps", most_steps), "make several runbooks of it");
    runbook_.steps.push_back(step.get());
    runbook_.steps_by_id.emplace(step->id, step.get());
    return step;
  }

  std::unique_ptr<Section> load_section(const NodePtr& node, const Inherited& outer, const std::string& outer_path,
                                        int position) {
    const Node& map = *node;
    auto section = std::make_unique<Section>();
    section->place = map.place;
    section->path = outer_path.empty() ? fmt::format("{}", position) : fmt::format("{}.{}", outer_path, position);
    section->loops = outer.loops;
    check_section_keys(map);
    Inherited around = outer;
    load_words(map, *section, around);
    load_section_id(map, *section);
    load_condition(map, *section, around);
    Inherited inside = in_loop(map, *section, in_body(map, *section, around));
    load_surroundings(map, inside);
    load_body(node, inside, *section);
    if (has_beside(map)) {
      inherit_beside(inside, section->loop.get(), around);
      load_all_beside(map, around, *section);
    }
    return section;
  }

  void load_words(const Node& map, Section& section, Inherited& around) {
    const Fields fields(map, problems_);
    std::string note;
    std::vector<std::string> tags;
    fields.title("section", section.title);
    fields.note("note", note);
    if (map.find("source")) fields.note("source", around.anchor);
    fields.texts("tags", tags);
  }

  static bool has_beside(const Node& map) { return map.find("watch") || map.find("rescue") || map.find("finally"); }

  // What stands beside its steps tells them apart from others.
  Inherited in_body(const Node& map, const Section& section, const Inherited& around) {
    Inherited inside = around;
    if (has_beside(map)) inside.around = loading_.references.enclose({Enclosure::Kind::body, &section, {}, 0, around.around});
    return inside;
  }

  Inherited in_loop(const Node& map, Section& section, Inherited inside) {
    std::unique_ptr<Loop> loop = load_loop(map, site_in(inside), section.loops, loading_);
    if (!loop) return inside;
    inside.loops.push_back(&section);
    inside.around = loading_.references.enclose({Enclosure::Kind::loop, &section, {}, 0, inside.around});
    load_loop_key(map, site_in(inside), loading_, *loop);
    section.loop = std::move(loop);
    return inside;
  }

  // What stands beside a loop has the section's environment, but for what is made of the item.
  static void inherit_beside(const Inherited& inside, const Loop* loop, Inherited& beside) {
    beside.target = inside.target;
    if (!inside.dir || !loop || !uses(inside.dir->text, loop->as)) beside.dir = inside.dir;
    for (const EnvEntry& entry : inside.env) {
      if (loop && uses(entry.value.text, loop->as)) continue;
      const auto same =
          std::find_if(beside.env.begin(), beside.env.end(), [&](const EnvEntry& each) { return each.name == entry.name; });
      if (same == beside.env.end()) beside.env.push_back(entry);
      else *same = entry;
    }
  }

  void load_body(const NodePtr& node, const Inherited& inside, Section& section) {
    const Node::Member* steps = node->find("steps");
    const Node::Member* branches = node->find("parallel");
    const Repeated repeated = node.use_count() == 1 ? Repeated::no : Repeated::maybe;
    section.is_parallel = branches != nullptr;
    if (steps && branches)
      problems_.error(*branches, "a section has `steps` or `parallel`, not both",
                      "steps that come one after the other are a section of their own under `parallel:`");
    else if (steps || branches) load_children(steps ? *steps : *branches, inside, section, repeated);
    else problems_.error(*node->find("section"), "this section has no `steps`", "add `steps:` with a list of steps");
  }

  Inherited beside(const Section& section, Enclosure::Kind kind, Inherited around) {
    around.around = loading_.references.enclose({kind, &section, {}, 0, around.around});
    return around;
  }

  void load_all_beside(const Node& map, const Inherited& around, Section& section) {
    if (const Node::Member* watch = map.find("watch")) load_watches(watch->value, around, section);
    if (const Node::Member* rescue = map.find("rescue"))
      section.rescue = load_beside(*rescue, beside(section, Enclosure::Kind::rescue, around), section.path + ".rescue",
                                   section.title + " / rescue");
    if (const Node::Member* finally = map.find("finally"))
      section.finally = load_beside(*finally, beside(section, Enclosure::Kind::finally, around), section.path + ".finally",
                                    section.title + " / finally");
  }

  std::unique_ptr<Section> load_beside(const Node::Member& steps, const Inherited& inherited, std::string path,
                                       std::string title) {
    auto section = std::make_unique<Section>();
    section->place = steps.key_place;
    section->path = std::move(path);
    section->title = std::move(title);
    section->loops = inherited.loops;
    load_children(steps, inherited, *section, Repeated::maybe);
    return section;
  }

  // A list of them, or one.
  void load_watches(const NodePtr& node, const Inherited& around, Section& section) {
    constexpr const char* form = "write `watch: {id: name, shell: ..., every: 5s, trips_after: 3, on_trip: [...]}`";
    if (node->kind == Node::Kind::map) return load_one_watch(node, around, section);
    if (node->kind != Node::Kind::list) return void(expect(Node::Kind::map, *node, "watch", problems_, form));
    if (node->items.empty()) problems_.error(*node, "`watch` is empty", form);
    for (const NodePtr& item : node->items) {
      if (expect(Node::Kind::map, *item, "watch", problems_, form)) load_one_watch(item, around, section);
    }
  }

  void load_one_watch(const NodePtr& node, const Inherited& around, Section& section) {
    const Inherited inherited = beside(section, Enclosure::Kind::watch, around);
    Watch watch;
    watch.step = known(load_watch(node, inherited, loading_));
    const Fields fields(*node, problems_);
    fields.whole("trips_after", 1, 1'000'000, watch.trips_after);
    static const std::vector<std::string>& choices = key_doc(keys::watch, "running").choices;
    if (const std::optional<std::size_t> choice = fields.choice("running", choices)) watch.stops_running = *choice == 1;
    if (const Node::Member* steps = node->find("on_trip"))
      watch.on_trip = load_beside(*steps, inherited, fmt::format("{}.{}", section.path, watch.step->id),
                                  fmt::format("{} / {} tripped", section.title, watch.step->id));
    section.watches.push_back(std::move(watch));
  }

  void check_section_keys(const Node& map) {
    for (const Node::Member& member : map.members) {
      const bool is_type = find_declaration(loading_.types, member.key) != nullptr;
      if (is_type)
        problems_.error(member, fmt::format("a section has no type: `{}` belongs to a step", member.key),
                        "put it into a step under `steps:`");
      else check_key(member, keys::section, problems_);
    }
  }

  void load_section_id(const Node& map, Section& section) {
    const Node::Member* id = map.find("id");
    if (!id) return;
    Fields(map, problems_).text("id", section.id);
    if (id->value->kind != Node::Kind::scalar || !expect_name(section.id, id->value->place, "a section", problems_)) return;
    const auto [known, is_new] = section_ids_.emplace(section.id, id->value->place);
    if (!is_new)
      problems_.error(*id->value, fmt::format("two sections have the id `{}`", section.id),
                      fmt::format("the other one is in line {}", known->second.line));
  }

  void load_condition(const Node& map, Section& section, Inherited& inherited) {
    const Node::Member* when = map.find("when");
    if (!when) return;
    section.when = read_expression(when->value, site_in(inherited).at("when"), loading_);
    if (section.when)
      inherited.around = loading_.references.enclose(
          {Enclosure::Kind::condition, nullptr, section.when->expression.text(), 0, inherited.around});
  }

  Loading& loading_;
  Problems& problems_;
  Runbook& runbook_;
  std::unordered_map<std::string, Place> section_ids_;
};

}  // namespace

void load_sections(const Node& root, Loading& loading, Runbook& runbook) { SectionLoader(loading, runbook).load_root(root); }

}  // namespace runbook
