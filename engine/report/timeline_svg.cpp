#include "report/timeline_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "base/cells.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "report/time_scale.h"
#include "report/timeline_lanes.h"

namespace runbook {

namespace {

// In pixels.
constexpr int axis_height = 20, rest_height = 18, heading_height = 24, lane_height = 27, bar_top = 15, bar_height = 8;
constexpr std::size_t longest_name = 40, most_spans_of_a_lane = 40, bins = 240;

Markup class_of(LaneSpan::Kind kind) {
  switch (kind) {
    case LaneSpan::Kind::done: return "d";
    case LaneSpan::Kind::failed: return "f";
    case LaneSpan::Kind::doubt: return "q";
    case LaneSpan::Kind::stopped: return "c";
    case LaneSpan::Kind::running: return "r";
    case LaneSpan::Kind::wait: return "w";
    case LaneSpan::Kind::undo: return "u";
    case LaneSpan::Kind::asked: return "k";
  }
  return "d";
}

Markup words_of(LaneSpan::Kind kind) {
  switch (kind) {
    case LaneSpan::Kind::done: return "done";
    case LaneSpan::Kind::failed: return "failed";
    case LaneSpan::Kind::doubt: return "in doubt";
    case LaneSpan::Kind::stopped: return "stopped";
    case LaneSpan::Kind::running: return "running";
    case LaneSpan::Kind::wait: return "wait or check";
    case LaneSpan::Kind::undo: return "undo";
    case LaneSpan::Kind::asked: return "waits for a person";
  }
  return "";
}

Markup symbol_of(LaneMark::Kind kind) {
  switch (kind) {
    case LaneMark::Kind::question: return "tl-ask";
    case LaneMark::Kind::answer: return "tl-answer";
    case LaneMark::Kind::deviation: return "tl-deviation";
    case LaneMark::Kind::skipped: return "tl-skip";
    case LaneMark::Kind::held: return "tl-held";
    case LaneMark::Kind::watch: return "tl-watch";
    case LaneMark::Kind::failed: return "tl-fail";
    case LaneMark::Kind::doubt: return "tl-doubt";
    case LaneMark::Kind::taken_up: return "tl-up";
  }
  return "";
}

Markup words_of(LaneMark::Kind kind) {
  switch (kind) {
    case LaneMark::Kind::question: return "question";
    case LaneMark::Kind::answer: return "answer";
    case LaneMark::Kind::deviation: return "deviation";
    case LaneMark::Kind::skipped: return "left out";
    case LaneMark::Kind::held: return "held already";
    case LaneMark::Kind::watch: return "what a watch saw";
    case LaneMark::Kind::failed: return "a failure";
    case LaneMark::Kind::doubt: return "a doubt";
    case LaneMark::Kind::taken_up: return "taken up again";
  }
  return "";
}

// About the origin, so that `x` and `y` of <use> place them.
constexpr Markup definitions =
    "<defs>"
    "<pattern id=\"tl-pf\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect "
    "class=\"pf\" "
    "width=\"5\" height=\"5\"/><path class=\"pl\" d=\"M1 0v5\"/></pattern>"
    "<pattern id=\"tl-pq\" width=\"6\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect class=\"pq\" width=\"6\" "
    "height=\"4\"/><circle "
    "class=\"po\" cx=\"3\" cy=\"2\" r=\"1.1\"/></pattern>"
    "<pattern id=\"tl-pu\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(-45)\"><rect "
    "class=\"pu\" "
    "width=\"5\" height=\"5\"/><path class=\"pl\" d=\"M1 0v5\"/></pattern>"
    "<pattern id=\"tl-pp\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path "
    "class=\"pp\" "
    "d=\"M0 0v7\"/></pattern>"
    "<pattern id=\"tl-pz\" width=\"8\" height=\"10\" patternUnits=\"userSpaceOnUse\"><path class=\"pz\" d=\"M1 0l5 5-5 "
    "5\"/></pattern>"
    "<path id=\"tl-ask\" class=\"ma\" d=\"M0-5.5 5.5 0 0 5.5-5.5 0z\"/>"
    "<path id=\"tl-answer\" class=\"mb\" d=\"M0-5.5 5.5 0 0 5.5-5.5 0z\"/>"
    "<path id=\"tl-deviation\" class=\"md\" d=\"M-1 7v-15h10l-3 4 3 4h-9\"/>"
    "<path id=\"tl-skip\" class=\"ms\" d=\"M-5-4l5 4-5 4M1-4l5 4-5 4\"/>"
    "<path id=\"tl-held\" class=\"ms\" d=\"M-5-2h10M-5 2h10\"/>"
    "<g id=\"tl-watch\"><circle class=\"ma\" r=\"4.5\"/><circle class=\"mw\" r=\"1.5\"/></g>"
    "<path id=\"tl-fail\" class=\"mf\" d=\"M-4-4l8 8M4-4l-8 8\"/>"
    "<path id=\"tl-doubt\" class=\"mq\" d=\"M-3-3a3 3 0 1 1 4 3q-1 .6-1 2M0 5v1\"/>"
    "<path id=\"tl-up\" class=\"mb\" d=\"M-3-5 5 0-3 5z\"/>"
    "</defs>";

std::string shortened(const std::string& text) {
  return cut_to_cells(harmless(text, Charset::utf8), longest_name, Charset::utf8);
}

class Timeline {
 public:
  Timeline(const AuditReport& report, HtmlWriter& out)
      : report_(report), out_(out), lanes_(timeline_lanes(report, most_lanes)), scale_(whole(), busy()) {
    for (const Lane& lane : lanes_) height_ += lane_height + (begins_section(lane) ? heading_height : 0);
    section_.reset();
  }

  void write() {
    out_ << "<figure class=\"tl\"><svg role=\"img\" aria-labelledby=\"tl-title tl-desc\" width=\"100%\" height=\""
         << height_ + 4 << "\"><title id=\"tl-title\">Timeline of the run</title><desc id=\"tl-desc\">" << Shown{description()}
         << "</desc>" << definitions;
    write_names();
    write_axis();
    write_rests();
    write_lanes();
    out_ << "</svg>";
    write_legend();
    out_ << "</figure>\n";
  }

 private:
  TimeSpan whole() const {
    TimeSpan span{std::numeric_limits<std::int64_t>::max(), 0};
    for (const AuditEntry& entry : report_.timeline) {
      span.from_ms = std::min(span.from_ms, entry.at_ms);
      span.to_ms = std::max(span.to_ms, entry.at_ms);
    }
    if (span.from_ms > span.to_ms) span = {report_.state.began_at_ms, report_.last_at_ms};
    return {span.from_ms, std::max(span.from_ms, span.to_ms)};
  }

  // What people are asked for is rest: nothing is done meanwhile. What a crash left open was not done while nobody drove the run.
  std::vector<TimeSpan> busy() const {
    std::vector<TimeSpan> busy;
    for (const Lane& lane : lanes_)
      for (const LaneSpan& span : lane.spans)
        if (span.kind != LaneSpan::Kind::asked) add_without_pauses(busy, {span.from_ms, span.to_ms});
    return busy;
  }

  void add_without_pauses(std::vector<TimeSpan>& busy, TimeSpan span) const {
    for (const AuditPause& pause : report_.pauses) {
      const std::int64_t to = pause.to_ms ? pause.to_ms : report_.last_at_ms;
      if (to <= span.from_ms || pause.from_ms >= span.to_ms) continue;
      if (pause.from_ms > span.from_ms) busy.push_back({span.from_ms, pause.from_ms});
      span.from_ms = std::max(span.from_ms, to);
    }
    if (span.from_ms <= span.to_ms) busy.push_back(span);
  }

  bool begins_section(const Lane& lane) {
    const bool is_new = section_ ? *section_ != lane.section : !lane.section.empty();
    section_ = lane.section;
    return is_new && !lane.section.empty();
  }

  std::string description() const {
    std::string text = fmt::format("{}, from {} to {}, on {}.", counted(report_.steps.size(), "step"),
                                   utc_text(whole().from_ms), utc_text(whole().to_ms), counted(lanes_.size(), "lane"));
    for (const AuditPause& pause : report_.pauses)
      text += fmt::format(" {} at {}.", pause.state == "crashed" ? "The engine ended without a word" : "It came to rest",
                          utc_text(pause.from_ms));
    return text + " The table below says the same in words.";
  }

  void write_names() {
    section_.reset();
    int y = axis_height + rest_height;
    out_ << "<g class=\"tn\">";
    for (const Lane& lane : lanes_) {
      if (begins_section(lane)) {
        out_ << "<text class=\"th\" y=\"" << y + heading_height - 7 << "\">" << Shown{shortened(lane.section)} << "</text>";
        y += heading_height;
      }
      out_ << "<text y=\"" << y + 10 << "\">" << Shown{shortened(lane.name)};
      if (lane.steps > 1) out_ << " ×" << lane.steps;
      out_ << "</text>";
      y += lane_height;
    }
    out_ << "</g>";
  }

  void write_axis() {
    for (const TimeScale::Tick& tick : scale_.ticks()) {
      const Share x{tick.place};
      out_ << "<line class=\"" << (tick.label.empty() ? Markup("ta tm") : Markup("ta")) << "\" x1=\"" << x << "\" x2=\"" << x
           << "\" y1=\"" << (tick.label.empty() ? axis_height : 4) << "\" y2=\"" << height_ << "\"/>";
      if (tick.label.empty()) continue;
      out_ << "<text class=\"" << (tick.is_essential ? Markup("tt") : Markup("tt to")) << "\" x=\"" << x
           << "\" y=\"13\" dx=\"4\">" << Shown{tick.label} << "</text>";
    }
  }

  // Pauses, and other rests that are cut short: hatched, with how long they took.
  void write_rests() {
    for (const AuditPause& pause : report_.pauses) {
      const std::int64_t to = pause.to_ms ? pause.to_ms : report_.last_at_ms;
      write_band(pause.state == "crashed", scale_.place(pause.from_ms), scale_.place(to), elapsed_text(to - pause.from_ms),
                 pause.state);
    }
    for (const TimeScale::Break& rest : scale_.breaks()) {
      const bool is_pause = std::any_of(report_.pauses.begin(), report_.pauses.end(), [&](const AuditPause& pause) {
        return pause.from_ms < rest.span.to_ms && (pause.to_ms == 0 || pause.to_ms > rest.span.from_ms);
      });
      if (!is_pause) write_band(false, rest.from, rest.to, elapsed_text(rest.span.to_ms - rest.span.from_ms), "nothing ran");
      write_cut(rest);
    }
  }

  void write_band(bool is_crash, double from, double to, const std::string& took, const std::string& state) {
    out_ << "<g><title>" << Shown{state} << ", " << Shown{took} << "</title><rect class=\""
         << (is_crash ? Markup("tr tc") : Markup("tr")) << "\" x=\"" << Share{from} << "\" width=\"" << Share{to - from}
         << "\" y=\"" << axis_height << "\" height=\"" << height_ - axis_height << "\"/></g>";
    if (is_crash) write_crash(from);
    constexpr double room_for_a_label = 0.05;
    if (to - from < room_for_a_label) return;
    out_ << "<text class=\"tw\" x=\"" << Share{(from + to) / 2} << "\" y=\"" << axis_height + 12
         << (is_crash ? Markup("\" dx=\"9\">") : Markup("\">")) << Shown{took} << "</text>";
  }

  void write_crash(double at) {
    out_ << "<svg x=\"" << Share{at} << "\" y=\"" << axis_height
         << "\" overflow=\"visible\"><rect class=\"tz\" width=\"8\" height=\"" << height_ - axis_height << "\"/></svg>";
  }

  // The axis is interrupted where a rest is cut short.
  void write_cut(const TimeScale::Break& rest) {
    for (const double at : {rest.from, rest.to})
      out_ << "<svg x=\"" << Share{at} << "\" y=\"" << axis_height
           << "\" overflow=\"visible\"><path class=\"tx\" d=\"M-3 4l6-8\"/></svg>";
  }

  void write_lanes() {
    section_.reset();
    int y = axis_height + rest_height;
    for (const Lane& lane : lanes_) {
      if (begins_section(lane)) y += heading_height;
      out_ << "<g>";
      out_ << "<line class=\"tg\" x2=\"100%\" y1=\"" << y + bar_top + bar_height / 2 << "\" y2=\""
           << y + bar_top + bar_height / 2 << "\"/>";
      if (lane.steps > 1 || lane.spans.size() > most_spans_of_a_lane) write_density(lane, y);
      else
        for (const LaneSpan& span : lane.spans) write_span(lane, span, y);
      write_marks(lane, y);
      out_ << "</g>";
      y += lane_height;
    }
  }

  void write_span(const Lane& lane, const LaneSpan& span, int y) {
    const double from = scale_.place(span.from_ms), to = scale_.place(span.to_ms);
    kinds_.insert(span.kind);
    out_ << "<rect class=\"tb " << class_of(span.kind) << "\" x=\"" << Share{from} << "\" width=\"" << Share{to - from}
         << "\" y=\"" << y + bar_top << "\" height=\"" << bar_height << "\"><title>" << Shown{lane.name} << ", "
         << Shown{span.what} << ", " << Shown{utc_text(span.from_ms)} << ", " << Shown{elapsed_text(span.to_ms - span.from_ms)}
         << "</title></rect>";
  }

  // How many at once, as a silhouette; what went wrong is marked on it.
  void write_density(const Lane& lane, int y) {
    std::vector<int> changes(bins + 1, 0);
    std::vector<LaneMark> wrong;
    for (const LaneSpan& span : lane.spans) {
      if (span.kind == LaneSpan::Kind::asked) continue;
      ++changes[bin_of(span.from_ms)];
      --changes[bin_of(span.to_ms) + 1];
      if (span.kind == LaneSpan::Kind::failed) wrong.push_back({LaneMark::Kind::failed, span.to_ms, span.what});
      if (span.kind == LaneSpan::Kind::doubt) wrong.push_back({LaneMark::Kind::doubt, span.to_ms, span.what});
    }
    kinds_.insert(LaneSpan::Kind::done);
    write_silhouette(changes, y);
    write_marks({lane.name, lane.section, lane.steps, {}, std::move(wrong)}, y);
  }

  void write_silhouette(const std::vector<int>& changes, int y) {
    int most = 1, now = 0;
    for (const int change : changes) most = std::max(most, now += change);
    out_ << "<svg y=\"" << y + bar_top - 2 << "\" width=\"100%\" height=\"" << bar_height + 2 << "\" viewBox=\"0 0 " << bins
         << " 100\" preserveAspectRatio=\"none\"><path class=\"tb d\" d=\"M0 100";
    now = 0;
    int drawn = 0;
    for (std::size_t i = 0; i <= bins; ++i) {
      now += changes[i];
      // One that runs alone among many is still seen.
      const int height = now == 0 ? 0 : 30 + 70 * now / most;
      if (height != drawn) out_ << "H" << i << "V" << 100 - height;
      drawn = height;
    }
    out_ << "H" << bins << "V100z\"/></svg>";
  }

  std::size_t bin_of(std::int64_t at_ms) const {
    return std::min(static_cast<std::size_t>(scale_.place(at_ms) * static_cast<double>(bins)), bins - 1);
  }

  // Those of one kind that would cover each other are one.
  void write_marks(const Lane& lane, int y) {
    std::set<std::pair<LaneMark::Kind, std::size_t>> drawn;
    for (const LaneMark& mark : lane.marks) {
      if (!drawn.emplace(mark.kind, bin_of(mark.at_ms)).second) continue;
      marks_.insert(mark.kind);
      out_ << "<use href=\"#" << symbol_of(mark.kind) << "\" x=\"" << Share{scale_.place(mark.at_ms)} << "\" y=\""
           << y + bar_top + bar_height / 2 << "\"";
      if (lane.steps > 1) out_ << "/>";
      else out_ << "><title>" << Shown{shortened(mark.what)} << "</title></use>";
    }
  }

  void write_legend() {
    out_ << "<figcaption><ul class=\"lg\"><li>Times in UTC</li>";
    for (const LaneSpan::Kind kind : kinds_)
      out_ << "<li><svg width=\"22\" height=\"12\" aria-hidden=\"true\"><rect class=\"tb " << class_of(kind)
           << "\" x=\"1\" y=\"2\" width=\"20\" height=\"8\"/></svg>" << words_of(kind) << "</li>";
    for (const LaneMark::Kind kind : marks_)
      out_ << "<li><svg width=\"18\" height=\"16\" aria-hidden=\"true\"><use href=\"#" << symbol_of(kind)
           << "\" x=\"8\" y=\"8\"/></svg>" << words_of(kind) << "</li>";
    if (!report_.pauses.empty())
      out_ << "<li><svg width=\"22\" height=\"12\" aria-hidden=\"true\"><rect class=\"tr\" width=\"22\" "
              "height=\"12\"/></svg>at rest</li>";
    if (std::any_of(report_.pauses.begin(), report_.pauses.end(),
                    [](const AuditPause& each) { return each.state == "crashed"; }))
      out_ << "<li><svg width=\"10\" height=\"14\" aria-hidden=\"true\"><rect class=\"tz\" width=\"8\" height=\"14\"/></svg>"
              "the engine ended without a word</li>";
    if (!scale_.breaks().empty())
      out_ << "<li><svg width=\"14\" height=\"12\" aria-hidden=\"true\"><path class=\"tx\" d=\"M2 10l6-8M7 10l6-8\"/></svg>a "
              "rest that is "
              "cut short</li>";
    out_ << "</ul></figcaption>";
  }

  const AuditReport& report_;
  HtmlWriter& out_;
  std::vector<Lane> lanes_;
  TimeScale scale_;
  int height_ = axis_height + rest_height;
  std::optional<std::string> section_;
  std::set<LaneSpan::Kind> kinds_;
  std::set<LaneMark::Kind> marks_;
};

}  // namespace

void write_timeline(const AuditReport& report, HtmlWriter& out) { Timeline(report, out).write(); }

}  // namespace runbook
