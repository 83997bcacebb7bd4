#pragma once
// requires_approval: who must agree before a step has its effect, and whether an answer counts.
//
// What is approved is the step with its values and the definition; its digest stands in the question. An approval counts for that digest
// alone, so that a step that has come to mean something else is asked about anew. So does the phrase typed for an irreversible step.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "run/facts.h"
#include "run/instance.h"
#include "run/proposal.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

// {run, step, definition_sha256, request}; throws ExpressionError, or Error for a secret that is not there.
Value approved_matter(const RunFacts& facts, const Instance& step, const Scope& scope);
std::string matter_sha256(const Value& matter);

// How many of those who must have approved it so far.
std::int64_t approvals_of(const InstanceState& it, const std::string& sha256);
Proposal ask_for_approval(const RunState& state, const Instance& step, const Value& matter);
bool is_approval_by_others(const Question& question);

// What is signed: run, step, question and digest. A signature holds for nothing else.
std::string text_to_sign(const std::string& run, const Question& question);

// RUNBOOK_ALLOWED_SIGNERS, else $XDG_CONFIG_HOME/runbook/allowed_signers, else ~/.config/runbook/allowed_signers. nullopt: there is
// no such file.
std::optional<std::filesystem::path> allowed_signers();

struct Approver {
  std::string name;  // a principal if it is signed, else the account; "" : the answer does not count
  std::string why;   // why not
};
// Fields of the answer: {"signature": text} or none. Looks at the operating system and asks ssh-keygen.
Approver approver_of(const RunState& state, const std::string& run, const Question& question, const Answer& given);

// The events of an answer that counts; if more must approve, the next is asked.
std::vector<Proposal> answer_approval(const RunState& state, const Question& question, const Answer& given,
                                      const std::string& approver);
// The event of one that does not: it stands in the record, and the question is asked anew.
Proposal turn_away(const Question& question, const Answer& given, const std::string& why);

}  // namespace runbook
