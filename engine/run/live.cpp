#include "run/live.h"

namespace runbook {

std::string Look::told() const {
  const bool says_more = !says.empty() && says != why;
  const std::string what = answer == Answer::cannot_tell ? "can't tell: " + why : why;
  if (what.empty()) return says;
  return says_more ? what + " (" + says + ")" : what;
}

const LiveStep& Live::of(const std::string& instance) const {
  static const LiveStep untouched;
  auto found = steps.find(instance);
  return found == steps.end() ? untouched : found->second;
}

namespace {

// What a watch can't see counts against it once that has lasted longer than its `timeout`.
void count_strikes(LiveStep& watch, const Probe& probe, const Look& look) {
  if (look.answer != Look::Answer::cannot_tell) watch.blind_since_ms.reset();
  else if (!watch.blind_since_ms) watch.blind_since_ms = look.began_at_ms;
  const bool is_still_borne = watch.blind_since_ms && look.ended_at_ms - *watch.blind_since_ms < probe.timeout_ms;
  if (look.answer == Look::Answer::yes) watch.strikes = 0;
  else if (!is_still_borne) watch.strikes += 1;
}

}  // namespace

void LiveStep::saw(Role role, const Probe& probe, Look seen) {
  looks += 1;
  if (role == Role::watch) count_strikes(*this, probe, seen);
  (role == Role::before ? before : look) = std::move(seen);
}

}  // namespace runbook
