#pragma once
// What a person at the terminal wants done that is no answer to a question: whoever drives the run does it between two runs of the executor.
#include <string>

namespace runbook {

struct Wish {
  enum class Kind {
    edit,     // change the step for this run
    shell,    // a shell with the step's environment
    undo,     // take back what ran
    handoff,  // leave the run to somebody else
    quit,     // pause here
  };
  Kind kind = Kind::quit;
  std::string instance;
};

}  // namespace runbook
