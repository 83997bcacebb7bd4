#pragma once
// What the live view knows of a run: committed events, what looks saw, and the last bytes that steps wrote. One thread at a time.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "book/runbook.h"
#include "cli/live_view.h"
#include "cli/way_ahead.h"
#include "report/past_durations.h"
#include "state/run_state.h"

namespace runbook {

class LiveModel {
 public:
  // The runbook outlives it. state: of a run that goes on, what has happened so far.
  LiveModel(const Runbook& runbook, std::string run, const RunState& state, PastDurations past);

  void committed(const Event& event, const RunState& state);
  void saw(const std::string& instance, const std::string& sentence);
  void wrote(const std::string& instance, std::string_view bytes);
  LivePicture picture(std::int64_t now_ms);

 private:
  struct Work {
    Doing doing;
    bool is_include = false;  // what is in it is shown instead
  };
  void take_run(const RunState& state);
  void take_loop(const std::string& section, const SectionState& state);
  void take_step(const std::string& instance, const RunState& state);
  void note_done(const std::string& instance, bool is_done);
  Work& work_of(const std::string& instance, const Step& step);
  void look_ahead(std::int64_t now_ms);
  std::string around(const std::string& instance);
  const std::string& titles_around(const Runbook& book, const Step& step);

  const Runbook& runbook_;
  PastDurations past_;
  LivePicture picture_;  // but for its doings
  std::map<std::string, Work> works_;
  Passage passage_;
  std::unordered_set<std::string> done_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::unordered_map<const Runbook*, std::unordered_map<const Step*, std::string>> titles_;
  std::int64_t looked_ahead_at_ms_ = 0;
};

}  // namespace runbook
