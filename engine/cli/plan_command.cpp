// plan: what a run would do and why; nothing is run, nothing is written.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>

#include "base/counted.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "base/trimmed.h"
#include "cli/commands.h"
#include "cli/live_plan.h"
#include "cli/session.h"
#include "cli/terminal_style.h"
#include "os/identity.h"
#include "plugins/all.h"
#include "run/plan.h"

namespace runbook {

namespace {

Value step_json(const PlannedStep& planned) {
  const Step& step = *planned.step;
  Value row = object({{"id", step.id},
                      {"instance", planned.instance},
                      {"title", step.title},
                      {"type", step.type},
                      {"section", planned.section},
                      {"decision", verdict_name(planned.verdict)},
                      {"why", planned.why}});
  if (planned.verdict == PlannedStep::Verdict::skipped) return row;
  if (step.manual) row = with(row, "params", planned.params);
  if (step.kind == Step::Kind::act) row = with(with(row, "effect", effect_name(step.effect)), "params", planned.params);
  if (!step.effect_why.empty()) row = with(row, "effect_because", step.effect_why);
  if (step.has_terminal) row = with(row, "tty", true);
  if (!step.leaves.empty()) row = with(row, "leaves", list_from(step.leaves));
  List looks;
  for (const std::string& look : planned.looks) looks.emplace_back(look);
  return with(with(with(row, "env", planned.env), "dir", planned.dir), "looks", Value(std::move(looks)));
}

Value live_json(Value row, const PlannedStep& planned, LivePlan& live) {
  if (planned.verdict == PlannedStep::Verdict::skipped) return row;
  row = with(row, "targets", List(live.targets_of(planned)));
  const std::optional<Preview> preview = live.preview(planned);
  if (!preview) return row;
  return preview->why_not.empty() ? with(row, "changes", preview->changes) : with(row, "changes_unknown", preview->why_not);
}

void print_named(const std::string& indent, const std::string& name, const Value& value) {
  const std::string text = text_or_json(value);
  const SourceText lines("", text.ends_with('\n') ? text.substr(0, text.size() - 1) : text);
  if (lines.line_count() == 1) return fmt::print("{}{}: {}\n", indent, name, lines.line(1));
  fmt::print("{}{}:\n", indent, name);
  for (int number = 1; number <= lines.line_count(); ++number) fmt::print("{}  {}\n", indent, lines.line(number));
}

// What every step gets alike is said once.
Map common_env(const std::vector<PlannedStep>& steps) {
  std::optional<Map> common;
  for (const PlannedStep& planned : steps) {
    if (!planned.env.is_map()) continue;
    if (!common) common = planned.env.as_map();
    std::erase_if(*common, [&](const auto& entry) {
      const Value* same = planned.env.find(entry.first);
      return !same || !(*same == entry.second);
    });
  }
  return common.value_or(Map());
}

class Printer {
 public:
  // `live`: nullptr, where nothing is looked at.
  Printer(const std::vector<PlannedStep>& steps, LivePlan* live) : steps_(steps), live_(live), common_(common_env(steps)) {}

  void print(const Runbook& runbook) const {
    fmt::print("{}: {}; nothing is run\n", runbook.title.empty() ? runbook.name : runbook.title,
               counted(steps_.size(), "step"));
    for (const auto& [name, value] : common_) print_named("  ", "env " + name, value);
    print_targets();
    std::string section;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].section != section) fmt::print("\n{}\n", steps_[i].section.empty() ? "(no section)" : steps_[i].section);
      section = steps_[i].section;
      print_step(steps_[i], i + 1);
    }
  }

 private:
  static std::string sight_of(const Value& row) {
    if (row.find("why_not")) return " can't be used: " + row.text_or("why_not", "");
    return row.find("unknown") ? " is not there yet: " + row.text_or("unknown", "") : ": " + row.text_or("sees", "");
  }

  // Each once, as the first step of them finds it.
  void print_targets() const {
    std::set<std::string> told;
    for (const PlannedStep& planned : steps_) {
      for (const Value& row : live_ ? live_->targets_of(planned) : std::vector<Value>()) {
        const std::string line = fmt::format("  target {}{}", row.text_or("target", ""), sight_of(row));
        if (told.insert(line).second) fmt::print("{}\n", line);
      }
    }
  }

  void print_changes(const PlannedStep& planned) const {
    const std::optional<Preview> preview = live_ ? live_->preview(planned) : std::nullopt;
    if (!preview) return;
    if (!preview->why_not.empty()) return print_named(indent, "would change", "(can't be seen: " + preview->why_not + ")");
    print_named(indent, "would change", preview->changes.empty() ? "nothing" : preview->changes);
  }

  static std::string headline(const PlannedStep& planned) {
    std::string text(verdict_name(planned.verdict));
    if (planned.verdict == PlannedStep::Verdict::runs && planned.step->done_when) text += " unless done_when holds already";
    return planned.why.empty() ? text : text + ": " + planned.why;
  }

  void print_step(const PlannedStep& planned, std::size_t number) const {
    const Step& step = *planned.step;
    fmt::print("{:>3}  {}  {}\n      {}\n", number, planned.instance, step.title, headline(planned));
    if (planned.verdict == PlannedStep::Verdict::skipped) return;
    if (planned.params.is_map()) {
      for (const auto& [name, value] : planned.params.as_map())
        print_named(indent, name_of(step, name), step.manual ? as_read(name, value) : as_written(step, name, value));
    }
    if (planned.env.is_map()) {
      for (const auto& [name, value] : planned.env.as_map())
        if (!is_common(name)) print_named(indent, "env " + name, value);
    }
    for (const std::string& look : planned.looks) {
      const std::size_t colon = look.find(": ");
      print_named(indent, look.substr(0, colon), look.substr(colon + 2));
    }
    if (step.kind == Step::Kind::act)
      fmt::print("{}effect: {}{}\n", indent, effect_name(step.effect), step.effect_why.empty() ? "" : ": " + step.effect_why);
    print_changes(planned);
    if (!planned.more.empty()) fmt::print("\n      ({})\n", planned.more);
    if (step.has_terminal) fmt::print("{}has your terminal; what passes there is not recorded\n", indent);
    for (const std::string& what : step.leaves) fmt::print("{}leaves until the end of the run: {}\n", indent, what);
  }

  // Instructions at a terminal rendered, a checklist item by item, and of what is collected the names.
  static Value as_read(const std::string& name, const Value& value) {
    auto style = markdown_style(STDOUT_FILENO);
    if (name != "instructions" || !value.is_text() || !style) return in_lines(value);
    const std::size_t margin = std::string_view(indent).size() + 2;
    style->columns -= std::min(style->columns, margin);
    return without_line_ends(markdown_text(value.as_text(), *style));
  }

  static Value in_lines(const Value& value) {
    if (!value.is_list() || value.as_list().empty()) return value;
    std::string text;
    for (const Value& item : value.as_list()) {
      const std::string description = item.text_or("description", "");
      const std::string line =
          item.is_map() ? item.text_or("name", "") + (description.empty() ? "" : ": " + description) : text_or_json(item);
      text += (text.empty() ? "" : "\n") + line;
    }
    return text;
  }

  // Words in a row, as they would be typed.
  static Value as_written(const Step& step, const std::string& param, const Value& value) {
    const Declaration* type = find_declaration(all_declarations(), step.type);
    const Param* known = type ? type->find(param) : nullptr;
    if (!known || known->type != Param::Type::words || !value.is_list()) return value;
    std::string line;
    for (const Value& word : value.as_list()) line += (line.empty() ? "" : " ") + quoted_for_shell(text_or_json(word));
    return line;
  }

  static std::string name_of(const Step& step, const std::string& param) {
    const Declaration* type = find_declaration(all_declarations(), step.type);
    return type && type->main_param == param ? step.type : param;
  }

  bool is_common(const std::string& name) const {
    return std::any_of(common_.begin(), common_.end(), [&](const auto& entry) { return entry.first == name; });
  }

  static constexpr const char* indent = "      ";
  const std::vector<PlannedStep>& steps_;
  LivePlan* const live_;
  Map common_;
};

}  // namespace

int plan_command(const Arguments& arguments) {
  const std::filesystem::path path = find_runbook(arguments.operands().front());
  RunFacts facts;
  facts.runbook = load_or_explain(path);
  facts.types = &all_declarations();
  facts.dir = path.parent_path().string();
  facts.inputs = inputs_for_a_look(arguments, *facts.runbook, path);
  facts.run = "(known when it begins)";
  facts.run_values = object(
      {{"id", facts.run}, {"started_at", facts.run}, {"dir", facts.dir}, {"operator", operator_name()}, {"host", host_name()}});
  facts.vars = evaluate_vars(*facts.runbook, facts.inputs, facts.run_values);
  const std::vector<PlannedStep> steps = plan_run(facts);
  std::optional<LivePlan> live;
  if (arguments.has("--live")) live.emplace(facts);
  if (!arguments.wants_json()) return Printer(steps, live ? &*live : nullptr).print(*facts.runbook), 0;
  List rows;
  for (const PlannedStep& step : steps) rows.push_back(live ? live_json(step_json(step), step, *live) : step_json(step));
  fmt::print(
      "{}\n",
      to_pretty_json(object({{"runbook", facts.runbook->name}, {"inputs", facts.inputs}, {"steps", Value(std::move(rows))}})));
  return 0;
}

}  // namespace runbook
