#pragma once
// What `run` says while it goes on, a line each, from committed events alone: in pipes, logs and simple terminals with times, when steps
// begin and when they end; above a live view only when they end.
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include "book/runbook.h"
#include "cli/console.h"
#include "cli/live_view.h"
#include "run/performer.h"

namespace runbook {

class Progress : public Observer {
 public:
  enum class Output { hidden, shown };
  // On standard error.
  Progress(const Runbook& runbook, Output output);
  // Above what the console's region shows.
  Progress(const Runbook& runbook, Output output, Console& console);
  void committed(const Event& event, const RunState& state) override;
  void output(const std::string& instance, std::string_view bytes) override;
  void saw(const std::string& instance, const std::string& sentence) override;
  void notice(const std::string& sentence) override;
  // The terminal is somebody else's: what would be said waits until it is given back.
  void hold();
  void release();

 private:
  void on_run(const Event& event, const RunState& state);
  void on_step(const Event& event, const RunState& state);
  void on_watched(const Event& event, const Step& step);
  void begin_line(const std::string& instance, const Step& step, const std::string& doing);
  void end_line(const std::string& instance, const Step& step, std::string_view word, const std::string& note);
  std::string fitting(const std::string& title, const std::string& begin, const std::string& end) const;
  std::string position(const std::string& instance) const;
  std::string when() const;
  void print(const std::string& line);
  void keep(const std::string& line);

  const Runbook& runbook_;
  Output shows_output_;
  Console* console_ = nullptr;  // none: plain lines
  Screen screen_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::size_t width_ = 0;
  bool is_held_ = false;
  std::deque<std::string> held_;  // the newest, and how many of those before them are left out
  std::size_t left_out_ = 0;
  std::string partial_;                                  // output after the last newline
  std::unordered_map<std::string, std::string> sights_;  // what each step that waits saw last
};

}  // namespace runbook
