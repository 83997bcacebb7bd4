#pragma once
// Questions that a run asks, and what an answer sets in motion.
#include <string>
#include <vector>

#include "run/instance.h"
#include "run/named_files.h"
#include "run/proposal.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

// "STEP/ABOUT/NUMBER", or the next number that no question of this run had. Answers are found by it: none may be meant for a question that
// the step was asked before it was begun anew, or that another was asked which had its name.
std::string new_question_id(const RunState& state, const std::string& step, const std::string& about, std::int64_t number);

// Approval of a point of no return: a phrase must be typed. It holds for what has that digest alone (matter_sha256).
Proposal ask_approval(const RunState& state, const Instance& step, const std::string& sha256);
std::string approval_phrase(const Step& step);
// In doubt: done, not-done or retry.
Proposal ask_doubt(const RunState& state, const Instance& step, const std::string& seen);
// It is known to have ended well, and what it did can't be looked at: the same.
Proposal ask_unseen(const RunState& state, const Instance& step, const std::string& why);
std::string done_but_unseen(const Step& step, const std::string& why);
// That question, while it is open; or nullptr. It is closed without a decision when the look can be made, or is to be.
const Question* unseen_question(const RunState& state, const std::string& instance);
std::vector<Proposal> close_unseen(const RunState& state, const Question& question, const std::string& because);
// "it ran", "it was confirmed": what stands behind it before the looks.
const char* done_before_looks(const Step& step);
// It failed: try it again, say that it is done all the same, or leave it out. To leave the question open pauses the run there.
Proposal ask_about_failure(const RunState& state, const Instance& step);
// Files that it reads were changed by somebody else: take them as they are, or stop.
Proposal ask_about_files(const RunState& state, const Instance& step, const FileChanges& changes);
Value map_of(const std::map<std::string, std::string>& texts);
// Its target can't be seen without the code that a device shows: `fields` of the answer have it, and the record does not.
Proposal ask_for_code(const RunState& state, const Instance& step, const std::string& device);
// Past its timeout: wait or stop.
Proposal ask_overdue(const RunState& state, const Instance& step);

// The `answered` event and what follows from it.
std::vector<Proposal> answer(const RunState& state, const Question& question, const Answer& given);

// "" if the choice is one of the question's; else what is.
std::string why_not_a_choice(const Question& question, const Answer& given);

}  // namespace runbook
