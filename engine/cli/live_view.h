#pragma once
// The region below the scrollback while a run goes on, as lines: where one is, what is at work and what it says, what comes next.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cells.h"
#include "cli/way_ahead.h"

namespace runbook {

// A step at work, or one that waits.
struct Doing {
  enum class What {
    runs,
    looks,     // its process has ended, done_when or verify is looked at
    waits,     // of wait_until
    retries,   // begins again at `until_ms`
    asks,      // a question stands open
    in_doubt,  // looked at, or to be decided
    undoes,
  };
  What what = What::runs;
  std::string instance, title;
  std::string around;      // titles of the sections around it: "Cluster › Nodes"
  std::size_t number = 0;  // of the step in its runbook, from 1
  int attempt = 1;
  std::int64_t since_ms = 0;
  std::optional<std::int64_t> until_ms;  // deadline, or when it begins again
  std::string note;                      // asks: the question; retries: why
  std::int64_t looks = 0;                // that did not say yes
  std::string saw;                       // what the last of them saw
  std::string tail;                      // the last bytes that it wrote, masked
  std::optional<PastDuration> past;
};

struct LivePicture {
  enum class Course { forward, cancelling, undoing } course = Course::forward;
  std::string title, run;
  std::size_t steps = 0;  // of the runbook
  std::int64_t began_at_ms = 0;
  std::vector<std::string> targets;  // what is pinned: "main: aws 1628..."
  std::vector<Doing> doings;         // in written order
  std::vector<std::string> next;     // one: "id  title"; several: their ids
  Rest rest;
};

enum class Paint { none, colours };
struct Screen {
  int columns = 80, rows = 8;  // of the widest line; at most so many lines
  Paint paint = Paint::none;
  Charset charset = Charset::utf8;
};

std::vector<std::string> live_lines(const LivePicture& picture, std::int64_t now_ms, const Screen& screen);

// "[ 6/12]"
std::string position_text(std::size_t number, std::size_t steps);
// What a step has come to, as a mark and a word of one width each: "✓ done      ". word: done, failed, skipped ...
std::string marked_word(std::string_view word, const Screen& screen);
// The last lines of what was written; what a carriage return has replaced is gone.
std::vector<std::string> last_lines(const std::string& tail, std::size_t most, Charset charset);

}  // namespace runbook
