#include "step/outcome.h"

#include <utility>

#include "base/error.h"

namespace runbook {

std::string_view outcome_name(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::succeeded: return "succeeded";
    case Outcome::Kind::failed: return "failed";
    case Outcome::Kind::not_started: return "not_started";
    case Outcome::Kind::timed_out: return "timed_out";
    case Outcome::Kind::cancelled: return "cancelled";
    case Outcome::Kind::unknown: return "unknown";
  }
  RUNBOOK_ASSERT(false);
}

bool has_exited(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::succeeded || outcome.kind == Outcome::Kind::failed;
}

Outcome not_started(std::string why) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::not_started;
  outcome.reason = std::move(why);
  return outcome;
}

}  // namespace runbook
