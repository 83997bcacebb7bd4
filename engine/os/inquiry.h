#pragma once
// A program that is asked something beside the steps of a run: its answer is what it prints. It is no step: nothing is journaled, and
// it ends with its answer.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace runbook {

struct Inquiry {
  enum class Errors {
    shown,  // what it writes there goes where ours goes
    kept,
  };
  std::vector<std::string> argv;           // argv[0] is a path, or a name that is looked for in PATH
  std::filesystem::path dir;               // absolute
  std::optional<std::int64_t> timeout_ms;  // it is killed then, with all that it started
  Errors errors = Errors::shown;
  std::string input = {};             // its standard input
  std::vector<std::string> env = {};  // all of it, "NAME=value"; empty: ours
  std::stop_token stop = {};          // it is killed then, too
};

struct Reply {
  enum class Kind { code, signal, not_started, timed_out, too_long };
  Kind kind = Kind::not_started;
  int number = 0;   // exit code, signal, or errno
  std::string out;  // up to `reply_limit`; beyond it the program is killed
  std::string err;  // if kept

  bool is_good() const { return kind == Kind::code && number == 0; }
};
inline constexpr std::size_t reply_limit = 1 << 20;

// Waits for it. What it leaves running is left.
Reply inquire(const Inquiry& inquiry);
// "exited with 1", "can't be started: No such file or directory": after the program's name.
std::string why_no_reply(const Reply& reply);

}  // namespace runbook
