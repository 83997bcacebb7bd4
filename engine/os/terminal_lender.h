#pragma once
// Who has the person's terminal, and lends it to a step for as long as that runs.
#include <cstdint>
#include <stop_token>
#include <string>

namespace runbook {

class TerminalLender {
 public:
  virtual ~TerminalLender() = default;
  // From now on nobody else writes to it or reads from it, and it is as a shell would have it. Waits for that. The thread that takes it
  // gives it back.
  virtual void take() = 0;
  virtual void give_back() = 0;
  enum class Choice { go_back, stop_step };
  // The escape was typed; the terminal is as it was when it was taken, and the person is asked. A requested stop breaks the question
  // off: the step has ended, or the engine leaves. On a thread of the relay.
  virtual Choice escaped(const std::string& step, std::stop_token stop) = 0;
  // The person chose so: attempt n is to be ended as any attempt is. Does not wait for it.
  virtual void stop(std::int64_t n) = 0;
  // There is no terminal any more: its window was closed.
  virtual void lost() = 0;
};

}  // namespace runbook
