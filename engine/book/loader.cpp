#include "book/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "book/includes.h"
#include "book/input_loader.h"
#include "book/keys.h"
#include "book/requirement_loader.h"
#include "book/section_loader.h"
#include "book/step_loader.h"
#include "book/swallowed_updates.h"
#include "book/target_loader.h"
#include "book/yaml_reader.h"

namespace runbook {
namespace {

class RunbookLoader {
 public:
  RunbookLoader(const Node& root, SourcePtr source, const Declarations& types, Includes& includes)
      : root_(root),
        problems_(*source),
        loading_{problems_, references_, types, *runbook_, nullptr, includes},
        fields_(root, problems_) {
    runbook_->source = std::move(source);
  }

  void load() {
    if (!is_runbook()) return;
    check_keys(root_, keys::runbook, problems_);
    load_head();
    load_values();
    load_sections(root_, loading_, *runbook_);
    if (const Node* targets = find("targets")) check_makers(*targets, *runbook_, problems_);
    load_outputs();
    read_left_out("not_encoded", runbook_->not_encoded);
    read_left_out("not_automated", runbook_->not_automated);
    references_.check(*runbook_, problems_);
    warn_of_swallowed_updates(*runbook_, problems_);
    warn_of_unnamed_targets(*runbook_, problems_);
    if (loading_.includes.is_included()) report_what_is_the_first_ones();
    else take_over(loading_.includes);
  }

  std::shared_ptr<const Runbook> runbook() const { return runbook_; }
  Problems& problems() { return problems_; }

 private:
  const Node* find(std::string_view key) const {
    const Node::Member* member = root_.find(key);
    return member ? member->value.get() : nullptr;
  }

  void report_what_is_the_first_ones() {
    if (const Node::Member* lock = root_.find("lock"))
      problems_.error(*lock, "a runbook that is included has no lock of its own",
                      fmt::format("write it into the runbook that is run, {}", loading_.includes.chain.front()));
    if (const Node::Member* notify = root_.find("notify"))
      problems_.warning(notify->key_place, length_of("notify"), "`notify` of a runbook that is included is not used",
                        fmt::format("that of {} is", loading_.includes.chain.front()));
  }

  // What those that it includes need is needed before its own first step.
  void take_over(const Includes& includes) {
    runbook_->included = includes.texts;
    for (const ToolRequirement& wanted : includes.tools) {
      const auto is_it = [&](const ToolRequirement& each) {
        return each.tool == wanted.tool && each.wanted.text() == wanted.wanted.text();
      };
      if (std::none_of(runbook_->tools.begin(), runbook_->tools.end(), is_it)) runbook_->tools.push_back(wanted);
    }
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
    fields_.title("title", runbook_->title);
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
    if (const Node* targets = find("targets")) load_targets(*targets, loading_, runbook_->targets);
    if (const Node::Member* lock = root_.find("lock")) load_lock(lock->value);
    if (const Node* constraints = find("constraints")) load_constraints(*constraints, loading_, runbook_->constraints);
    if (const Node* defaults = find("defaults")) check_defaults(*defaults, loading_);
    if (const Node::Member* defaults = root_.find("defaults"); defaults && defaults->value->kind == Node::Kind::map)
      loading_.defaults = defaults->value;
  }

  void load_lock(const NodePtr& lock) {
    Site site;
    site.key = "lock";
    site.sees_run = false;
    site.wants_text = true;
    runbook_->lock = read_template(lock, site, loading_);
    if (lock->kind == Node::Kind::scalar && lock->text.find_first_not_of(" \t\n") == std::string::npos)
      problems_.error(*lock, "`lock` is empty", "name what no two runs may work on: `lock: \"cluster/${{ $inputs.name }}\"`");
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

  void read_left_out(const char* key, std::vector<LeftOut>& entries) {
    const Node* list = find(key);
    if (!list ||
        !expect(Node::Kind::list, *list, key, problems_, fmt::format("write `{}: [{{what: ..., because: ...}}]`", key)))
      return;
    for (const NodePtr& entry : list->items) {
      if (!expect(Node::Kind::map, *entry, key, problems_, "write `- {what: ..., because: ...}`")) continue;
      check_keys(*entry, keys::uncovered, problems_);
      LeftOut& read = entries.emplace_back();
      const Fields fields(*entry, problems_);
      fields.note("what", read.what);
      fields.note("because", read.because);
      for (const char* part : {"what", "because"})
        if (!entry->find(part)) problems_.error(entry->place, 1, fmt::format("an entry of `{}` lacks `{}`", key, part));
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

Loaded load_runbook(const SourcePtr& source, const Declarations& types, const IncludeReader& read) {
  Includes includes{read, {std::filesystem::path(source->name()).filename().string()}, {}, {}, 0};
  return load_text(source, types, includes);
}

Loaded load_text(const SourcePtr& source, const Declarations& types, Includes& includes) {
  Loaded loaded;
  const NodePtr root = read_yaml(*source, loaded.diagnostics);
  if (root) {
    RunbookLoader loader(*root, source, types, includes);
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
