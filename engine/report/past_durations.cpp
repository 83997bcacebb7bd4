#include "report/past_durations.h"

#include <algorithm>

#include "state/instance_name.h"

namespace runbook {

namespace {

constexpr int most_runs = 20;
constexpr std::int64_t most_events = 8'000;  // of all of them together

// The value that so many of a hundred do not exceed (nearest rank).
std::int64_t percentile(std::vector<std::int64_t> sorted, std::size_t percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

void DurationReader::begin_run() { begun_at_ms_.clear(); }

void DurationReader::read(const Event& event) {
  if (event.kind == event::driven) return begun_at_ms_.clear();  // what went on meanwhile was seen late
  if (event.instance.empty() || is_undo(event.instance)) return;
  if (event.kind == event::intent || event.kind == event::waiting) {
    begun_at_ms_[event.instance] = event.at_ms;
  } else if (event.kind == event::doubted || event.kind == event::asked || event.kind == event::renewed) {
    begun_at_ms_.erase(event.instance);
  } else if (event.kind == event::satisfied || event.kind == event::skipped) {
    samples_[name_without_keys(event.instance)];
  } else if (event.kind == event::ended) {
    const auto begun = begun_at_ms_.find(event.instance);
    if (begun == begun_at_ms_.end()) return;
    const bool counts = event.body.text_or("result", "") == "succeeded" && event.at_ms >= begun->second;
    if (counts) samples_[name_without_keys(event.instance)].took_ms.push_back(event.at_ms - begun->second);
    begun_at_ms_.erase(begun);
  }
}

PastDurations DurationReader::durations() const {
  PastDurations all;
  for (const auto& [name, samples] : samples_) {
    PastDuration& past = all[name];
    std::vector<std::int64_t> sorted = samples.took_ms;
    past.times = sorted.size();
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    past.typical_ms = percentile(sorted, 50);
    past.most_ms = percentile(sorted, 90);
  }
  return all;
}

PastDurations past_durations(const JournalFile& file, const std::string& runbook, const std::string& but) {
  DurationReader reader;
  int runs = 0;
  std::int64_t events = 0;
  for (const RunRow& row : file.runs()) {
    if (row.runbook != runbook || row.run == but) continue;
    events += row.seq;
    if (++runs > most_runs || events > most_events) break;
    reader.begin_run();
    file.events(row.run, 0, [&](const Event& event) { reader.read(event); });
  }
  return reader.durations();
}

}  // namespace runbook
