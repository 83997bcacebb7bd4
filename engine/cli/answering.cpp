#include "cli/answering.h"

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
      step_id(arguments.operands().at(1)) {
  require_step(file, state, step_id);
  if (row.ended_at_ms != 0)
    throw Error(ExitCode::usage, fmt::format("run {} was left as {} at {}; nothing in it changes any more", row.run, row.state,
                                             utc_text(row.ended_at_ms)));
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
                                           : fmt::format("runbook run --resume {}", row.run));
  }
  if (!it.approved_by.empty())
    throw Error(ExitCode::usage, fmt::format("`{}` is approved already, by {}", step_id, fmt::join(it.approved_by, ", ")),
                fmt::format("runbook run --resume {}", row.run));
  if (!it.answered_by.empty()) throw_answered(it.answered_by, it.answer);
  if (step().kind != Step::Kind::manual && !step().approval)
    throw Error(ExitCode::usage,
                fmt::format("`{}` is no manual step and requires no approval: there is nothing to {}", step_id, choice));
  throw Error(ExitCode::usage, fmt::format("`{}` is {}: nobody has been asked about it", step_id, step_state_name(it.state)),
              is_done(it.state) ? "" : fmt::format("runbook run --resume {}", row.run));
}

Answer Answering::answer(const Question& question, const std::string& choice) const {
  return {question.id, choice, operator_name(), "", SystemClock().now_ms(), Value()};
}

GivenTo Answering::give(const Question& question, const Answer& given) {
  if (is_approval_by_others(question)) require_approver(question, given);
  if (!file.add_answer(row.run, given)) {
    for (const Answer& first : file.answers(row.run)) {
      if (first.question == question.id) throw_answered(first.who, first.choice);
    }
  }
  if (lease_holder(file.run_folder(row.run)) != 0) return GivenTo::driver;
  return record(question, given) ? GivenTo::journal : GivenTo::driver;
}

std::string Answering::require_approver(const Question& question, const Answer& given) const {
  Approver approver = approver_of(state, row.run, question, given);
  if (approver.name.empty()) throw Error(ExitCode::usage, fmt::format("not accepted: {}", approver.why));
  return approver.name;
}

// false: an engine has taken up the run meanwhile, and with it the answer.
bool Answering::record(const Question& question, const Answer& given) {
  struct TakenUp {};
  const auto make = [&](const RunState& now) {
    const Question* open = now.open_question(step_id);
    if (!open || open->id != question.id) throw TakenUp();
    if (open->about == "files") return runbook::answer(now, *open, given);
    if (open->about == "manual") return answer_manual(instance(), *open, given, given.at_ms);
    return answer_approval(now, *open, given, require_approver(*open, given));
  };
  try {
    decree({file, row, given.who, given.because}, make,
           given.choice == "reject" || given.choice == "stop" ? "failed" : "interrupted");
    return true;
  } catch (const TakenUp&) {
    return false;
  } catch (const Error& error) {
    if (error.code() == ExitCode::driven) return false;
    throw;
  }
}

}  // namespace runbook
