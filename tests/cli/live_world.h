#pragma once
// A run as the live view hears of it: events told one by one, each at its time.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/live_model.h"
#include "tests/book/world.h"

namespace runbook::testing {

inline std::shared_ptr<const Runbook> loaded(const std::string& text) {
  std::shared_ptr<const Runbook> runbook = load(text).runbook;
  REQUIRE_MESSAGE(runbook != nullptr, problems_of(text));
  return runbook;
}

struct LiveStory {
  explicit LiveStory(const std::string& text, PastDurations past = {})
      : runbook(loaded(text)), model(*runbook, "20261129-0155-k3f9", state, std::move(past)) {
    tell(0, event::run_began, "", object({{"runbook", runbook->name}, {"title", runbook->title}}));
  }

  // at_s: seconds since the run began.
  LiveStory& tell(std::int64_t at_s, std::string_view kind, const std::string& instance = {}, Value body = {}) {
    const Event event{++seq, std::string(kind), instance, 0, 1'000'000 + 1000 * at_s, std::move(body)};
    state.apply(event);
    model.committed(event, state);
    return *this;
  }
  LiveStory& done(std::int64_t from_s, std::int64_t to_s, const std::string& instance) {
    return tell(from_s, event::intent, instance).tell(to_s, event::ended, instance, object({{"result", "succeeded"}}));
  }
  LiveStory& pinned(const std::string& target, const std::string& text) {
    return tell(0, event::pinned, "", object({{"target", target}, {"text", text}}));
  }
  std::vector<std::string> lines(std::int64_t at_s, const Screen& screen) {
    const std::int64_t now_ms = 1'000'000 + 1000 * at_s;
    return live_lines(model.picture(now_ms), now_ms, screen);
  }

  std::shared_ptr<const Runbook> runbook;
  RunState state;
  LiveModel model;
  std::int64_t seq = 0;
};

}  // namespace runbook::testing
