#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "state/instance_name.h"

namespace runbook {

Progress::Progress(const Runbook& runbook, Output output) : runbook_(runbook), shows_output_(output), screen_{} {
  for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
    numbers_[runbook.steps[i]->id] = i + 1;
    const std::size_t for_key = runbook.steps[i]->loops.empty() ? 0 : 6;
    width_ = std::max(width_, runbook.steps[i]->id.size() + for_key);
  }
  width_ = std::min<std::size_t>(width_, 32);
}

Progress::Progress(const Runbook& runbook, Output output, Console& console) : Progress(runbook, output) {
  console_ = &console;
  screen_.paint = console.has_colour() ? Paint::colours : Paint::none;
  screen_.charset = console.charset();
}

void Progress::print(const std::string& line) {
  if (is_held_) return keep(line);
  if (console_) console_->say(line);
  else fmt::print(stderr, "{}\n", line);
}

void Progress::keep(const std::string& line) {
  constexpr std::size_t most = 1000;
  held_.push_back(line);
  if (held_.size() <= most) return;
  held_.pop_front();
  ++left_out_;
}

void Progress::hold() {
  std::lock_guard lock(mutex_);
  std::fflush(stderr);
  is_held_ = true;
}

void Progress::release() {
  std::lock_guard lock(mutex_);
  is_held_ = false;
  if (left_out_ > 0) print(fmt::format("[{} left out]", counted(std::exchange(left_out_, 0), "line")));
  for (const std::string& line : std::exchange(held_, {})) print(line);
}

// What loops and includes make of a step has its number.
std::string Progress::position(const std::string& instance) const {
  const auto number = numbers_.find(instance.substr(0, instance.find_first_of("[/:")));
  return position_text(number == numbers_.end() ? 0 : number->second, runbook_.steps.size());
}

// At a terminal one sees it happen.
std::string Progress::when() const { return console_ ? "" : local_time_text(SystemClock().now_ms()) + " "; }

// The live view shows what is at work; in a log it stands with its time.
void Progress::begin_line(const std::string& instance, const Step& step, const std::string& doing) {
  if (console_) return;
  print(fmt::format("{}{} {:<10} {:<{}}  {}", when(), position(instance), doing, instance, width_, step.title));
}

void Progress::end_line(const std::string& instance, const Step& step, std::string_view word, const std::string& note) {
  const std::string shown = console_ ? marked_word(word, screen_) : fmt::format("{:<10}", word);
  const std::string begin = fmt::format("{}{} {} {:<{}}  ", when(), position(instance), shown, instance, width_);
  const std::string end = note.empty() ? "" : "  (" + note + ")";
  print(begin + fitting(step.title, begin, end) + end);
}

// A title gives way so that the line is one row of the terminal; a reason does not.
std::string Progress::fitting(const std::string& title, const std::string& begin, const std::string& end) const {
  constexpr std::size_t least = 12;
  if (!console_) return title;
  const std::size_t columns = static_cast<std::size_t>(console_->columns()) - 1, used = cells_of(begin) + cells_of(end);
  return used + least > columns ? title : cut_to_cells(title, columns - used, screen_.charset);
}

void Progress::committed(const Event& event, const RunState& state) {
  std::lock_guard lock(mutex_);
  if (event.instance.empty()) return on_run(event, state);
  on_step(event, state);
  for (const std::string& process : texts_in(event.body.get("strays"))) print("    left behind and ended: " + process);
  for (const std::string& process : texts_in(event.body.get("left"))) print("    still running, ends with the run: " + process);
}

void Progress::on_run(const Event& event, const RunState& state) {
  if (event.kind == event::run_began)
    print(fmt::format("{}: {}", state.title.empty() ? state.runbook : state.title, counted(runbook_.steps.size(), "step")));
  for (const std::string& process : texts_in(event.body.get("strays"))) print("ended with the run: " + process);
}

void Progress::on_step(const Event& event, const RunState& state) {
  const Step* step = runbook_.find_step_of(event.instance);
  if (!step) return;
  const InstanceState& it = state.of(event.instance);
  sights_.erase(event.instance);
  std::string why = event.body.text_or("why", "");
  if (event.kind == event::intent)
    return begin_line(event.instance, *step, it.attempts > 1 ? fmt::format("try {}", it.attempts) : "running");
  if (event.kind == event::asked && it.state == StepState::waiting) return begin_line(event.instance, *step, "waiting");
  if (event.kind == event::waiting) return begin_line(event.instance, *step, "waiting");
  if (event.kind == event::rescheduled) return end_line(event.instance, *step, "goes on", event.body.text_or("why", ""));
  if (event.kind == event::undone) return end_line(event.instance, *step, "undone", "");
  if (event.kind == event::watched) return on_watched(event, *step);
  if (event.kind == event::satisfied) return end_line(event.instance, *step, "satisfied", why);
  if (event.kind == event::skipped) return end_line(event.instance, *step, "skipped", why);
  if (event.kind == event::refused) return end_line(event.instance, *step, "failed", why);
  if (event.kind == event::doubted) return end_line(event.instance, *step, "in doubt", why);
  if (event.kind != event::ended) return;
  const bool is_told_by_undone = is_undo(event.instance) && event.body.text_or("result", "") == "succeeded";
  if (is_told_by_undone) return;
  std::string time = it.started_at_ms && it.ended_at_ms ? elapsed_text(it.ended_at_ms - it.started_at_ms) : "";
  if (it.state == StepState::succeeded) return end_line(event.instance, *step, "done", why.empty() ? time : why);
  end_line(event.instance, *step,
           it.state == StepState::failed      ? "failed"
           : it.state == StepState::cancelled ? "cancelled"
                                              : "again",
           why);
}

// That it is as it should be is no news, unless it was not.
void Progress::on_watched(const Event& event, const Step& step) {
  const std::string state = event.body.text_or("state", "good");
  end_line(event.instance, step, state == "good" ? "good again" : state, event.body.text_or("why", ""));
}

void Progress::saw(const std::string& instance, const std::string& sentence) {
  std::lock_guard lock(mutex_);
  if (std::exchange(sights_[instance], sentence) == sentence) return;
  print(fmt::format("{}{} {:<10} {:<{}}  {}", when(), position(instance), "sees", instance, width_, sentence));
}

void Progress::notice(const std::string& sentence) {
  std::lock_guard lock(mutex_);
  print(sentence);
}

void Progress::output(const std::string&, std::string_view bytes) {
  if (shows_output_ == Output::hidden) return;
  std::lock_guard lock(mutex_);
  partial_.append(bytes);
  for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
    const std::string line = partial_.substr(0, end);
    print("    | " + (console_ ? harmless(line, screen_.charset) : line));
    partial_.erase(0, end + 1);
  }
}

}  // namespace runbook
