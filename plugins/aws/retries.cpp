#include "plugins/aws/retries.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "base/error.h"
#include "plugins/aws/error_kinds.h"

namespace runbook::aws {

namespace {

using Kind = CallAnswer::Kind;

int attempts_allowed(const Configuration& configuration) {
  std::string said = configuration.variable("AWS_MAX_ATTEMPTS");
  if (said.empty()) {
    const auto profile = configuration.profile(configuration.profile_name());
    const auto found = profile ? profile->find("max_attempts") : Section::const_iterator();
    if (profile && found != profile->end()) said = found->second;
  }
  int number = 3;
  std::from_chars(said.data(), said.data() + said.size(), number);
  return std::clamp(number, 1, 20);
}

// false: it was asked to stop.
bool sleep(std::chrono::milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

class Retrying {
 public:
  Retrying(const CallAttempt::Parts& parts, const Call& call, const Configuration& configuration, std::stop_token stop)
      : call_(call), stop_(std::move(stop)), attempt_(parts, call, configuration), allowed_(attempts_allowed(configuration)) {
    if (call.timeout_ms) deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(*call.timeout_ms);
  }

  CallAnswer run() {
    while (true) {
      const AttemptResult result = next();
      ++made_;
      const bool may_have_acted = result.answer.kind == Kind::unknown || result.answer.kind == Kind::cancelled;
      if (result.answer.kind == Kind::done || !goes_on(result)) return conclude(result.answer);
      is_in_doubt_ = is_in_doubt_ || may_have_acted;
    }
  }

 private:
  // What keeps it from being sent at all.
  AttemptResult next() {
    try {
      return attempt_.run(time_left(), stop_);
    } catch (const Error& error) {
      allowed_ = 0;
      AttemptResult result;
      result.answer.why = with_hint(error);
      return result;
    }
  }

  std::optional<std::int64_t> time_left() const {
    if (!deadline_) return std::nullopt;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now()).count();
    return std::max<std::int64_t>(left, 1);
  }
  bool is_over() const { return deadline_ && std::chrono::steady_clock::now() >= *deadline_; }

  bool goes_on(const AttemptResult& result) {
    if (allowed_ == 0 || is_over() || stop_.stop_requested()) return false;
    const bool is_remedied = result.answer.kind == Kind::refused && result.remedy != Remedy::none;
    if (is_remedied && tried_.insert(result.remedy).second) return true;
    if (made_ >= allowed_ || !is_worth_another(result.answer)) return false;
    const std::chrono::milliseconds pause(std::min(100 << std::min(made_, 6), 5'000));
    return sleep(pause, stop_);
  }

  bool is_worth_another(const CallAnswer& answer) const {
    switch (answer.kind) {
      case Kind::not_sent: return true;
      case Kind::refused: return says_throttled(*answer.error);
      case Kind::unknown: return call_.may_repeat;
      case Kind::done:
      case Kind::cancelled:
      case Kind::timed_out: return false;
    }
    return false;
  }

  // An earlier attempt may have been carried out, whatever the last one says.
  CallAnswer conclude(CallAnswer answer) const {
    if (answer.kind == Kind::unknown && is_over()) answer.kind = Kind::timed_out;
    const bool is_denied = answer.kind == Kind::refused || answer.kind == Kind::not_sent;
    if (is_in_doubt_ && is_denied) answer.kind = Kind::unknown;
    if (made_ > 1 && answer.kind != Kind::done) answer.why += fmt::format(" (tried {} times)", made_);
    return answer;
  }

  const Call& call_;
  std::stop_token stop_;
  CallAttempt attempt_;
  int allowed_, made_ = 0;
  bool is_in_doubt_ = false;
  std::set<Remedy> tried_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace

CallAnswer call_with_retries(const CallAttempt::Parts& parts, const Call& call, const Configuration& configuration,
                             std::stop_token stop) {
  try {
    return Retrying(parts, call, configuration, std::move(stop)).run();
  } catch (const Error& error) {
    CallAnswer answer;
    answer.why = with_hint(error);
    return answer;
  }
}

}  // namespace runbook::aws
