#pragma once
#include <set>
#include <string>
#include <vector>

#include "book/runbook.h"

namespace runbook {

// A value that is not what is wanted.
struct InputProblem {
  std::string message;
  std::string hint;  // one line to type, or ""
};

// How to say the input on the command line: "-i name=example", or as a variable if it is a secret.
std::string how_to_give(const Input& input);

// Of the constraints that hold not: why, and the inputs to give otherwise. `unknown` are inputs without a good value: what
// depends on them, also through vars, is passed over.
std::vector<InputProblem> broken_constraints(const Runbook& runbook, const Value& inputs, const std::set<std::string>& unknown);

}  // namespace runbook
