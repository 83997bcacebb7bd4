// resolve, skip, redo: what a person decides about a step of a paused run.
#include <fmt/format.h>

#include <cstdio>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "book/loader.h"
#include "cli/commands.h"
#include "cli/decree.h"
#include "cli/going_on.h"
#include "cli/session.h"
#include "cli/step_decisions.h"
#include "os/identity.h"
#include "plugins/all.h"
#include "report/run_view.h"
#include "run/questions.h"

namespace runbook {

namespace {

struct SettledStep {
  JournalFile file;
  RunRow row;
  std::string step, journal_words;

  explicit SettledStep(const Arguments& arguments)
      : file(journal_path(arguments), OpenMode::write),
        row(file.find_run(arguments.operands().at(0))),
        step(arguments.operands().at(1)),
        journal_words(runbook::journal_words(arguments)) {
    require_step(file, fold_run(file, row.run), step);
    require_not_left(row);
  }
  Decree decree(std::string because) { return {file, row, operator_name(), std::move(because)}; }
  std::string command_to_go_on() const { return runbook::command_to_go_on(fold_run(file, row.run), row.run, journal_words); }
};

int report_done(const Arguments& arguments, const SettledStep& target, const std::string& text) {
  if (arguments.wants_json()) {
    fmt::print("{}\n", to_pretty_json(to_json_view(view_run(target.file, *target.file.run(target.row.run)))));
    return 0;
  }
  fmt::print("{}\n", text);
  fmt::print("  go on: {}\n", target.command_to_go_on());
  return 0;
}

// --set name=value, converted to the types that the step's outputs have.
Value read_outputs(const Arguments& arguments, const SettledStep& target) {
  const RunState state = fold_run(target.file, target.row.run);
  Loaded loaded = load_runbook(stored_definition(target.file, state), all_declarations(), stored_includes(target.file, state));
  const Step* step = loaded.runbook ? loaded.runbook->find_step_of(target.step) : nullptr;
  const InstanceState& it = state.of(target.step);
  const bool has_result = it.has_exited && !it.outputs.empty();
  Map outputs = has_result ? parse_json(target.file.blob(it.outputs)).as_map() : Map();
  for (const auto& word : arguments.values("--set")) {
    auto [name, text] = split_assignment("--set", word);
    ValueType type = ValueType::text;
    for (const OutputRule& rule : step ? step->outputs : std::vector<OutputRule>()) {
      if (rule.name != name) continue;
      type = rule.type;
      if (rule.is_secret)
        throw Error(ExitCode::usage, fmt::format("`{}` is secret, and an argument is seen by everybody on this machine", name),
                    rule.is_kept()
                        ? "leave it out: it is found where the step keeps it"
                        : fmt::format("leave it out; if it is needed later, let the step run again: `runbook redo`"));
    }
    std::string why;
    auto value = convert(type, text, why);
    if (!value) throw Error(ExitCode::usage, fmt::format("--set {}: {}", name, why));
    outputs.emplace_back(name, *value);
  }
  for (const OutputRule& rule : step ? step->outputs : std::vector<OutputRule>()) {
    if (!rule.is_secret && !Value(outputs).find(rule.name))
      throw Error(ExitCode::usage, fmt::format("`{}` would have given the output `{}`; say what it is", target.step, rule.name),
                  fmt::format("--set {}=...", rule.name));
  }
  return Value(std::move(outputs));
}

const Question& require_doubt(const RunState& state, const SettledStep& target) {
  const Question* question = state.open_question(target.step);
  if (question && question->about == "doubt") return *question;
  const InstanceState& it = state.of(target.step);
  bool may_be = it.is_open && !it.has_exited;
  throw Error(
      ExitCode::usage, fmt::format("`{}` is {}, not in doubt", target.step, step_state_name(it.state)),
      may_be ? fmt::format("its attempt is open: `{}` finds out first what became of it", target.command_to_go_on()) : "");
}

// The first answer counts, also one that was handed to an engine which has died since.
void give_first(SettledStep& target, const Answer& given) {
  if (store_answer(target.file, target.row.run, given)) return;
  for (const Answer& first : target.file.answers(target.row.run)) {
    if (first.question == given.question)
      throw Error(ExitCode::usage, fmt::format("{} answered first: {}", first.who, first.choice),
                  fmt::format("`{}` takes it up", target.command_to_go_on()));
  }
}

}  // namespace

int resolve_command(const Arguments& arguments) {
  SettledStep target(arguments);
  std::string because = require_because(arguments);
  std::string choice = arguments.operands().at(2);
  Answer given{"", choice, operator_name(), because, SystemClock().now_ms(), Value()};
  if (choice == "done") given.fields = read_outputs(arguments, target);
  if (choice != "done" && arguments.has("--set")) throw Error(ExitCode::usage, "--set goes with `done`");
  const RunState state = fold_run(target.file, target.row.run);
  const Question& question = require_doubt(state, target);
  given.question = question.id;
  if (const std::string why = why_not_a_choice(question, given); !why.empty())
    throw Error(ExitCode::usage, why, "runbook resolve RUN STEP done|not-done|retry");
  give_first(target, given);
  const auto make = [&](const RunState& now, const Question& open) { return answer(now, open, given); };
  const bool is_driven = lease_holder(target.file.run_folder(target.row.run)) != 0;
  if (is_driven || !decree_answer(target.decree(because), given, make, choice == "not-done" ? "failed" : "interrupted"))
    return report_done(arguments, target,
                       fmt::format("`{}`: {} is handed to the engine that drives the run", target.step, choice));
  return report_done(arguments, target, fmt::format("`{}` is settled: {}", target.step, choice));
}

int skip_command(const Arguments& arguments) {
  std::string because = require_because(arguments);
  if (skip_by_answer(arguments, because)) return 0;
  SettledStep target(arguments);
  auto make = [&](const RunState& state) {
    return std::vector{skip_of(state, target.row.run, target.step, {operator_name(), because})};
  };
  decree(target.decree(because), make, "interrupted");
  return report_done(arguments, target, fmt::format("`{}` will be left out", target.step));
}

int redo_command(const Arguments& arguments) {
  std::string because = require_because(arguments);
  if (redo_by_answer(arguments, because)) return 0;
  SettledStep target(arguments);
  auto make = [&](const RunState& state) {
    const RunFacts facts = facts_of(target.row.run, load_stored(target.file, state), all_declarations(),
                                    parse_json(target.file.blob(state.inputs)), state);
    StoredValues values([&](const std::string& digest) { return target.file.blob(digest); });
    return std::vector{redo_of(facts, state, values, target.step, {operator_name(), because})};
  };
  decree(target.decree(because), make, "interrupted");
  return report_done(arguments, target, fmt::format("`{}` will be done anew", target.step));
}

}  // namespace runbook
