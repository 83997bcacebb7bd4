#pragma once
// One effect on the world. Called on a worker thread; blocks until it ended or `stop` was requested. Never asks, sleeps until a later
// try, retries, journals or prints: those belong to run/. A new step type: one file in plugins/, one row in plugins/all.cpp.
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "book/declaration.h"
#include "step/outcome.h"

namespace runbook {

// A look that reads what a process writes until a line matches, rather than waiting for its end.
struct Following {
  std::string until, fail_on;  // regular expressions, searched in each line: yes, and no for ever; fail_on: or ""
  std::string position;        // where the last look of this wait stopped, in the words of the step type; "" at first
};

// All that an attempt may know.
struct StepContext {
  std::int64_t n = 0;                // unique within the run
  Value params;                      // evaluated; may hold secrets, in memory only
  std::vector<std::string> env;      // "NAME=value", complete
  std::string dir;                   // absolute
  std::vector<std::string> secrets;  // to be masked in what it writes
  bool had_secrets = false;          // of one that is taken up: when it began there were some
  bool keeps_result = false;         // whether Outcome::result is wanted
  bool hides_output = false;         // no byte of what it writes may be kept, shown or repeated in a reason
  bool wants_findings = false;       // should it go wrong, or not be so yet: what a person would look at next
  bool tty = false;                  // it has the person's terminal
  std::string step;                  // with that: what the person knows it by
  bool leaves = false;               // processes that it leaves behind are meant to live on
  std::int64_t output_head = 0, output_tail = 0;
  std::optional<std::int64_t> timeout_ms;  // it is ended then
  std::optional<Following> following;      // of a look
  std::int64_t seq = 0;                    // where the journal stands
  std::string hash;
  std::stop_token stop;
  // Of a type that acts in the engine's own process (Declaration::dies_with_engine).
  std::string token;                    // the same for one attempt, whatever happens to the engine; of no other attempt
  bool is_repeatable = false;           // the step says that running it again does no harm
  std::function<void()> about_to_send;  // must be called before the first byte leaves; what it throws keeps it from being sent
  enum class Sent { no, maybe } was_sent = Sent::maybe;  // of one that is taken up: no is proven
  std::function<void(std::string_view)> output;          // what it writes, masked, as it comes; any thread; may be empty
};

// What a step would change, seen beforehand.
struct Preview {
  std::string changes;  // as a person reads it, bounded, secrets masked; "": nothing would change
  std::string why_not;  // it can't be seen; "": it was
};

class StepType {
 public:
  virtual ~StepType() = default;
  virtual const Declaration& declaration() const = 0;
  virtual Outcome run(const StepContext& context) const = 0;
  // Takes up attempt n, which an earlier engine began. A type that dies with the engine says `unknown`.
  virtual Outcome attach(const StepContext& context) const = 0;
  // Reads only; there is no run, and no runner. nullopt: the type can't tell, or not of such a step. Of the context count params, env,
  // dir and secrets.
  virtual std::optional<Preview> preview(const StepContext& /*context*/) const { return std::nullopt; }
};

}  // namespace runbook
