#pragma once
// The values of a run's inputs: flag, then file, then environment (RUNBOOK_INPUT_NAME), then `from`, then default.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "book/runbook.h"

namespace runbook {

// What a place that `from:` names has given.
struct Found {
  std::optional<std::string> text;  // nullopt: nothing, the next place is looked at
  std::string why;                  // why nothing, for a person: "`pass` exited with 1"
  std::string refusal;  // it is there and must not be used as it is: "the file x can be read by others"; nothing else is tried
  std::string hint;     // with a refusal: what to type
};

struct GivenInputs {
  std::vector<std::pair<std::string, std::string>> flags;  // -i name=value, in order; the last of a name counts
  NodePtr file;                                            // the map of --inputs, or nullptr
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::function<Found(const Input&, const InputSource&)> look;  // may be empty: then `from` gives nothing
  bool leaves_out_secrets = false;                              // they are not looked for, and not there
  bool secrets_may_come =
      false;  // one that `from` looks for in a file or asks a command for may be there later, when it is needed
  std::vector<std::pair<std::string, Value>> values = {};  // `with` of an including runbook
};

struct InputValues {
  Value values;                                // a map of all but secrets, in declared order
  std::map<std::string, std::string> secrets;  // never stored; shorter than six characters is refused
};

// Throws Error (exit 2) that names every missing, unknown, mistyped or unmatched input and every broken constraint. A secret on the
// command line is refused. Each place of `from` is looked at only when nothing before it has given a value.
InputValues resolve_inputs(const Runbook& runbook, const GivenInputs& given);
// On resume: the secrets alone, those that are there.
std::map<std::string, std::string> resolve_secrets(const Runbook& runbook, const GivenInputs& given);

// What flags and file give alone, without secrets; throws as `resolve_inputs` does.
Value resolve_given(const Runbook& runbook, const GivenInputs& given);

// RUNBOOK_INPUT_NAME
std::string environment_name(const Input& input);
// Why this text is no value of the input; "" if it is one.
std::string why_not_given(const Input& input, const std::string& text);

}  // namespace runbook
