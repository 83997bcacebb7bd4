#include "report/time_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/clock.h"

namespace runbook {

namespace {

// Shares of the time in which something is done.
constexpr double most_of_a_rest = 0.15, most_of_all_rests = 0.5;
// Shares of the axis.
constexpr double between_ticks = 0.085, between_labels = 0.12, between_essential_labels = 0.3, room_at_the_end = 0.1;

constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr std::array<std::int64_t, 26> steps = {
    10,          50,       100,        500,        second,      2 * second,  5 * second,  10 * second, 15 * second,
    30 * second, minute,   2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour,        2 * hour,
    3 * hour,    6 * hour, 12 * hour,  day,        2 * day,     7 * day,     30 * day,    365 * day};

std::int64_t length(const TimeSpan& span) { return span.to_ms - span.from_ms; }

std::vector<TimeSpan> rests_between(const TimeSpan& whole, std::vector<TimeSpan> busy) {
  std::sort(busy.begin(), busy.end(), [](const TimeSpan& a, const TimeSpan& b) { return a.from_ms < b.from_ms; });
  std::vector<TimeSpan> rests;
  std::int64_t at = whole.from_ms;
  for (const TimeSpan& span : busy) {
    const std::int64_t from = std::min(span.from_ms, whole.to_ms);
    if (from > at) rests.push_back({at, from});
    at = std::max(at, std::min(span.to_ms, whole.to_ms));
  }
  if (at < whole.to_ms) rests.push_back({at, whole.to_ms});
  return rests;
}

std::string label_of(std::int64_t at_ms, std::int64_t step_ms, bool has_date) {
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = utc_text(at_ms);
  const auto month = static_cast<std::size_t>((text[5] - '0') * 10 + (text[6] - '0') - 1);
  const std::string date = text.substr(text[8] == '0' ? 9 : 8, text[8] == '0' ? 1 : 2) + " " + months.at(month);
  if (step_ms >= day) return date;
  std::string time = text.substr(11, step_ms < minute ? 8 : 5);
  if (step_ms < second) time += fmt::format(".{:03}", at_ms % second);
  return has_date ? date + " " + time : time;
}

}  // namespace

TimeScale::TimeScale(TimeSpan whole, std::vector<TimeSpan> busy) : whole_(whole) {
  const std::vector<TimeSpan> rests = rests_between(whole_, std::move(busy));
  std::int64_t work = length(whole_);
  for (const TimeSpan& rest : rests) work -= length(rest);
  const auto is_long = [&](const TimeSpan& rest) {
    return static_cast<double>(length(rest)) > most_of_a_rest * static_cast<double>(work);
  };
  const auto number = std::count_if(rests.begin(), rests.end(), is_long);
  const double most = std::min(most_of_a_rest, most_of_all_rests / static_cast<double>(std::max<std::ptrdiff_t>(number, 1)));
  lay_out(rests, work == 0 ? length(whole_) : static_cast<std::int64_t>(most * static_cast<double>(work)));
}

void TimeScale::lay_out(const std::vector<TimeSpan>& rests, std::int64_t longest) {
  std::int64_t all = length(whole_);
  for (const TimeSpan& rest : rests) all -= std::max<std::int64_t>(length(rest) - longest, 0);
  const double per_ms = all > 0 ? 1.0 / static_cast<double>(all) : 0;
  add(whole_.from_ms, per_ms, false);
  for (const TimeSpan& rest : rests) {
    if (length(rest) <= longest) continue;
    add(rest.from_ms, per_ms * static_cast<double>(longest) / static_cast<double>(length(rest)), true);
    add(rest.to_ms, per_ms, false);
    breaks_.push_back({rest, place(rest.from_ms), place(rest.to_ms)});
  }
}

void TimeScale::add(std::int64_t from_ms, double per_ms, bool is_break) {
  const double from = pieces_.empty() ? 0 : place(from_ms);
  pieces_.push_back({from_ms, from, per_ms, is_break});
}

double TimeScale::place(std::int64_t at_ms) const {
  const std::int64_t at = std::clamp(at_ms, whole_.from_ms, whole_.to_ms);
  const auto behind = std::upper_bound(pieces_.begin(), pieces_.end(), at,
                                       [](std::int64_t moment, const Piece& piece) { return moment < piece.from_ms; });
  const Piece& piece = *std::prev(behind);
  return std::min(piece.from + piece.per_ms * static_cast<double>(at - piece.from_ms), 1.0);
}

std::vector<TimeScale::Tick> TimeScale::ticks() const {
  const double per_ms = pieces_.front().per_ms;
  const auto wide = std::find_if(steps.begin(), steps.end(),
                                 [&](std::int64_t step) { return static_cast<double>(step) * per_ms >= between_ticks; });
  const std::int64_t step = whole_.from_ms == whole_.to_ms ? second : wide == steps.end() ? steps.back() : *wide;
  std::vector<Tick> ticks;
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    if (!pieces_[i].is_break) add_ticks(ticks, i, step);
  return ticks;
}

// One where work begins, with the date, and then at round times.
void TimeScale::add_ticks(std::vector<Tick>& ticks, std::size_t piece, std::int64_t step_ms) const {
  const std::int64_t from = pieces_[piece].from_ms;
  const std::int64_t to = piece + 1 < pieces_.size() ? pieces_[piece + 1].from_ms : whole_.to_ms;
  const bool is_nothing = from == to && piece > 0;
  double last = -1, last_essential = -1;
  for (const Tick& tick : ticks) {
    if (!tick.label.empty()) last = tick.place;
    if (tick.is_essential) last_essential = tick.place;
  }
  const std::int64_t day_before = ticks.empty() ? -1 : (pieces_[piece - 1].from_ms) / day;
  for (std::int64_t at = from; at <= to && !is_nothing; at = (at / step_ms + 1) * step_ms) {
    Tick tick{place(at), "", false};
    const bool has_room = tick.place <= 1 - room_at_the_end && (last < 0 || tick.place - last >= between_labels);
    if (has_room) {
      tick.label = label_of(at, step_ms, at == from && from / day != day_before);
      last = tick.place;
      tick.is_essential = tick.place <= 1 - 2 * room_at_the_end &&
                          (last_essential < 0 || tick.place - last_essential >= between_essential_labels);
      if (tick.is_essential) last_essential = tick.place;
    }
    ticks.push_back(std::move(tick));
  }
}

}  // namespace runbook
