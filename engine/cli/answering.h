#pragma once
// An answer to an open question of a run, whether an engine drives it or not.
#include <memory>
#include <string>

#include "book/runbook.h"
#include "cli/arguments.h"
#include "run/instance.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

enum class GivenTo {
  driver,   // an engine drives the run: it takes the answer up
  journal,  // nobody drives it: the answer and what follows from it are recorded
};

struct Answering {
  // RUN and STEP of the command line. Throws Error (exit 2) if there is no such run or step, or the run was left.
  explicit Answering(const Arguments& arguments);

  // The open question of the step that `choice` answers. Throws Error (exit 2) that says why there is none: who answered it
  // first, or that it has not been asked.
  const Question& require_question(const std::string& choice) const;
  Answer answer(const Question& question, const std::string& choice) const;
  // The first answer counts: throws Error (exit 2) that names who gave it if this one comes later.
  GivenTo give(const Question& question, const Answer& given);
  const Step& step() const;
  Instance instance() const;
  std::string command_to_go_on() const;

  JournalFile file;
  RunRow row;
  RunState state;
  std::string step_id;
  std::string journal_words;
  std::shared_ptr<const Runbook> runbook;

 private:
  [[noreturn]] void throw_answered(const std::string& who, const std::string& choice) const;
  // Throws Error (exit 2) that says why the answer does not count.
  std::string require_approver(const Question& question, const Answer& given) const;
  bool record(const Answer& given);
};

}  // namespace runbook
