#pragma once
// Tells a program of the runbook's author when a person is needed and when the run ends. It never holds the run up: a program that
// fails, or takes longer than ten seconds, is a notice.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "run/facts.h"
#include "run/performer.h"

namespace runbook {

// Passes everything on to the observer behind it.
class Notifier : public Observer {
 public:
  Notifier(Observer& next, const RunFacts& facts) : next_(next), facts_(facts) {}
  ~Notifier() override { finish(); }
  // Waits for what is being told.
  void finish();

  void committed(const Event& event, const RunState& state) override;
  void output(const std::string& instance, std::string_view bytes) override { next_.output(instance, bytes); }
  void saw(const std::string& instance, const std::string& sentence) override { next_.saw(instance, sentence); }
  void notice(const std::string& sentence) override { next_.notice(sentence); }

 private:
  void tell(const Value& message);
  void work();

  Observer& next_;
  const RunFacts& facts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> messages_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace runbook
