// Who waits is spared being woken: an outcome is served by the thread that brings it.
#include "run/inbox.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace runbook;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("threads");

namespace {

Ended ended(std::int64_t n) {
  Ended outcome;
  outcome.launch.n = n;
  return outcome;
}

// That somebody waits can't be seen from outside: another thread posts outcomes until one of them is served. What the wait returns
// in which that happened.
std::vector<Signal> signals_behind(Inbox& inbox, const Inbox::Serve& serve) {
  std::atomic<bool> is_served = false;
  std::jthread poster([&] {
    while (!is_served) inbox.post(ended(1)), std::this_thread::yield();
  });
  while (true) {
    auto signals = inbox.wait(1ms, [&](Signal& signal) {
      is_served = true;
      serve(signal);
    });
    if (is_served) return signals;
  }
}

}  // namespace

TEST_CASE("what has come in before is returned in its order, and none of it is served") {
  Inbox inbox;
  inbox.post(Interrupt{Interrupt::Kind::pause, "Ctrl-C"});
  inbox.post(ended(1));
  const auto signals = inbox.wait(std::nullopt, [](Signal&) { FAIL("served"); });
  REQUIRE(signals.size() == 2);
  CHECK(std::holds_alternative<Interrupt>(signals[0]));
  CHECK(std::holds_alternative<Ended>(signals[1]));
}

TEST_CASE("an outcome that comes while somebody waits is served in the thread that brings it, and not returned") {
  Inbox inbox;
  std::thread::id server;
  const auto signals = signals_behind(inbox, [&](Signal& signal) {
    server = std::this_thread::get_id();
    CHECK(std::get<Ended>(signal).launch.n == 1);
  });
  CHECK(server != std::this_thread::get_id());
  CHECK(signals.empty());
}

TEST_CASE("one at a time: what comes in meanwhile is there for the next wait, an outcome like everything else") {
  Inbox inbox;
  const auto signals_then = signals_behind(inbox, [&](Signal&) {
    inbox.post(ended(2));
    inbox.post(Interrupt{Interrupt::Kind::detach, "SIGTERM"});
  });
  CHECK(signals_then.empty());
  const auto signals = inbox.wait(std::nullopt, [](Signal&) { FAIL("served"); });
  REQUIRE(signals.size() == 2);
  CHECK(std::get<Ended>(signals[0]).launch.n == 2);
  CHECK(std::holds_alternative<Interrupt>(signals[1]));
}

TEST_CASE("who waits does not come back before that is over, though his time has passed") {
  Inbox inbox;
  bool is_over = false;
  signals_behind(inbox, [&](Signal&) {
    std::this_thread::sleep_for(5ms);  // longer than he would wait
    is_over = true;
  });
  CHECK(is_over);
}

TEST_CASE("what serving throws is thrown to who waits, once") {
  Inbox inbox;
  CHECK_THROWS_WITH(signals_behind(inbox, [](Signal&) { throw std::runtime_error("the disk is full"); }), "the disk is full");
  inbox.post(ended(2));
  CHECK_NOTHROW(inbox.wait(std::nullopt, [](Signal&) {}));
}

TEST_SUITE_END();
