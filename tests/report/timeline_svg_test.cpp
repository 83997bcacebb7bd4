#include "report/timeline_svg.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "base/xml.h"
#include "report/timeline_lanes.h"
#include "tests/support/parts_of_text.h"

using namespace runbook;

namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t noon = 1'795'953'600'000;  // 2026-11-29T12:00:00Z

struct Told {
  AuditReport report;

  Told() { report.state.began_at_ms = report.last_at_ms = noon; }

  AuditStep& step(const std::string& instance, const std::string& section = "") {
    AuditStep& made = report.steps.emplace_back();
    made.instance = instance;
    made.line = object({{"title", "Title of " + instance}, {"section", section}});
    made.state = StepState::succeeded;
    return made;
  }

  // Minutes after noon.
  Told& attempt(AuditStep& step, std::int64_t from, std::int64_t to, const std::string& result = "succeeded") {
    AuditAttempt made;
    made.number = static_cast<std::int64_t>(step.attempts.size()) + 1;
    made.began_at_ms = noon + from * minute;
    made.ended_at_ms = result == "running" ? 0 : noon + to * minute;
    made.result = result;
    step.attempts.push_back(made);
    if (step.first_at_ms == 0) step.first_at_ms = made.began_at_ms;
    step.started_at_ms = made.began_at_ms;
    step.ended_at_ms = made.ended_at_ms;
    return entry(from, step.instance).entry(to, step.instance);
  }

  Told& entry(std::int64_t at, const std::string& instance = "", const std::string& text = "",
              AuditEntry::Kind kind = AuditEntry::Kind::attempt) {
    const auto seq = static_cast<std::int64_t>(report.timeline.size()) + 1;
    report.timeline.push_back({kind, seq, noon + at * minute, 0, instance, text, ""});
    report.last_at_ms = std::max(report.last_at_ms, noon + at * minute);
    return *this;
  }

  std::string figure() const {
    std::string text;
    const ReportSink sink = [&](std::string_view piece) { text += piece; };
    HtmlWriter out(sink);
    write_timeline(report, out);
    out.flush();
    return text;
  }
};

// The bars of a kind, each with where it begins and how wide it is, in hundredths of the picture.
struct Bar {
  double from, width;
  int y;
};
void gather(const XmlElement& from, const std::string& kind, std::vector<Bar>& bars) {
  for (const XmlElement& each : from.children) {
    std::map<std::string, std::string> is(each.attributes.begin(), each.attributes.end());
    if (from.name == "g" && each.name == "rect" && is["class"] == "tb " + kind)
      bars.push_back({std::stod(is["x"]), std::stod(is["width"]), std::stoi(is["y"])});
    gather(each, kind, bars);
  }
}

std::vector<Bar> bars(const std::string& figure, const std::string& kind) {
  std::string why;
  const auto root = parse_xml(figure, why);
  REQUIRE_MESSAGE(root, why);
  std::vector<Bar> all;
  gather(*root, kind, all);
  return all;
}

}  // namespace

TEST_CASE("a_figure_says_in_words_what_it_is") {
  Told told;
  told.attempt(told.step("a"), 0, 10);
  const std::string figure = told.figure();
  CHECK(holds(figure, "<svg role=\"img\" aria-labelledby=\"tl-title tl-desc\""));
  CHECK(holds(figure, "<title id=\"tl-title\">Timeline of the run</title>"));
  CHECK(holds(figure, "1 step, from 2026-11-29T12:00:00Z to 2026-11-29T12:10:00Z, on 1 lane."));
  CHECK(holds(figure, "Title of a, attempt 1: succeeded, 2026-11-29T12:00:00Z, 10m 00s"));
}

TEST_CASE("branches_stand_side_by_side_at_the_same_time") {
  Told told;
  told.report.steps.reserve(2);
  told.attempt(told.step("left", "Both / Left"), 0, 10).attempt(told.step("right", "Both / Right"), 0, 5);
  const std::string figure = told.figure();
  const auto found = bars(figure, "d");
  REQUIRE(found.size() == 2);
  CHECK(found[0].from == found[1].from);
  CHECK(found[0].width == doctest::Approx(100));
  CHECK(found[1].width == doctest::Approx(50));
  CHECK(found[0].y < found[1].y);
  CHECK(holds(figure, "Both / Left"));
  CHECK(holds(figure, "Both / Right"));
}

TEST_CASE("every_way_to_end_has_a_bar_of_its_own") {
  Told told;
  AuditStep& step = told.step("a");
  told.attempt(step, 0, 1, "failed")
      .attempt(step, 1, 2, "in_doubt")
      .attempt(step, 2, 3, "cancelled")
      .attempt(step, 3, 4)
      .attempt(step, 4, 5, "running");
  const std::string figure = told.figure();
  for (const char* kind : {"f", "q", "c", "d", "r"}) CHECK(bars(figure, kind).size() == 1);
  CHECK(bars(figure, "r")[0].width == doctest::Approx(20));
}

TEST_CASE("doubts_and_who_took_it_up_are_marked_and_nothing_beyond_the_scope") {
  Told told;
  told.attempt(told.step("a"), 0, 10);
  AuditDoubt& doubt = told.report.doubts.emplace_back();
  doubt.instance = "a";
  doubt.why = "the machine went down";
  doubt.at_ms = noon + 5 * minute;
  told.report.sessions = {{1, noon, "ada", "begin", "", ""},
                          {4, noon + 6 * minute, "bob", "resume", "", ""},
                          {5, noon + 7 * minute, "eve", "command", "", ""},
                          {6, noon + 8 * minute, "cyn", "take-over", "", ""},
                          {7, noon + 9 * minute, "dan", "undo", "", ""}};
  told.report.state.deviations = {{8, noon + 9 * minute, "elsewhere", "skipped", "ada", "why"}};
  CHECK(holds(told.figure(), "in doubt: the machine went down"));
  for (const char* mark : {"taken up by bob", "taken over by cyn", "taken up to be undone by dan"})
    CHECK(holds(told.figure(), mark));
  for (const char* name : {"ada", "eve"}) CHECK_FALSE(holds(told.figure(), name));
  told.report.scope.from_ms = noon + 7 * minute;
  CHECK_FALSE(holds(told.figure(), "in doubt"));
  CHECK_FALSE(holds(told.figure(), "bob"));
  CHECK(holds(told.figure(), "taken over by cyn"));
  told.report.scope = {};
  told.report.scope.steps = {"a"};
  CHECK_FALSE(holds(told.figure(), "taken"));
  CHECK_FALSE(holds(told.figure(), "skipped"));
}

TEST_CASE("a_pause_of_three_days_leaves_the_minutes_of_work_their_room") {
  Told told;
  const std::int64_t later = 3 * 24 * 60;
  AuditStep& step = told.step("a");
  told.attempt(step, 0, 10, "failed").attempt(step, later, later + 10);
  told.report.pauses = {{noon + 10 * minute, noon + later * minute, 2, "failed", "it exited with 1", "ada"}};
  const std::string figure = told.figure();
  CHECK(bars(figure, "f")[0].width > 40);
  CHECK(bars(figure, "d")[0].width > 40);
  CHECK(times(figure, "class=\"tr\"") == 2);  // the band, and what it means
  CHECK(holds(figure, ">2d 23h</text>"));
  CHECK(holds(figure, "a rest that is cut short"));
  CHECK_FALSE(holds(figure, "class=\"tz\""));
}

TEST_CASE("a_crash_is_no_pause_like_the_others") {
  Told told;
  told.attempt(told.step("a"), 0, 10);
  told.report.pauses = {{noon + 4 * minute, noon + 8 * minute, 2, "crashed", "the engine ended without a word", "ada"}};
  const std::string figure = told.figure();
  CHECK(times(figure, "class=\"tz\"") == 2);
  CHECK(holds(figure, "the engine ended without a word"));
  CHECK(holds(figure, "The engine ended without a word at 2026-11-29T12:04:00Z."));
}

TEST_CASE("questions_answers_deviations_and_what_was_left_out_are_marked") {
  Told told;
  told.report.steps.reserve(3);
  AuditStep& asked = told.step("asked");
  AuditQuestion question;
  question.about = "manual";
  question.asked_at_ms = asked.first_at_ms = noon;
  question.answered_at_ms = noon + 5 * minute;
  asked.questions.push_back(question);
  AuditStep& skipped = told.step("skipped");
  skipped.state = StepState::skipped;
  skipped.first_at_ms = skipped.ended_at_ms = noon + 6 * minute;
  AuditStep& held = told.step("held");
  held.state = StepState::satisfied;
  held.first_at_ms = held.ended_at_ms = noon + 7 * minute;
  told.report.state.deviations = {{3, noon + 6 * minute, "skipped", "skipped", "ada", "why"},
                                  {4, noon, "", "accepted", "ada", "why"}};
  told.entry(0, "asked").entry(10, "held");
  const std::string figure = told.figure();
  for (const char* mark : {"tl-ask", "tl-answer", "tl-skip", "tl-held"}) CHECK(times(figure, fmt::format("#{}\"", mark)) == 2);
  CHECK(times(figure, "#tl-deviation\"") == 3);
  CHECK(holds(figure, "The run"));
  CHECK(bars(figure, "k").size() == 1);
}

TEST_CASE("one_instant_and_a_run_that_did_nothing_are_figures_too") {
  Told told;
  CHECK(bars(told.figure(), "d").empty());
  told.attempt(told.step("a"), 0, 0);
  const auto found = bars(told.figure(), "d");
  REQUIRE(found.size() == 1);
  CHECK(found[0].from == doctest::Approx(0));
  CHECK(holds(told.figure(), ">29 Nov 12:00"));
}

TEST_CASE("names_from_outside_are_text_in_the_figure") {
  Told told;
  AuditStep& step = told.step("a", "</svg><script>");
  step.line = with(step.line, "title", "</text></svg><script>evil()</script>\x1b");
  told.attempt(step, 0, 1);
  const std::string figure = told.figure();
  CHECK_FALSE(holds(figure, "<script"));
  CHECK(times(figure, "</figure>") == 1);
  CHECK(bars(figure, "d").size() == 1);
}

TEST_CASE("where_there_are_too_many_steps_those_of_a_loop_share_a_lane_and_then_those_of_a_section") {
  Told loops, sections;
  for (int i = 0; i < 60; ++i) {
    loops.attempt(loops.step(fmt::format("copy[{}]", i), "Copy"), i, i + 1, i == 7 ? "failed" : "succeeded");
    sections.attempt(sections.step(fmt::format("step_{}", i), i < 30 ? "First" : "Second"), i, i + 1);
  }
  const auto by_loop = timeline_lanes(loops.report, most_lanes);
  REQUIRE(by_loop.size() == 1);
  CHECK(by_loop[0].steps == 60);
  CHECK(holds(loops.figure(), "Title of copy[0] ×60"));
  CHECK(times(loops.figure(), "#tl-fail\"") == 2);
  const auto by_section = timeline_lanes(sections.report, most_lanes);
  REQUIRE(by_section.size() == 2);
  CHECK(by_section[1].name == "Second");
  CHECK(by_section[1].steps == 30);
}

TEST_CASE("ten_thousand_steps_in_a_thousand_sections_stay_a_small_figure") {
  Told told;
  for (int i = 0; i < 10'000; ++i)
    told.attempt(told.step(fmt::format("s{}", i), fmt::format("Part {} / Section {}", i / 250, i / 10)), i, i + 3,
                 i % 3 ? "succeeded" : "failed");
  CHECK(timeline_lanes(told.report, most_lanes).size() == 40);
  CHECK(told.figure().size() < 300'000);
}
