#pragma once
// A step that a person does: what is asked, and what becomes of an answer. Pure.
//
// The fields of an answer that confirms: {"outputs": {name: value}, "evidence": [{"note": text} | {"url": text} |
// {"file": name, "size": n, "sha256": hex, "bytes": base64}]}; a file beyond `largest_kept_file` is without its bytes.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "book/constraints.h"
#include "run/instance.h"
#include "run/proposal.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

inline constexpr std::int64_t largest_kept_file = 1 << 20;

// `form`: the step's parameters with their values. Its choices: confirm, reject, skip.
Proposal ask_manual(const RunState& state, const Instance& step, const Value& form);

// What was given, name by name, as the values of `collect`. What is not given has its default from the form.
struct Collected {
  Value values = Value(Map{});
  std::vector<InputProblem> problems;  // unknown names with "did you mean", missing ones, and what is not taken
};
Collected collect(const Manual& manual, const Value& form, const std::vector<std::pair<std::string, std::string>>& given);
struct Taken {
  std::optional<Value> value;
  std::string why;  // if there is none
};
Taken take_value(const Input& input, const std::string& text);
// What counts if the value is not given, as text; nullopt: nothing.
std::optional<std::string> default_of(const Value& form, const std::string& name);

// "" if the answer can be taken: its values are what the step wants, and evidence is there if it is required.
std::string why_not_confirmed(const Manual& manual, const Answer& given);
// The events of an answer that can be taken.
std::vector<Proposal> answer_manual(const Instance& step, const Question& question, const Answer& given, std::int64_t now_ms);
// What the record keeps of evidence, and the files' bytes beside it. Without evidence: nothing.
void attach_evidence(Proposal& answered, const Value& evidence);
// The events of a tick.
Proposal tick(const Question& question, std::int64_t item, const std::string& who);

}  // namespace runbook
