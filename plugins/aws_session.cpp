#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "plugins/all.h"
#include "plugins/aws/session.h"

namespace runbook {

namespace {

constexpr std::int64_t code_life_ms = 60'000;  // one that is older would only be refused

// Codes of MFA devices on their way to the call that needs them; any thread.
class Codes {
 public:
  explicit Codes(const Clock& clock) : clock_(clock) {}

  void give(const std::string& device, const std::string& code) {
    std::lock_guard lock(mutex_);
    given_[device] = {code, clock_.now_ms()};
  }
  void ask_by(aws::AskCode ask) { ask_ = std::move(ask); }

  std::string take(const std::string& device) {
    {
      std::lock_guard lock(mutex_);
      const auto given = given_.extract(device);
      if (!given.empty() && clock_.now_ms() - given.mapped().at_ms < code_life_ms) return given.mapped().code;
    }
    return ask_ ? ask_(device) : "";
  }

 private:
  struct Given {
    std::string code;
    std::int64_t at_ms = 0;
  };
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Given> given_;
  aws::AskCode ask_;
};

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Codes& codes() {
  static Codes codes(system_clock());
  return codes;
}

}  // namespace

std::shared_ptr<aws::Session> aws_session() {
  static const auto session = std::make_shared<aws::Session>(
      aws::Session::Parts{make_http_client(), &system_clock(), [](const std::string& device) { return codes().take(device); }});
  return session;
}

void give_aws_code(const std::string& device, const std::string& code) { codes().give(device, code); }

void ask_for_aws_codes(std::function<std::string(const std::string& device)> ask) { codes().ask_by(std::move(ask)); }

}  // namespace runbook
