#include "base/clock.h"
#include "plugins/all.h"
#include "plugins/aws/session.h"

namespace runbook {

std::shared_ptr<aws::Session> aws_session() {
  static const SystemClock clock;
  static const auto session = std::make_shared<aws::Session>(aws::Session::Parts{make_http_client(), &clock, nullptr});
  return session;
}

}  // namespace runbook
