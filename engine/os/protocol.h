#pragma once
// What engine and supervisor say to each other (RUN: "The supervisor"). Every message begins with its kind.
#include <cstdint>
#include <string>
#include <vector>

#include "os/process_runner.h"
#include "os/wire.h"

namespace runbook::protocol {

inline constexpr std::int64_t version = 6;
inline constexpr std::size_t largest_inline_body = 12 << 10;

enum class Kind : std::int64_t {
  hello = 1,    // engine: version, epoch, open attempts        → table
  spawn,        // engine: epoch, n, body; large or secret: + body [+ standard input][+ standard output]
  cancel,       // engine: n
  acked,        // engine: attempts whose outcome is committed: their files may go
  bye,          // engine: nothing more will be asked            → stays, or it goes
  table,        // supervisor: refusal, entries
  not_started,  // supervisor: n, why
  ring,         // supervisor: n, bytes written so far; dropped when the engine does not read
  exit,         // supervisor: n, how                           [+ result][+ $RUNBOOK_OUTPUT]
  end_left,     // engine: what steps left behind is to be ended  → left_ended
  left_ended,   // supervisor: what was ended, in words
  stays,        // supervisor: something that a step left behind lives
  lend,         // engine: n                                     + the person's terminal → terminal
  terminal,     // supervisor: n, name of the step, what was missed [+ the terminal of the step]; without: it has none any more
  given_back,   // engine: n: the person's terminal is what it was
};

struct Hello {
  std::int64_t epoch = 0;
  std::vector<std::int64_t> open;  // attempts without an outcome in the journal
};

struct Spawn {
  Command command;
  std::string program;  // what argv[0] was found to be
  std::string marker;   // RUN/n
  bool named_outputs_in_memory = false;
  bool has_input = false, has_out = false;  // files that came along, in this order
  std::vector<std::int64_t> acked;
  std::int64_t mask = 0022;     // umask
  std::int64_t core_limit = 0;  // RLIMIT_CORE, soft
  std::string terminal;         // with Command::tty: TerminalShape
};

struct Entry {
  enum class State : std::int64_t { unknown, running, ended, not_started, lost };
  std::int64_t n = 0;
  State state = State::unknown;
  bool has_terminal = false;  // of its own, and runs
};
struct Lent {
  std::int64_t n = 0;
  std::string step, missed;
};
struct Table {
  std::string refusal;         // "" : accepted; else there is nothing more but the hint, whatever version speaks
  std::int64_t greatest = 0;   // the greatest n that was ever announced
  std::vector<Entry> entries;  // one per open attempt of HELLO
  // All that were ever to be masked here: who comes may not have them any more, and what runs or ran may still write them.
  std::vector<std::string> secrets = {};
  std::string hint = {};  // with a refusal
};

struct Ended {
  std::int64_t n = 0;
  Exit exit;                                           // without output, result and named outputs
  bool has_result = false, has_named_outputs = false;  // files that came along, in this order
};

std::string hello(const Hello& message);
std::string spawn(std::int64_t epoch, std::int64_t n);
std::string spawn_body(const Spawn& body);
std::string cancel(std::int64_t n);
std::string acked(const std::vector<std::int64_t>& attempts);
std::string bye();
std::string table(const Table& message);
std::string not_started(std::int64_t n, std::string_view why);
std::string ring(std::int64_t n, std::int64_t total);
std::string exit(const Ended& message);
std::string end_left();
std::string left_ended(const std::vector<std::string>& ended);
std::string stays();
std::string lend(std::int64_t n);
std::string terminal(const Lent& message);
std::string given_back(std::int64_t n);

// Each reads what follows the kind. A false `ok()` of the reader means the message was damaged.
Kind read_kind(WireReader& reader);
std::int64_t read_hello(WireReader& reader, Hello& into);  // gives the protocol version
Spawn read_spawn_body(WireReader& reader);
std::vector<std::int64_t> read_numbers(WireReader& reader);
Table read_table(WireReader& reader);
Ended read_exit(WireReader& reader);
Lent read_terminal(WireReader& reader);

// Result file: standard output, then standard error, each with its length.
std::string result_bytes(const std::string& out, const std::string& err, bool is_too_large);
void read_result(std::string_view bytes, Exit& into);

}  // namespace runbook::protocol
