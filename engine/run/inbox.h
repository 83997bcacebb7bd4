#pragma once
// Where everything that happens comes together: outcomes, answers, interrupts.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "run/launch.h"
#include "state/journal.h"
#include "step/outcome.h"

namespace runbook {

struct Ended {
  Launch launch;
  Outcome outcome;
  std::exception_ptr undecided = {};  // instead of an outcome: why nobody can tell whether it lives
};
struct Interrupt {
  enum class Kind {
    pause,   // Ctrl-C: pause after the step; once more: end the step
    detach,  // SIGTERM, SIGHUP: leave at once, steps run on
    lost,    // the supervisor died: pause as soon as what runs has ended
    stop,    // a person wants the step ended at whose terminal he sits: pause, and end it
    yield,   // whoever drives has something else to do first; what runs goes on
  } kind = Kind::pause;
  std::string by;
  std::int64_t n = 0;  // stop: the attempt
};
// An item of a checklist is done; the question stays open.
struct Ticked {
  std::string question;
  std::int64_t item = 0;
  std::string who;
};
using Signal = std::variant<Ended, Answer, Interrupt, Ticked>;

class Inbox {
 public:
  // Any thread, holding no lock that serving may want: one that brings an outcome may find itself serving it.
  void post(Signal signal);
  using Serve = std::function<void(Signal&)>;
  // All that came in, at least one, unless `at_most` passes first. With `serve` an outcome that comes in meanwhile is served at once, in
  // the thread that brings it, for waking another one takes longer than deciding. Then this returns nothing, or throws what `serve`
  // threw, and what else came in is there for the next wait. One at a time, and before this returns: what `serve` touches needs no
  // lock of its own.
  std::vector<Signal> wait(std::optional<std::chrono::milliseconds> at_most, const Serve& serve = {});

 private:
  bool is_to_be_served(const Signal& signal) const;
  void serve(std::unique_lock<std::mutex>& lock, Signal& signal);
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Signal> signals_;
  const Serve* server_ = nullptr;  // of who waits now; nullptr: nobody does, or without one
  enum class Served { no, begun, done } served_ = Served::no;
  std::exception_ptr failure_;
};

}  // namespace runbook
