#include "book/loader.h"
#include "book/swallowed_updates.h"

#include <fmt/format.h>

#include "book/environment_loader.h"
#include "book/input_loader.h"
#include "book/keys.h"
#include "book/requirement_loader.h"
#include "book/step_loader.h"
#include "book/yaml_reader.h"

namespace runbook {
namespace {

constexpr std::size_t most_steps = 100'000;

class RunbookLoader {
 public:
  RunbookLoader(const Node& root, SourcePtr source, const Declarations& types)
      : root_(root), problems_(*source), loading_{problems_, references_, types, *runbook_, nullptr}, fields_(root, problems_) {
    runbook_->source = std::move(source);
  }

  void load() {
    if (!is_runbook()) return;
    check_keys(root_, keys::runbook, problems_);
    load_head();
    load_values();
    load_steps();
    load_outputs();
    for (const char* key : {"not_encoded", "not_automated"}) check_uncovered(key);
    references_.check(*runbook_, problems_);
    warn_of_swallowed_updates(*runbook_, problems_);
  }

  std::shared_ptr<const Runbook> runbook() const { return runbook_; }
  Problems& problems() { return problems_; }

 private:
  const Node* find(std::string_view key) const {
    const Node::Member* member = root_.find(key);
    return member ? member->value.get() : nullptr;
  }

  // A file that is something else gets one message, not one for each of its keys.
  bool is_runbook() {
    const bool is_map = root_.kind == Node::Kind::map;
    if (is_map && (root_.find("runbook") || root_.find("steps"))) return true;
    problems_.error(root_.place, 1,
                    is_map ? "this is no runbook: it has neither `runbook` nor `steps`"
                           : fmt::format("this is no runbook: expected a map, got {}", kind_in_words(root_)),
                    "a runbook begins with `runbook: name`");
    return false;
  }

  void load_head() {
    const Node::Member* name = root_.find("runbook");
    if (!name) problems_.error(root_.place, 1, "this runbook has no name", "begin it with `runbook: name`");
    fields_.text("runbook", runbook_->name);
    if (name && name->value->kind == Node::Kind::scalar)
      expect_name(runbook_->name, name->value->place, "a runbook", problems_);
    fields_.text("title", runbook_->title);
    if (runbook_->title.empty()) runbook_->title = runbook_->name;
    fields_.text("version", runbook_->version);
    fields_.note("source", runbook_->document);
    fields_.note("summary", runbook_->summary);
    std::string note;
    std::vector<std::string> tags;
    fields_.note("note", note);
    fields_.texts("tags", tags);
    load_requirements(root_, problems_, *runbook_);
    if (const Node* notify = find("notify")) load_notify(*notify);
  }

  void load_notify(const Node& map) {
    constexpr const char* form = "write `notify: {exec: [./page-me.sh]}`";
    if (!expect(Node::Kind::map, map, "notify", problems_, form)) return;
    check_keys(map, keys::notify, problems_);
    const Node::Member* exec = map.find("exec");
    if (!exec) return problems_.error(map.place, 1, "`notify` lacks `exec`", form);
    Fields(map, problems_).texts("exec", runbook_->notify);
    if (exec->value->kind == Node::Kind::list && exec->value->items.empty())
      problems_.error(*exec->value, "`exec` names no program", form);
    for (const NodePtr& item : exec->value->items) {
      const bool is_blank = item->text.find_first_not_of(" \t\n") == std::string::npos;
      if (item->kind == Node::Kind::scalar && is_blank) problems_.error(*item, "an item of `exec` is empty");
      if (item->text.find("${{") != std::string::npos)
        problems_.error(*item, "`notify` can't have values in `exec`", "the event on its standard input has them");
    }
  }

  void load_values() {
    if (const Node* inputs = find("inputs")) load_inputs(*inputs, loading_, runbook_->inputs);
    if (const Node* vars = find("vars")) load_vars(*vars, loading_, runbook_->vars);
    if (const Node* constraints = find("constraints")) load_constraints(*constraints, loading_, runbook_->constraints);
    if (const Node* defaults = find("defaults")) check_defaults(*defaults, loading_);
    if (const Node::Member* defaults = root_.find("defaults"); defaults && defaults->value->kind == Node::Kind::map)
      loading_.defaults = defaults->value;
  }

  void load_steps() {
    Inherited inherited;
    load_surroundings(root_, inherited);
    runbook_->root.place = root_.place;
    const Node::Member* steps = root_.find("steps");
    if (!steps) return problems_.error(root_.place, 1, "this runbook has no `steps`", "add `steps:` with a list of steps");
    load_children(*steps, inherited, runbook_->root, Repeated::no);
  }

  // `env` and `dir` of a runbook or a section.
  void load_surroundings(const Node& map, Inherited& inherited) {
    Site site;
    site.condition = inherited.condition;
    site.steps = references_.step_count();
    if (const Node::Member* env = map.find("env")) load_environment(*env->value, site, loading_, inherited.env);
    if (const Node::Member* dir = map.find("dir")) inherited.dir = read_template(dir->value, site.at("dir"), loading_);
  }

  // Whether an alias may need the node again.
  enum class Repeated { no, maybe };

  // Each item goes as soon as it is loaded: a large file's nodes need as much memory as what is made of them.
  void load_children(const Node::Member& steps, const Inherited& inherited, Section& into, Repeated repeated) {
    if (!expect(Node::Kind::list, *steps.value, "steps", problems_, "each step begins with `- id: name`")) return;
    if (steps.value->items.empty()) problems_.error(*steps.value, "`steps` is empty");
    const bool is_last_use = repeated == Repeated::no && steps.value.use_count() == 1;
    std::vector<NodePtr> items = is_last_use ? steps.value->items.take() : steps.value->items.all();
    into.children.reserve(items.size());
    if (&into == &runbook_->root) {
      runbook_->steps_by_id.reserve(items.size());
      references_.reserve_steps(items.size());
    }
    int position = 0;
    for (NodePtr& item : items) {
      load_child(item, ++position, inherited, into);
      item.reset();
    }
  }

  void load_child(const NodePtr& item, int position, const Inherited& inherited, Section& into) {
    if (runbook_->steps.size() > most_steps) return;
    if (!expect(Node::Kind::map, *item, "steps", problems_, "each step begins with `- id: name`")) return;
    if (item->find("section")) into.children.emplace_back(load_section(item, inherited, into.path, position));
    else if (item->find("steps"))
      problems_.error(*item->find("steps"), "only a section has `steps`", "add `section: Title` to make this a section");
    else add_step(load_step(*item, inherited, loading_), into);
  }

  void add_step(std::unique_ptr<Step> step, Section& into) {
    if (runbook_->steps.size() == most_steps)
      problems_.error(step->place, 1, fmt::format("a runbook has at most {} steps", most_steps), "make several runbooks of it");
    runbook_->steps.push_back(step.get());
    runbook_->steps_by_id.emplace(step->id, step.get());
    into.children.emplace_back(std::move(step));
  }

  std::unique_ptr<Section> load_section(const NodePtr& node, const Inherited& outer, const std::string& outer_path,
                                        int position) {
    const Node& map = *node;
    auto section = std::make_unique<Section>();
    section->place = map.place;
    section->path = outer_path.empty() ? fmt::format("{}", position) : fmt::format("{}.{}", outer_path, position);
    check_section_keys(map);
    const Fields fields(map, problems_);
    std::string note;
    std::vector<std::string> tags;
    fields.text("section", section->title);
    fields.note("note", note);
    fields.note("source", note);
    fields.texts("tags", tags);
    load_section_id(map, *section);
    Inherited inherited = outer;
    load_condition(map, *section, inherited);
    load_surroundings(map, inherited);
    const Repeated repeated = node.use_count() == 1 ? Repeated::no : Repeated::maybe;
    if (const Node::Member* steps = map.find("steps")) load_children(*steps, inherited, *section, repeated);
    else problems_.error(*map.find("section"), "this section has no `steps`", "add `steps:` with a list of steps");
    return section;
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
    Site site;
    site.condition = inherited.condition;
    site.steps = references_.step_count();
    section.when = read_expression(when->value, site.at("when"), loading_);
    if (section.when) inherited.condition = references_.add_condition(section.when->expression.text(), inherited.condition);
  }

  // Expressions in the file, templates in the model.
  void load_outputs() {
    const Node* outputs = find("outputs");
    if (!outputs || !expect(Node::Kind::map, *outputs, "outputs", problems_, "write `outputs: {name: $steps.<id>.<output>}`"))
      return;
    for (const Node::Member& member : outputs->members) {
      expect_name(member.key, member.key_place, "an output", problems_);
      Site site;
      site.key = "outputs";
      site.steps = Site::all;
      if (const std::optional<PlacedExpression> value = read_expression(member.value, site, loading_))
        runbook_->outputs.emplace_back(
            member.key, PlacedTemplate{Template::parse("${{ " + value->expression.text() + " }}"), value->place});
    }
  }

  void check_uncovered(const char* key) {
    const Node* list = find(key);
    if (!list ||
        !expect(Node::Kind::list, *list, key, problems_, fmt::format("write `{}: [{{what: ..., because: ...}}]`", key)))
      return;
    for (const NodePtr& entry : list->items) {
      if (!expect(Node::Kind::map, *entry, key, problems_, "write `- {what: ..., because: ...}`")) continue;
      check_keys(*entry, keys::uncovered, problems_);
      for (const char* part : {"what", "because"}) {
        std::string text;
        Fields(*entry, problems_).note(part, text);
        if (!entry->find(part)) problems_.error(entry->place, 1, fmt::format("an entry of `{}` lacks `{}`", key, part));
      }
    }
  }

  const Node& root_;
  std::shared_ptr<Runbook> runbook_ = std::make_shared<Runbook>();
  Problems problems_;
  References references_;
  Loading loading_;
  Fields fields_;
  std::unordered_map<std::string, Place> section_ids_;
};

}  // namespace

Loaded load_runbook(const SourcePtr& source, const Declarations& types) {
  Loaded loaded;
  const NodePtr root = read_yaml(*source, loaded.diagnostics);
  if (root) {
    RunbookLoader loader(*root, source, types);
    loader.load();
    const std::vector<Diagnostic>& found = loader.problems().found();
    loaded.diagnostics.insert(loaded.diagnostics.end(), found.begin(), found.end());
    loaded.errors = loader.problems().dropped_errors();
    loaded.warnings = loader.problems().dropped_warnings();
    loaded.runbook = loader.runbook();
  }
  sort_diagnostics(loaded.diagnostics);
  for (const Diagnostic& diagnostic : loaded.diagnostics)
    ++(diagnostic.severity == Diagnostic::Severity::error ? loaded.errors : loaded.warnings);
  if (loaded.errors > 0) loaded.runbook = nullptr;
  return loaded;
}

}  // namespace runbook
