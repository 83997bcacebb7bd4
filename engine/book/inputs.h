#pragma once
// The values of a run's inputs: flag, then file, then environment (RUNBOOK_INPUT_NAME), then default.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "book/runbook.h"

namespace runbook {

struct GivenInputs {
  std::vector<std::pair<std::string, std::string>> flags;  // -i name=value, in order; the last of a name counts
  Value file;                                              // the map of --inputs, or null
  std::function<std::optional<std::string>(const std::string&)> environment;
  bool leaves_out_secrets = false;  // they are not asked for, and not there
};

struct InputValues {
  Value values;                                // a map of all but secrets, in declared order
  std::map<std::string, std::string> secrets;  // never stored; shorter than six characters is refused
};

// Throws Error (exit 2) that names every missing, unknown, mistyped or unmatched input. A secret on the command line is refused.
InputValues resolve_inputs(const Runbook& runbook, const GivenInputs& given);
// On resume: the secrets alone, those that are there.
std::map<std::string, std::string> resolve_secrets(const Runbook& runbook, const GivenInputs& given);

// RUNBOOK_INPUT_NAME
std::string environment_name(const Input& input);

// Converts text to the type, or says why not ("`abc` is not a whole number").
std::optional<Value> convert(ValueType type, const std::string& text, std::string& why);

}  // namespace runbook
