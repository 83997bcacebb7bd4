#include "cli/live_progress.h"

#include <utility>

#include "cli/live_view.h"

namespace runbook {

namespace {

Screen screen_of(const Console& console, int columns, int rows) {
  return {columns, rows, console.has_colour() ? Paint::colours : Paint::none, console.charset()};
}

}  // namespace

LiveProgress::LiveProgress(Console& console, const Clock& clock, LiveModel model, const Runbook& runbook,
                           Progress::Output output)
    : console_(console), clock_(clock), model_(std::move(model)), lines_(runbook, output, console) {
  console_.set_region([this](int columns, int rows) {
    LivePicture picture;
    const std::int64_t now_ms = clock_.now_ms();
    {
      std::lock_guard lock(mutex_);
      picture = model_.picture(now_ms);
    }
    return live_lines(picture, now_ms, screen_of(console_, columns, rows));
  });
}

LiveProgress::~LiveProgress() { console_.set_region({}); }

void LiveProgress::committed(const Event& event, const RunState& state) {
  {
    std::lock_guard lock(mutex_);
    model_.committed(event, state);
  }
  lines_.committed(event, state);
  console_.changed();
}

void LiveProgress::output(const std::string& instance, std::string_view bytes) {
  {
    std::lock_guard lock(mutex_);
    model_.wrote(instance, bytes);
  }
  lines_.output(instance, bytes);
  console_.changed();
}

void LiveProgress::saw(const std::string& instance, const std::string& sentence) {
  {
    std::lock_guard lock(mutex_);
    model_.saw(instance, sentence);
  }
  console_.changed();
}

void LiveProgress::notice(const std::string& sentence) { lines_.notice(sentence); }

}  // namespace runbook
