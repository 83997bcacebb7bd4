#include "report/audit_report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "report/audit_markdown.h"
#include "report/shown_output.h"

using namespace runbook;

namespace {

// A run as the journal would tell it, a second between two events.
class Told {
 public:
  Told() {
    const Value outline = Value(List{line("a", "Part one"), line("b", "Part one"), line("c", "")});
    tell(
        event::run_began, "", 0,
        object(
            {{"runbook", "told"}, {"title", "Told"}, {"operator", "ada"}, {"host", "h"}, {"outline", keep(to_json(outline))}}));
  }

  Told& tell(std::string_view kind, const std::string& instance = {}, std::int64_t attempt = 0, Value body = {}) {
    const auto seq = static_cast<std::int64_t>(events_.size()) + 1;
    events_.push_back(Event{seq, std::string(kind), instance, attempt, 1'000'000 + seq * 1000, std::move(body)});
    return *this;
  }

  Value keep(const std::string& bytes) {
    const std::string digest = std::string(60, 'a') + std::to_string(1000 + blobs_.size());
    blobs_[digest] = bytes;
    return blob_reference(digest, bytes.size());
  }

  AuditReport report(const AuditScope& scope = {}) const {
    const auto read = [&](const std::function<void(const Event&)>& each) {
      for (const Event& event : events_)
        if (event.seq <= scope.up_to_seq) each(event);
      return std::string(64, 'f');
    };
    return audit_run("r1", read, stored(), scope);
  }

  ReadStored stored() const {
    return [this](const std::string& digest) { return blobs_.at(digest); };
  }

  std::string markdown() const {
    std::string text;
    write_markdown(report(), stored(), {"1", "UTC"}, [&](std::string_view piece) { text += piece; });
    return text;
  }

 private:
  static Value line(const char* id, const char* source) {
    return object({{"id", id},
                   {"title", std::string("Do ") + id},
                   {"type", "exec"},
                   {"effect", "once"},
                   {"section", ""},
                   {"source", source},
                   {"does", object({{"type", "exec"}, {"params", object({{"argv", Value(List{"say", "a b"})}})}})}});
  }

  std::vector<Event> events_;
  std::map<std::string, std::string> blobs_;
};

Value result(std::string_view word) { return object({{"result", word}}); }

std::vector<std::string> states(const AuditReport& report) {
  std::vector<std::string> all;
  for (const AuditPause& pause : report.pauses) all.push_back(pause.state);
  return all;
}

}  // namespace

TEST_CASE("an_engine_that_ended_without_a_word_is_a_pause_of_its_own") {
  Told told;
  told.tell(event::intent, "a", 1).tell(event::driven, "", 0, object({{"how", "resume"}, {"who", "bob"}}));
  const AuditReport report = told.report();
  REQUIRE(states(report) == std::vector<std::string>{"crashed"});
  CHECK(report.pauses[0].seq == 2);
  CHECK(report.pauses[0].to_ms - report.pauses[0].from_ms == 1000);
  CHECK(report.pauses[0].resumed_by == "bob");
}

TEST_CASE("what_a_command_writes_between_pause_and_resume_is_no_end_of_the_pause") {
  Told told;
  told.tell(event::paused, "", 0, object({{"state", "waiting"}, {"why", "for ada"}}))
      .tell(event::driven, "", 0, object({{"how", "command"}, {"who", "eve"}}))
      .tell(event::paused, "", 0, object({{"state", "interrupted"}}))
      .tell(event::driven, "", 0, object({{"how", "resume"}, {"who", "bob"}}))
      .tell(event::left, "", 0, object({{"state", "succeeded"}}));
  const AuditReport report = told.report();
  REQUIRE(states(report) == std::vector<std::string>{"waiting"});
  CHECK(report.pauses[0].to_ms - report.pauses[0].from_ms == 3000);
  CHECK(report.paused_ms() == 3000);
  CHECK(report.duration_ms() == 5000);
  CHECK(report.sessions.size() == 3);
}

TEST_CASE("a_take_over_and_the_undo_of_a_run_that_was_left_are_no_crash") {
  Told told;
  told.tell(event::driven, "", 0, object({{"how", "take-over"}, {"who", "bob"}}))
      .tell(event::left, "", 0, object({{"state", "succeeded"}}))
      .tell(event::driven, "", 0, object({{"how", "undo"}, {"who", "bob"}}))
      .tell(event::undoing);
  const AuditReport report = told.report();
  REQUIRE(states(report) == std::vector<std::string>{"ended"});
  CHECK(report.pauses[0].to_ms - report.pauses[0].from_ms == 1000);
}

TEST_CASE("attempts_keep_their_numbers_and_what_became_of_each") {
  Told told;
  told.tell(event::intent, "a", 1, object({{"group", 1}, {"number", 1}, {"effect", "once"}}))
      .tell(event::doubted, "a", 1, object({{"why", "the machine went down"}}))
      .tell(event::ended, "a", 1, object({{"result", "failed"}, {"why", "decided by ada: retry"}}))
      .tell(event::renewed, "a", 0, object({{"how", "retry"}, {"who", "ada"}}))
      .tell(event::intent, "a", 2, object({{"group", 2}, {"number", 2}, {"effect", "once"}}))
      .tell(event::ended, "a", 2, object({{"result", "succeeded"}, {"exit_code", 0}}));
  const AuditReport report = told.report();
  const AuditStep& step = report.steps[0];
  REQUIRE(step.attempts.size() == 2);
  CHECK(step.attempts[0].result == "failed");
  CHECK(step.attempts[0].why == "decided by ada: retry");
  CHECK(step.attempts[1].group == 2);
  CHECK(step.attempts[1].exit_code == 0);
  CHECK(step.state == StepState::succeeded);
  const auto renewed =
      std::find_if(report.timeline.begin(), report.timeline.end(), [](const auto& each) { return each.seq == 5; });
  REQUIRE(renewed != report.timeline.end());
  CHECK(renewed->kind == AuditEntry::Kind::decision);
  CHECK(renewed->who == "ada");
}

TEST_CASE("what_closed_another_question_is_no_decision_about_a_doubt") {
  Told told;
  told.tell(event::intent, "a", 1)
      .tell(event::asked, "a", 0, object({{"question", "q1"}, {"about", "overdue"}}))
      .tell(event::doubted, "a", 1, object({{"why", "it was killed"}}))
      .tell(event::answered, "a", 0, object({{"question", "q1"}, {"choice", "wait"}, {"who", "runbook"}}))
      .tell(event::asked, "a", 0, object({{"question", "q2"}, {"about", "doubt"}}));
  REQUIRE(told.report().doubts.size() == 1);
  CHECK(told.report().doubts[0].choice == "");
  told.tell(event::answered, "a", 0,
            object({{"question", "q2"}, {"choice", "done"}, {"who", "bob"}, {"because", "it is there"}}))
      .tell(event::ended, "a", 1, result("succeeded"));
  const AuditDoubt doubt = told.report().doubts.at(0);
  CHECK(doubt.choice == "done");
  CHECK(doubt.because == "it is there");
  CHECK(doubt.settled_seq == 8);
}

TEST_CASE("a_doubt_is_open_while_what_was_sent_again_has_not_told") {
  Told told;
  told.tell(event::intent, "a", 1).tell(event::doubted, "a", 1, object({{"why", "no answer"}})).tell(event::sent_again, "a", 1);
  CHECK(told.report().doubts.at(0).settled_seq == 0);
  SUBCASE("it tells") {
    told.tell(event::ended, "a", 1, result("succeeded"));
    CHECK(told.report().doubts.size() == 1);
    CHECK(told.report().doubts[0].settled_seq == 5);
    CHECK(told.report().doubts[0].how == "sent once more with the same token; succeeded");
  }
  SUBCASE("it does not, and somebody decides") {
    told.tell(event::doubted, "a", 1, object({{"why", "no answer again"}}))
        .tell(event::asked, "a", 0, object({{"question", "q"}, {"about", "doubt"}}))
        .tell(event::answered, "a", 0, object({{"question", "q"}, {"choice", "done"}, {"who", "bob"}}))
        .tell(event::ended, "a", 1, result("succeeded"));
    const auto doubts = told.report().doubts;
    REQUIRE(doubts.size() == 2);
    CHECK(doubts[0].how == "sent once more with the same token; that told nothing");
    CHECK(doubts[0].choice == "");
    CHECK(doubts[1].choice == "done");
  }
}

TEST_CASE("a_part_of_the_record_has_the_doubts_of_its_steps_and_times") {
  Told told;
  told.tell(event::intent, "a", 1)
      .tell(event::doubted, "a", 1, object({{"why", "x"}}))
      .tell(event::ended, "a", 1, result("succeeded"))
      .tell(event::intent, "b", 2)
      .tell(event::doubted, "b", 2, object({{"why", "y"}}));
  const auto names = [&](const AuditScope& scope) {
    std::vector<std::string> all;
    for (const AuditDoubt& doubt : told.report(scope).doubts) all.push_back(doubt.instance);
    return all;
  };
  using Names = std::vector<std::string>;
  CHECK(names({}) == Names{"a", "b"});
  AuditScope scope;
  scope.steps = {"b"};
  CHECK(names(scope) == Names{"b"});
  scope = {};
  scope.from_ms = 1'005'000;
  CHECK(names(scope) == Names{"b"});
  scope = {};
  scope.to_ms = 1'004'000;
  CHECK(names(scope) == Names{"a"});
}

TEST_CASE("a_step_that_has_another_name_now_keeps_what_happened_under_the_former_one") {
  Told told;
  told.tell(event::intent, "z", 1).tell(event::ended, "z", 1, result("succeeded"));
  told.tell(
      event::adopted, "", 0,
      object({{"outline", told.keep(R"([{"id":"a","title":"Do a","type":"exec","effect":"once","section":"","source":""}])")},
              {"renamed", object({{"z", "a"}})}}));
  const AuditReport report = told.report();
  REQUIRE(report.steps.size() == 1);
  CHECK(report.steps[0].attempts.size() == 1);
}

TEST_CASE("a_part_of_a_run_tells_of_its_steps_and_its_time_and_covers_the_whole") {
  Told told;
  told.tell(event::intent, "a", 1).tell(event::ended, "a", 1, result("succeeded"));  // 1'002'000, 1'003'000
  told.tell(event::intent, "b", 2).tell(event::ended, "b", 2, result("succeeded"));
  AuditScope by_name;
  by_name.steps = {"b"};
  CHECK(told.report(by_name).steps.size() == 1);
  CHECK(told.report(by_name).steps_left_out == 2);
  CHECK(told.report(by_name).timeline.size() == 2);
  AuditScope by_time;
  by_time.to_ms = 1'003'000;
  REQUIRE(told.report(by_time).steps.size() == 1);
  CHECK(told.report(by_time).steps[0].instance == "a");
  CHECK(told.report(by_time).coverage[0].done == 2);
  AuditScope earlier;
  earlier.up_to_seq = 3;
  CHECK(told.report(earlier).coverage[0].done == 1);
  CHECK(told.report(earlier).steps[1].state == StepState::pending);
}

TEST_CASE("whatever_events_say_or_lack_a_report_is_made") {
  Told told;
  for (const std::string_view kind :
       {event::driven, event::accepted, event::paused, event::pinned, event::handed_off, event::cancelling, event::undo_ended})
    told.tell(kind);
  for (const std::string_view kind : {event::ended, event::answered, event::asked, event::ticked, event::waiting, event::intent,
                                      event::doubted, event::shell_closed})
    told.tell(kind, "a", 7);
  told.tell("invented_later", "a").tell(event::intent, "of_no_step", 9).tell(event::section_failed, "2");
  CHECK(!told.markdown().empty());
}

TEST_CASE("outputs_share_the_room_that_there_is") {
  AuditReport report;
  report.steps.resize(3);
  for (AuditStep& step : report.steps) step.attempts.resize(1);
  const auto give = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
    report.steps[0].attempts[0].output.size = a;
    report.steps[1].attempts[0].output.size = b;
    report.steps[2].attempts[0].output.size = c;
    share_out_output(report);
  };
  give(10, 20, 1 << 20);
  CHECK(report.steps[1].attempts[0].output_shown == 20);
  CHECK(report.steps[2].attempts[0].output_shown == most_output_of_attempt);
  report.steps.resize(1000);
  for (AuditStep& step : report.steps) {
    step.attempts.resize(1);
    step.attempts[0].output.size = 40'000;
  }
  report.steps[0].attempts[0].output.size = 3;
  share_out_output(report);
  std::int64_t all = 0;
  for (const AuditStep& step : report.steps) all += step.attempts[0].output_shown;
  CHECK(report.steps[0].attempts[0].output_shown == 3);
  CHECK(all <= most_output_in_report);
  CHECK(all > most_output_in_report - 10'000);
}

TEST_CASE("an_excerpt_keeps_characters_whole_and_counts_what_it_leaves_out") {
  CHECK(excerpt("short", 5).head == "short");
  const std::string text = "ä" + std::string(50, 'x') + "ö\n" + std::string(50, 'y') + "ü";
  for (std::int64_t most = 0; most <= static_cast<std::int64_t>(text.size()); ++most) {
    const Excerpt shown = excerpt(text, most);
    CHECK(shown.head.size() + shown.tail.size() + static_cast<std::size_t>(shown.left_out) == text.size());
    CHECK(text.starts_with(shown.head));
    CHECK(text.ends_with(shown.tail));
    CHECK((shown.tail.empty() || (static_cast<unsigned char>(shown.tail[0]) & 0xC0U) != 0x80U));
    CHECK(static_cast<std::int64_t>(shown.head.size() + shown.tail.size()) <= most);
  }
}

TEST_CASE("nothing_from_outside_becomes_a_mark_of_markdown") {
  Told told;
  told.tell(
      event::skipped, "a", 0,
      object({{"who", "`x` | <b>"}, {"because", "# [a](http://evil) *b* | c <img src=x> https://evil www.evil.org a@evil"}}));
  const std::string text = told.markdown();
  CHECK(text.find("\\# \\[a\\](http\\://evil) \\*b\\* \\| c \\<img src=x\\> https\\://evil www\\.evil.org a\\@evil") !=
        std::string::npos);
  CHECK(text.find("<img") == text.find("\\<img") + 1);
  CHECK(text.find("`` `x` \\| <b> ``") != std::string::npos);
}

TEST_CASE("the_exact_command_stands_as_it_would_be_typed") {
  CHECK(deed_text(object({{"type", "exec"}, {"params", object({{"argv", Value(List{"say", "a b", "$x"})}})}})) ==
        "say 'a b' '$x'");
  CHECK(deed_text(object({{"type", "shell"}, {"params", object({{"script", "ls\n"}, {"with", "bash"}, {"stdin", "x"}})}})) ==
        "ls\nstdin: x");
  CHECK(deed_text(object({{"type", "kubectl"}, {"params", object({{"args", Value(List{"get", "pods"})}})}})) ==
        "kubectl get pods");
  CHECK(deed_text(object({{"params", Value()}, {"that", "x == 1"}})) == "that: x == 1");
  CHECK(deed_text(Value()).empty());
}

TEST_CASE("a_scope_comes_back_from_the_proof") {
  Told told;
  AuditScope scope;
  scope.from_ms = 5;
  scope.steps = {"a", "b"};
  scope.has_output = false;
  const auto back = scope_of_proof(report_proof(told.report(scope), {"1", "UTC"}));
  REQUIRE(back);
  CHECK(back->from_ms == 5);
  CHECK(!back->to_ms);
  CHECK(back->steps == scope.steps);
  CHECK(!back->has_output);
  CHECK(back->up_to_seq == 1);
  CHECK(!scope_of_proof(Value()));
  CHECK(!scope_of_proof(object({{"scope", Value(Map{})}, {"events", "x"}})));
}
