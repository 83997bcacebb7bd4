#pragma once
// What happens next, and why. Pure: `run` does it, `why` quotes it. Everything it decides is an event with its reason, or a launch
// that follows a committed event.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/facts.h"
#include "run/launch.h"
#include "run/live.h"
#include "run/proposal.h"
#include "run/scope.h"
#include "state/run_state.h"

namespace runbook {

// Why the run is not driven on.
struct End {
  // succeeded cancelled undone (left); failed waiting in_doubt interrupted (a pause); held (who walks through it is asked before the
  // step), yielded (whoever drives has something else to do first): the run goes on.
  std::string state;
  std::string why;
  std::string instance;  // the step it is about, or ""
  Value outputs;         // of a run that succeeded
  bool is_left() const { return state == "succeeded" || state == "cancelled" || state == "undone"; }
};

struct Decision {
  std::vector<Proposal> events;         // if there are any, decide is asked again before anything is launched
  std::vector<Launch> launches;         // after the events are committed; at most one per instance
  std::vector<std::int64_t> cancels;    // attempts to be ended
  std::optional<std::int64_t> wake_ms;  // nothing to do before, unless something comes in
  std::optional<End> end;               // once the events are committed
};

enum class Doubt { done, not_done, retry };

// Who walks through a run lets its steps begin one by one: what else could begin is held back.
struct WalkLimits {
  std::set<std::string> released;  // instances that may begin
  std::string until;               // a step: only it is held back; "": all are
  bool holds_nothing = false;      // all may begin
};

struct Limits {
  bool is_pausing = false;                       // start nothing more
  bool is_cancelling = false;                    // end what runs, leave the run
  bool is_interactive = false;                   // somebody answers questions
  bool lacks_terminal = false;                   // steps that have the person's are not begun
  std::set<std::int64_t> out_of_reach;           // attempts that run with a terminal, which nobody here could be at
  std::map<std::string, Doubt> on_doubt;         // by step: said beforehand
  std::map<std::string, std::string> approvals;  // by step: phrases said beforehand
  std::string stops_after;                       // a step: when it is done, start nothing more
  bool asks_about_failures = false;              // what fails is a question to who answers
  std::optional<WalkLimits> walk;                // somebody walks through it
  std::string who;                               // says so
  std::string because;                           // and why: of a run that is given up
};

Decision decide(const RunFacts& facts, const RunState& state, const Live& live, StoredValues& values, std::int64_t now_ms,
                const Limits& limits);

// The instances that stand where the run can't go on by itself; a section that does has none.
enum class Reach {
  next,  // what is next
  all,   // also what has begun behind a step that is to be done anew
};
std::vector<std::string> what_holds_up(const RunFacts& facts, const RunState& state, StoredValues& values, Reach reach);

}  // namespace runbook
