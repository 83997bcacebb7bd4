#include "book/loader.h"
#include "book/swallowed_updates.h"

#include <fmt/format.h>

#include "book/input_loader.h"
#include "book/keys.h"
#include "book/requirement_loader.h"
#include "book/section_loader.h"
#include "book/step_loader.h"
#include "book/yaml_reader.h"

namespace runbook {
namespace {

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
    load_sections(root_, loading_, *runbook_);
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
