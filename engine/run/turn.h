#pragma once
// One turn of the decider: what it looks at, and what it has decided so far.
#include <string>
#include <vector>

#include "run/decide.h"
#include "run/frontier.h"

namespace runbook {

struct Turn {
  const RunFacts& facts;
  const RunState& state;
  const Live& live;
  StoredValues& values;
  std::int64_t now_ms;
  const Limits& limits;
  Decision decision = {};
  std::vector<End> stops = {};  // why the run can't go on, branch by branch

  void propose(Proposal proposal) { decision.events.push_back(std::move(proposal)); }
  void wake_at(std::int64_t at_ms);
  // With a number of its own; launched at the end of the turn.
  Launch next_launch(Role role, const Instance& step) const;
  void launch(Launch launch) { decision.launches.push_back(std::move(launch)); }
};

// How a part of the tree is gone through.
struct Way {
  enum class Mode {
    forward,  // what comes next begins
    halting,  // the run pauses: nothing begins
    leaving,  // it is given up: what has begun comes to its end, nothing else begins
  };
  Mode mode = Mode::forward;
  std::string why;            // halting, leaving
  bool ends_running = false;  // leaving: what runs is ended
  bool leaves_run = false;    // leaving: all of it; what is in doubt stays so
  bool settles = false;       // halting: what has had its effect, or may have, is looked at until that is known
  bool sees_all = false;      // halting: also what has begun behind a step that is to be done anew
};

// What became of a part of the tree in this turn.
enum class Progress {
  done,     // also: it need not be gone on with, since it is given up
  going,    // something runs, waits for its time or for an answer, or was decided
  stopped,  // a stop says why
};

// Who drives the run wants nothing begun any more.
bool is_halted(const Limits& limits, const RunState& state);
// true or false, or nothing and why.
std::optional<bool> condition(const PlacedExpression& expression, const Scope& scope, std::string& why);
// Why a step is left out whose `when` is false.
std::string why_left_out(const PlacedExpression& when);

}  // namespace runbook
