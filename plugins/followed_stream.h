#pragma once
// What a process writes, read as it comes, line by line, until a line matches. Takes a thread, and memory for one line: whoever writes
// faster than is read has to wait.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/pattern.h"
#include "base/redactor.h"
#include "os/fd.h"
#include "step/step_type.h"

namespace runbook {

inline constexpr std::size_t longest_followed_line = 64 << 10;  // bytes of a line that are looked at; the rest is passed over

// What a step type makes of a line.
struct FollowedLine {
  std::string text;       // that is matched, and shown
  std::string position;   // where the stream stands behind it; see Following
  bool is_known = false;  // an earlier look has had it: it is passed over, but for its position
};

class FollowedStream {
 public:
  struct Parts {
    const Following& following;
    const std::vector<std::string>& secrets;  // masked before a line is looked at
    std::function<FollowedLine(std::string_view line, const std::string& position)> read;
    std::function<void()> on_match;  // once, from the thread that reads
  };
  // Throws Error: it is no regular expression, or there is no pipe or thread.
  explicit FollowedStream(Parts parts);
  ~FollowedStream();
  FollowedStream(const FollowedStream&) = delete;
  FollowedStream& operator=(const FollowedStream&) = delete;

  // For the process; to be called once.
  std::shared_ptr<Fd> take_writing_end() { return std::move(writing_end_); }
  // The process has ended: what it wrote is read, and no more. Then what follows is settled.
  void finish();

  enum class Match { none, until, fail_on };
  Match match() const { return match_; }
  const std::string& last_line() const { return last_line_; }  // the one that matched; else the last, or ""
  const std::string& position() const { return position_; }

 private:
  void read_on();
  bool take_what_is_there(std::size_t at_most);
  void feed(std::string_view bytes);
  void add_to_line(std::string_view bytes);
  void end_line();
  void end_of_stream();
  static std::optional<Pattern> pattern_of(const std::string& text);

  Parts parts_;
  std::optional<Pattern> until_, fail_on_;
  Redactor redactor_;
  Fd reading_end_, is_over_;
  std::shared_ptr<Fd> writing_end_;
  std::string line_, last_line_, position_;
  Match match_ = Match::none;
  std::thread reader_;
};

}  // namespace runbook
