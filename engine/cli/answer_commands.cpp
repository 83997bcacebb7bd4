// confirm, reject, skip: a person's answer to a step that waits for one, from anywhere.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "book/loader.h"
#include "cli/answering.h"
#include "cli/commands.h"
#include "cli/decree.h"
#include "cli/evidence.h"
#include "cli/session.h"
#include "os/identity.h"
#include "os/ssh_signature.h"
#include "plugins/all.h"
#include "report/run_view.h"
#include "run/approval.h"
#include "run/manual.h"

namespace runbook {

namespace {

Value stored_form(const JournalFile& file, const Question& question) {
  return question.form.empty() ? Value() : parse_json(file.blob(question.form));
}

Value read_evidence(const Arguments& arguments) {
  List evidence;
  for (const auto& note : arguments.values("--note")) evidence.push_back(note_evidence(note));
  for (const auto& word : arguments.values("--attach")) evidence.push_back(attached_evidence(word));
  return Value(std::move(evidence));
}

[[noreturn]] void throw_problems(const std::vector<InputProblem>& problems) {
  std::vector<std::string> messages, hints;
  for (const InputProblem& problem : problems) {
    messages.push_back(problem.message);
    if (!problem.hint.empty()) hints.push_back(problem.hint);
  }
  throw Error(ExitCode::usage, fmt::format("{}", fmt::join(messages, "\n")), fmt::format("{}", fmt::join(hints, "\n")));
}

Value read_values(const Arguments& arguments, const Manual& manual, const Value& form) {
  std::vector<std::pair<std::string, std::string>> given;
  for (const auto& word : arguments.values("--set")) given.push_back(split_assignment("--set", word));
  Collected collected = collect(manual, form, given);
  if (!collected.problems.empty()) throw_problems(collected.problems);
  return collected.values;
}

int report(const Arguments& arguments, const Answering& answering, GivenTo to, const std::string& done) {
  if (arguments.wants_json()) {
    fmt::print("{}\n", to_pretty_json(to_json_view(view_run(answering.file, *answering.file.run(answering.row.run)))));
    return 0;
  }
  const std::string& run = answering.row.run;
  if (to == GivenTo::driver) return fmt::print("{}; the engine that drives run {} takes it up\n", done, run), 0;
  fmt::print("{}\n  go on: {}\n", done, answering.command_to_go_on());
  return 0;
}

// One of those who must agree before the step has its effect.
int approve(const Arguments& arguments, Answering& answering, const Question& question) {
  for (const char* option : {"--set", "--attach"}) {
    if (arguments.has(option)) throw Error(ExitCode::usage, fmt::format("{} has no meaning for an approval", option));
  }
  Answer given = answering.answer(question, "approve");
  given.because = arguments.value("--note").value_or("");
  if (const auto key = arguments.value("--sign-with"))
    given.fields = object({{"signature", ssh_sign(*key, Signed::approval, text_to_sign(answering.row.run, question))}});
  const GivenTo to = answering.give(question, given);
  return report(arguments, answering, to,
                fmt::format("`{}` is approved, {} of {}", answering.step_id, question.number, question.count));
}

// The files that it reads are taken as they are now.
int take_files(const Arguments& arguments, Answering& answering, const Question& question) {
  for (const char* option : {"--set", "--attach", "--sign-with"}) {
    if (arguments.has(option))
      throw Error(ExitCode::usage, fmt::format("{} has no meaning for files that have changed", option));
  }
  Answer given = answering.answer(question, "take");
  given.because = arguments.value("--note").value_or("");
  const GivenTo to = answering.give(question, given);
  return report(arguments, answering, to, fmt::format("`{}` takes its files as they are now", answering.step_id));
}

}  // namespace

int confirm_command(const Arguments& arguments) {
  Answering answering(arguments);
  const Question question = answering.require_question("confirm");
  if (is_approval_by_others(question)) return approve(arguments, answering, question);
  if (question.about == "files") return take_files(arguments, answering, question);
  if (arguments.has("--sign-with"))
    throw Error(ExitCode::usage, fmt::format("`{}` is done, not approved: there is nothing to sign", answering.step_id));
  const Manual& manual = *answering.step().manual;
  const Value form = stored_form(answering.file, question);
  Answer given = answering.answer(question, "confirm");
  given.fields = object({{"outputs", read_values(arguments, manual, form)}, {"evidence", read_evidence(arguments)}});
  if (const std::string why = why_not_confirmed(manual, given); !why.empty())
    throw Error(ExitCode::usage, why, "--note TEXT, or --attach FILE");
  const GivenTo to = answering.give(question, given);
  return report(arguments, answering, to, fmt::format("`{}` is confirmed", answering.step_id));
}

int reject_command(const Arguments& arguments) {
  const std::string because = require_because(arguments);
  Answering answering(arguments);
  const Question question = answering.require_question("reject");
  Answer given = answering.answer(question, question.about == "files" ? "stop" : "reject");
  given.because = because;
  const GivenTo to = answering.give(question, given);
  const char* done = is_approval_by_others(question) ? "the approval of `{}` is refused" : "`{}` is rejected";
  return report(arguments, answering, to, fmt::format(fmt::runtime(done), answering.step_id));
}

namespace {

// Somebody sits in front of the menu. Where nobody does, what is decided is written at once.
bool is_asked_about_failure(const Answering& answering, const Question& question) {
  return question.about == "failed" && lease_holder(answering.file.run_folder(answering.row.run)) != 0;
}

}  // namespace

bool skip_by_answer(const Arguments& arguments, const std::string& because) {
  Answering answering(arguments);
  const Question* question = answering.state.open_question(answering.step_id);
  if (!question || (question->about != "manual" && !is_asked_about_failure(answering, *question))) return false;
  Answer given = answering.answer(*question, "skip");
  given.because = because;
  const GivenTo to = answering.give(Question(*question), given);
  report(arguments, answering, to, fmt::format("`{}` will be left out", answering.step_id));
  return true;
}

bool redo_by_answer(const Arguments& arguments, const std::string& because) {
  Answering answering(arguments);
  const Question* question = answering.state.open_question(answering.step_id);
  if (!question || !is_asked_about_failure(answering, *question)) return false;
  Answer given = answering.answer(*question, "retry");
  given.because = because;
  const GivenTo to = answering.give(Question(*question), given);
  report(arguments, answering, to, fmt::format("`{}` will be tried again", answering.step_id));
  return true;
}

}  // namespace runbook
