#include "cli/verdict_text.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"

namespace runbook {

namespace {

std::string_view verdict_name(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::consistent: return "consistent";
    case Verdict::Kind::anchored: return "anchored";
    case Verdict::Kind::broken: return "broken";
  }
  RUNBOOK_ASSERT(false);
}

List scrubbings_json(const Verdict& verdict) {
  List list;
  for (const Scrubbing& each : verdict.scrubbed)
    list.push_back(object({{"event", each.seq},
                           {"at", utc_text(each.at_ms)},
                           {"who", each.who},
                           {"because", each.because},
                           {"blobs", each.blobs}}));
  return list;
}

std::string scrubbings_text(const Verdict& verdict) {
  std::string text;
  for (const Scrubbing& each : verdict.scrubbed)
    text += fmt::format("; scrubbed at event {} by {}, {}: {}", each.seq, each.who, utc_text(each.at_ms), each.because);
  return text;
}

}  // namespace

Value verdict_json(const std::string& run, const Verdict& verdict) {
  const bool is_broken = verdict.kind == Verdict::Kind::broken, is_anchored = verdict.kind == Verdict::Kind::anchored;
  return object({{"run", run},
                 {"verdict", verdict_name(verdict.kind)},
                 {"events", verdict.events},
                 {"blobs", verdict.blobs},
                 {"anchored_up_to", is_anchored ? Value(verdict.anchored_at) : Value()},
                 {"broken_at", is_broken ? Value(verdict.broken_at) : Value()},
                 {"why", verdict.why},
                 {"head", verdict.head},
                 {"scrubbed", Value(scrubbings_json(verdict))}});
}

std::string verdict_text(const std::string& run, const Verdict& verdict) {
  switch (verdict.kind) {
    case Verdict::Kind::broken: return fmt::format("run {} is broken at {}: {}", run, verdict.broken_at, verdict.why);
    case Verdict::Kind::anchored:
      return fmt::format("run {} is anchored up to event {} by the head that was kept: {} events, {} blobs, head {}{}", run,
                         verdict.anchored_at, verdict.events, verdict.blobs, verdict.head, scrubbings_text(verdict));
    case Verdict::Kind::consistent: break;
  }
  return fmt::format("run {} is consistent: {} events, {} blobs, head {}{}", run, verdict.events, verdict.blobs, verdict.head,
                     scrubbings_text(verdict));
}

}  // namespace runbook
