#pragma once
// A rehearsal in which the engine dies at every commit, before and after, with every fate of what ran then. After each it goes on;
// the end must be that of the run that never died.
#include <map>
#include <string>
#include <vector>

#include "book/scenario.h"
#include "run/facts.h"

namespace runbook {

struct KillReport {
  int points = 0;
  int same = 0;   // the end is the same
  int asked = 0;  // the same, after a person was asked whether a step took effect
  int wrong = 0;
  std::map<std::string, int> asked_about;  // step → at how many points
  std::vector<std::string> wrongs;         // where, and what differs
};

KillReport kill_everywhere(const RunFacts& facts, const Scenario& scenario);

}  // namespace runbook
