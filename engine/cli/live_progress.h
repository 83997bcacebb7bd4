#pragma once
// What `run` shows at a terminal: a line for each step that ended, and below them the live view.
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/live_model.h"
#include "cli/progress.h"

namespace runbook {

class LiveProgress : public Observer {
 public:
  // All outlive it. It has the console's region as long as it lives.
  LiveProgress(Console& console, const Clock& clock, LiveModel model, const Runbook& runbook, Progress::Output output);
  ~LiveProgress() override;
  LiveProgress(const LiveProgress&) = delete;

  void committed(const Event& event, const RunState& state) override;
  void output(const std::string& instance, std::string_view bytes) override;
  void saw(const std::string& instance, const std::string& sentence) override;
  void notice(const std::string& sentence) override;

 private:
  Console& console_;
  const Clock& clock_;
  std::mutex mutex_;  // guards the model
  LiveModel model_;
  Progress lines_;
};

}  // namespace runbook
