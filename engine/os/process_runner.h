#pragma once
// Processes that belong to a run. The real one speaks to the run's supervisor, which owns child, timeout, redaction, bounded
// output, digest and exit record, and outlives the engine; so no thread of the engine ever forks.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/fd.h"

namespace runbook {

struct Command {
  std::vector<std::string> argv;     // argv[0] is a path, or a name that is looked for in env's PATH
  std::vector<std::string> env;      // "NAME=value", complete
  std::string dir;                   // absolute
  std::optional<std::string> input;  // standard input; none: empty
  // Where its standard output goes instead of to the runner, which then keeps, masks and shows none of it. The runner gives its own
  // hold on it away when it has begun the process, or has not.
  std::shared_ptr<Fd> out;
  std::vector<std::string> secrets;                             // masked in all that it writes
  std::int64_t output_head = 64 << 10, output_tail = 64 << 10;  // bytes kept of its output
  bool hides_output = false;                                    // of what it writes nothing is recorded: no spool, no digest
  bool keeps_result = false;                                    // standard output and error whole, up to `result_limit`
  std::optional<std::int64_t> timeout_ms;                       // it is ended then (TERM, grace, KILL)
  std::int64_t grace_ms = 5'000;
  bool tty = false;      // it has the person's terminal as its own; what passes there is not recorded
  std::string step;      // with that: what the person knows it by
  bool leaves = false;   // what it leaves behind when it has exited with 0 is meant: it lives on, until `end_left`
  std::int64_t seq = 0;  // where the journal stands, for the supervisor's log
  std::string hash;
};
inline constexpr std::int64_t result_limit = 16 << 20;

struct Exit {
  enum class Kind {
    code,         // it exited; `number` is the exit code
    signal,       // it was ended by signal `number`
    not_started,  // proven: there was no process; `why`
    lost,         // nobody knows how it ended; `why`
  };
  Kind kind = Kind::lost;
  int number = 0;
  bool has_timed_out = false;  // the signal of a timeout was sent before its end
  bool was_cancelled = false;  // the signal of a stop was sent before its end
  std::string why;
  std::string output;  // head and tail, redacted
  std::int64_t output_total = 0;
  std::string output_sha256;       // of all of it, redacted; "" if unknown
  std::string out, err;            // keeps_result: redacted, whole
  bool result_is_missing = false;  // keeps_result, but the supervisor that held them died and not all is in the spool
  bool result_is_too_large = false;
  std::string named_outputs;  // what it wrote to $RUNBOOK_OUTPUT, raw
  bool named_outputs_are_missing = false;
  std::vector<std::string> strays;  // processes that it left behind and that were ended with it: "pid 12 sleep 60"
  std::vector<std::string> left;    // Command::leaves: what it left behind and what lives on
};

// Of one that was not begun, and why.
Exit not_begun(std::string why);

class ProcessRunner {
 public:
  using Sink = std::function<void(std::string_view)>;
  virtual ~ProcessRunner() = default;
  // Blocks until it ended; a requested stop ends the process's group. `n` is unique within the run. Any thread.
  virtual Exit run(std::int64_t n, Command command, const Sink& sink, std::stop_token stop) = 0;
  // The same for an attempt that an earlier engine began and that is known to live or to have ended. had_secrets: there was something to
  // be masked in what it writes; where its supervisor has died nothing of that is kept from then on.
  virtual Exit attach(std::int64_t n, bool had_secrets, const Sink& sink, std::stop_token stop) = 0;
};

}  // namespace runbook
