#include "cli/answering.h"
#include "cli/going_on.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/error.h"
#include "book/loader.h"
#include "cli/decree.h"
#include "cli/session.h"
#include "os/identity.h"
#include "plugins/all.h"
#include "report/run_view.h"
#include "run/approval.h"
#include "run/manual.h"
#include "run/questions.h"

namespace runbook {

Answering::Answering(const Arguments& arguments)
    : file(journal_path(arguments), OpenMode::write),
      row(file.find_run(arguments.operands().at(0))),
      state(fold_run(file, row.run)),
      step_id(arguments.operands().at(1)),
      journal_words(runbook::journal_words(arguments)) {
  require_step(file, state, step_id);
  require_not_left(row);
  runbook = load_runbook(stored_definition(file, state), all_declarations(), stored_includes(file, state)).runbook;
  if (!runbook)
    throw Error(ExitCode::usage, fmt::format("this version can't read the definition of run {}", row.run),
                fmt::format("runbook show {} --definition", row.run));
}

const Step& Answering::step() const {
  const Step* found = runbook->find_step_of(step_id);
  RUNBOOK_ASSERT(found);
  return *found;
}

Instance Answering::instance() const {
  Instance named(step());
  named.id = step_id;
  return named;
}

std::string Answering::command_to_go_on() const { return runbook::command_to_go_on(state, row.run, journal_words); }

void Answering::throw_answered(const std::string& who, const std::string& choice) const {
  throw Error(ExitCode::usage, fmt::format("{} answered first: {}", who, choice),
              fmt::format("runbook why {} {}", row.run, step_id));
}

const Question& Answering::require_question(const std::string& choice) const {
  const InstanceState& it = state.of(step_id);
  if (const Question* question = state.open_question(step_id)) {
    if (question->about == "manual" || question->about == "files" || is_approval_by_others(*question)) return *question;
    throw Error(ExitCode::usage, fmt::format("`{}` waits for something else: {}", step_id, question->text),
                question->about == "doubt" ? fmt::format("runbook resolve {} {} done|not-done|retry", row.run, step_id)
                                           : command_to_go_on());
  }
  if (!it.approved_by.empty())
    throw Error(ExitCode::usage, fmt::format("`{}` is approved already, by {}", step_id, fmt::join(it.approved_by, ", ")),
                command_to_go_on());
  if (!it.answered_by.empty()) throw_answered(it.answered_by, it.answer);
  if (step().kind != Step::Kind::manual && !step().approval)
    throw Error(ExitCode::usage,
                fmt::format("`{}` is no manual step and requires no approval: there is nothing to {}", step_id, choice));
  throw Error(ExitCode::usage, fmt::format("`{}` is {}: nobody has been asked about it", step_id, step_state_name(it.state)),
              is_done(it.state) ? "" : command_to_go_on());
}

Answer Answering::answer(const Question& question, const std::string& choice) const {
  return {question.id, choice, operator_name(), "", SystemClock().now_ms(), Value()};
}

GivenTo Answering::give(const Question& question, const Answer& given) {
  if (is_approval_by_others(question)) require_approver(question, given);
  if (!store_answer(file, row.run, given)) {
    for (const Answer& first : file.answers(row.run)) {
      if (first.question == question.id) throw_answered(first.who, first.choice);
    }
  }
  if (lease_holder(file.run_folder(row.run)) != 0) return GivenTo::driver;
  return record(given) ? GivenTo::journal : GivenTo::driver;
}

std::string Answering::require_approver(const Question& question, const Answer& given) const {
  Approver approver = approver_of(state, row.run, question, given);
  if (approver.name.empty()) throw Error(ExitCode::usage, fmt::format("not accepted: {}", approver.why));
  return approver.name;
}

bool Answering::record(const Answer& given) {
  const auto make = [&](const RunState& now, const Question& question) {
    if (question.about == "files") return runbook::answer(now, question, given);
    if (question.about == "manual") return answer_manual(instance(), question, given, given.at_ms);
    return answer_approval(now, question, given, require_approver(question, given));
  };
  const bool stops_it = given.choice == "reject" || given.choice == "stop";
  return decree_answer({file, row, given.who, given.because}, given, make, stops_it ? "failed" : "interrupted");
}

}  // namespace runbook
