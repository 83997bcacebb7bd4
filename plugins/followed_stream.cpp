#include "plugins/followed_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "base/error.h"
#include "os/thread.h"

namespace runbook {

FollowedStream::FollowedStream(Parts parts)
    : parts_(std::move(parts)),
      until_(pattern_of(parts_.following.until)),
      fail_on_(pattern_of(parts_.following.fail_on)),
      redactor_(parts_.secrets),
      position_(parts_.following.position) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_system(ExitCode::step_failed, "making a pipe", errno);
  reading_end_ = Fd(ends[0]);
  writing_end_ = std::make_shared<Fd>(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  is_over_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!is_over_) throw_system(ExitCode::step_failed, "making an event", errno);
  reader_ = begin_thread([this] { read_on(); });
}

FollowedStream::~FollowedStream() { finish(); }

std::optional<Pattern> FollowedStream::pattern_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::string why;
  auto pattern = Pattern::parse(text, why);
  if (!pattern) throw Error(ExitCode::step_failed, fmt::format("`{}` is no regular expression: {}", text, why));
  return pattern;
}

void FollowedStream::finish() {
  if (!reader_.joinable()) return;
  ::eventfd_write(is_over_.get(), 1);
  reader_.join();
}

// Until the stream has ended, a line has matched, or the process has ended, whoever still holds the other end.
void FollowedStream::read_on() {
  constexpr std::size_t most_at_last = 1 << 20;  // more than a pipe holds
  while (true) {
    std::array<pollfd, 2> fds = {{{reading_end_.get(), POLLIN, 0}, {is_over_.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
    const bool is_last = fds[1].revents != 0;
    if (!take_what_is_there(is_last ? most_at_last : std::numeric_limits<std::size_t>::max()) || is_last) break;
  }
  end_of_stream();
  reading_end_.reset();  // who goes on writing is told so
  if (match_ != Match::none) parts_.on_match();
}

// False: there is nothing more to be read.
bool FollowedStream::take_what_is_there(std::size_t at_most) {
  std::array<char, 1 << 16> buffer{};
  std::size_t taken = 0;
  while (taken < at_most && match_ == Match::none) {
    const ssize_t count = ::read(reading_end_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    feed({buffer.data(), static_cast<std::size_t>(count)});
    taken += static_cast<std::size_t>(count);
  }
  return match_ == Match::none;
}

void FollowedStream::feed(std::string_view bytes) {
  if (redactor_.idle()) add_to_line(bytes);
  else add_to_line(redactor_.feed(bytes));
}

void FollowedStream::add_to_line(std::string_view bytes) {
  while (!bytes.empty() && match_ == Match::none) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    line_ += bytes.substr(0, std::min(end, longest_followed_line - line_.size()));
    if (end == bytes.size()) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

void FollowedStream::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  FollowedLine line = parts_.read(line_, position_);
  line_.clear();
  position_ = std::move(line.position);
  if (line.is_known) return;
  last_line_ = std::move(line.text);
  if (fail_on_ && fail_on_->search(last_line_)) match_ = Match::fail_on;
  else if (until_ && until_->search(last_line_)) match_ = Match::until;
}

// The last line need not have an end.
void FollowedStream::end_of_stream() {
  if (match_ == Match::none && !redactor_.idle()) add_to_line(redactor_.finish());
  if (match_ == Match::none && !line_.empty()) end_line();
}

}  // namespace runbook
