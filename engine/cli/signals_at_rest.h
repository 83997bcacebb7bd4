#pragma once
// Where signals go while the executor rests: they break off the line that is typed. Any thread.
#include <signal.h>

#include <atomic>

#include "os/line_editor.h"

namespace runbook {

class SignalsAtRest {
 public:
  explicit SignalsAtRest(LineEditor& editor) : editor_(editor) {}
  void begin() { is_resting_ = true; }
  void end() { is_resting_ = false; }
  // true: nothing more is to be done about it. One that ends the engine ends it when the executor runs again.
  bool takes(int signal) {
    if (!is_resting_) return false;
    if (signal != SIGINT) is_ended_ = true;
    editor_.break_off();
    return signal == SIGINT;
  }
  // The engine is to end: nothing more is asked.
  bool is_ended() const { return is_ended_; }

 private:
  LineEditor& editor_;
  std::atomic<bool> is_resting_{false}, is_ended_{false};
};

}  // namespace runbook
