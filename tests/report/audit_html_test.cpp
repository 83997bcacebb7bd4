#include "report/audit_html.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/base64.h"
#include "base/digest.h"
#include "base/json.h"
#include "report/html_style.h"
#include "report/html_text.h"
#include "tests/support/parts_of_text.h"

using namespace runbook;

namespace {

constexpr std::int64_t began = 1'795'972'915'000;  // 2026-11-29T17:21:55Z

// A report by hand, and the texts that it refers to.
struct Told {
  AuditReport report;
  std::map<std::string, std::string> blobs;

  Told() {
    report.run = "20261129-1721-abcd";
    report.state.runbook = "told";
    report.state.title = "Told";
    report.state.state = "succeeded";
    report.state.began_at_ms = began;
    report.state.ended_at_ms = report.last_at_ms = began + 60'000;
    report.state.operator_name = "ada";
    report.state.seq = 7;
    report.head = std::string(64, 'f');
  }

  StoredText keep(const std::string& text) {
    const std::string digest = std::to_string(blobs.size() + 1);
    blobs[digest] = text;
    return {digest, static_cast<std::int64_t>(text.size())};
  }

  AuditStep& step(const std::string& instance, const std::string& title = "Do it") {
    AuditStep& made = report.steps.emplace_back();
    made.instance = instance;
    made.line = object({{"id", instance},
                        {"title", title},
                        {"type", "shell"},
                        {"effect", "once"},
                        {"does", object({{"type", "shell"}, {"params", object({{"script", "echo it"}})}})}});
    made.state = StepState::succeeded;
    made.first_at_ms = made.started_at_ms = began;
    made.ended_at_ms = began + 1000;
    return made;
  }

  AuditAttempt& attempt(AuditStep& step, const std::string& output = "") {
    AuditAttempt& made = step.attempts.emplace_back();
    made.n = made.number = static_cast<std::int64_t>(step.attempts.size());
    made.began_at_ms = began;
    made.ended_at_ms = began + 1000;
    made.result = "succeeded";
    if (output.empty()) return made;
    made.output = keep(output);
    made.output_total = made.output_shown = made.output.size;
    return made;
  }

  AuditEntry& entry(std::string text, AuditEntry::Kind kind = AuditEntry::Kind::attempt, std::string instance = "") {
    const auto seq = static_cast<std::int64_t>(report.timeline.size()) + 1;
    return report.timeline.emplace_back(AuditEntry{kind, seq, began + seq, 0, std::move(instance), std::move(text), ""});
  }

  std::string page(const std::string& zone = "UTC") const {
    std::string text;
    const ReadStored stored = [this](const std::string& digest) { return blobs.at(digest); };
    write_html(report, stored, {"1.0.0", zone}, [&](std::string_view piece) { text += piece; });
    return text;
  }
};

std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin) + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

AuditDoubt open_doubt(const std::string& instance, const std::string& why) {
  AuditDoubt doubt;
  doubt.instance = instance;
  doubt.why = why;
  doubt.at_ms = began;
  return doubt;
}

}  // namespace

TEST_CASE("text_from_outside_is_only_ever_text") {
  CHECK(html_text("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;");
  CHECK(html_text("a & b &lt; \" '") == "a &amp; b &amp;lt; &quot; &#39;");
  CHECK(html_text("\x1b[31m \x07 \x7f\b\r") == "^[[31m ^G ^?^H^M");
  CHECK(html_text(std::string("a\0b", 3)) == "a^@b");
  CHECK(html_text("\xe2\x80\xaeturned\xe2\x81\xa6") == "&lt;U+202E&gt;turned&lt;U+2066&gt;");
  CHECK(html_text("\xff\xc3( \xed\xa0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD( \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(html_text("\xc2\x9b"
                  "31m") == "&lt;U+009B&gt;31m");
  CHECK(html_text("tab\tline\nGr\xc3\xbc\xc3\x9f"
                  "e \xf0\x9f\x9a\x80") ==
        "tab\tline\nGr\xc3\xbc\xc3\x9f"
        "e \xf0\x9f\x9a\x80");
  CHECK(html_text_between_tags("\"<'&>") == "\"&lt;'&amp;&gt;");
}

TEST_CASE("what_is_written_comes_in_pieces_and_nothing_is_lost") {
  std::string text;
  std::size_t pieces = 0;
  const ReportSink sink = [&](std::string_view piece) {
    text += piece;
    ++pieces;
  };
  HtmlWriter out(sink);
  for (int i = 0; i < 100'000; ++i) out << "<p>" << i << "</p>";
  out << Share{0.375} << Share{1} << Share{0};
  out.flush();
  CHECK(pieces > 10);
  CHECK(text.starts_with("<p>0</p><p>1</p>"));
  CHECK(text.ends_with("<p>99999</p>37.5%100%0%"));
}

TEST_CASE("hostile_text_stands_nowhere_as_markup_whatever_field_it_comes_in") {
  const std::string evil = "\"'><script>evil()</script><img src=x onerror=evil()>\x1b\xe2\x80\xae";
  Told told;
  RunState& run = told.report.state;
  run.title = run.runbook = run.version = run.operator_name = run.host = run.engine = run.file = run.dir = run.lock = run.why =
      evil;
  run.state = run.definition_sha256 = run.file_sha256 = told.report.document = told.report.summary = told.report.head = evil;
  told.report.inputs = object({{evil, evil}});
  told.report.outputs = Value(List{evil});
  told.report.not_encoded = told.report.not_automated = Value(List{object({{"what", evil}, {"because", evil}})});
  run.deviations = {{1, began, evil, evil, evil, evil}};
  run.handoffs = {{1, began, evil, evil, evil, began}};
  run.targets[evil] = {{}, evil};
  run.files[evil] = evil;
  run.watches[evil] = {WatchState::Sight::bad, evil, began};
  told.report.pauses = {{began, began + 1, 1, evil, evil, evil}};
  told.report.sessions = {{1, began, evil, evil, evil, evil}};
  told.report.undos = {{1, began, evil, evil, evil}};
  told.report.coverage = {{evil}};
  told.entry("in doubt: " + evil, AuditEntry::Kind::attempt, evil).who = evil;
  told.report.doubts = {{evil, 1, began, 1, evil, 2, began, evil, evil, evil, evil}};
  AuditStep& step = told.step(evil, evil);
  for (const char* name : {"section", "source", "note", "when", "includes", "effect", "effect_because", "undo"})
    step.line = with(step.line, name, evil);
  step.line = with(step.line, "done_when", object({{"type", evil}, {"that", evil}}));
  step.why = step.answered_by = evil;
  step.outputs = told.keep(to_json(object({{evil, evil}})));
  step.evidence = told.keep(to_json(
      Value(List{object({{"url", "javascript:" + evil}}), object({{"url", "https://x/" + evil}}), object({{"file", evil}})})));
  AuditAttempt& attempt = told.attempt(step, evil);
  attempt.result = attempt.why = attempt.effect = attempt.definition = attempt.output_sha256 = evil;
  attempt.left = {evil};
  attempt.before = attempt.findings = told.keep(to_json(Value(evil)));
  attempt.request = told.keep(
      to_json(object({{"type", evil}, {"params", object({{evil, evil}})}, {"env", object({{evil, evil}})}, {"dir", evil}})));
  AuditQuestion question;
  question.about = question.text = question.choice = question.who = question.because = question.approver = evil;
  question.choices = {evil};
  question.form =
      told.keep(to_json(object({{"instructions", evil}, {"checklist", Value(List{evil})}, {"collect", Value(List{evil})}})));
  question.evidence = step.evidence;
  question.answered_at_ms = began;
  step.questions.push_back(question);

  const std::string page = told.page(evil);
  CHECK(times(page, "<script") == 2);  // the proof and ours
  CHECK(times(page, "</script") == 2);
  CHECK_FALSE(holds(page, "<img"));
  CHECK_FALSE(holds(page, "\"'>"));
  CHECK_FALSE(holds(page, "href=\"javascript"));
  CHECK_FALSE(holds(page, "href=\"https://x/"));
  CHECK_FALSE(holds(page, "\x1b"));
  CHECK_FALSE(holds(page, "\xe2\x80\xae"));
  CHECK(times(page, "<main") == 1);
  CHECK(times(page, "evil()") > 60);
}

TEST_CASE("only_a_plain_address_of_the_web_becomes_a_link") {
  Told told;
  AuditStep& step = told.step("a");
  step.evidence = told.keep(
      to_json(Value(List{object({{"url", "https://example.org/a?b=1&c=2"}}), object({{"url", "javascript:evil()"}}),
                         object({{"url", "https://example.org/\xe2\x80\xae"}}), object({{"url", "data:text/html,x"}})})));
  const std::string page = told.page();
  CHECK(holds(page, "href=\"https://example.org/a?b=1&amp;c=2\">"));
  CHECK(times(page, "noreferrer") == 1);
  CHECK(holds(page, "url: javascript:evil()"));
}

TEST_CASE("the_policy_names_what_the_page_holds") {
  const std::string page = Told().page();
  const std::string script = between(page, "<script>", "</script>"), style = between(page, "<style>", "</style>");
  CHECK(script == page_script().text());
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\"");
  const auto named = [&](const std::string& text) { return "&#39;sha256-" + base64(sha256(text)) + "&#39;"; };
  CHECK(holds(policy, "default-src &#39;none&#39;"));
  CHECK(holds(policy, "script-src " + named(script)));
  CHECK(holds(policy, "style-src " + named(style)));
  CHECK_FALSE(holds(policy, "unsafe"));
  CHECK_FALSE(holds(page, " style=\""));
  CHECK_FALSE(holds(style, "http"));
}

TEST_CASE("the_proof_is_read_back_as_it_was_given") {
  Told told;
  told.report.state.title = "</script><script>evil()";
  told.report.state.runbook = "a</script>\xe2\x80\xae<!-- \xf0\x9f\x9a\x80 & \x01";
  told.report.scope.steps = {"<b>", "copy[a]"};
  told.report.scope.has_output = false;
  told.report.scope.up_to_seq = 7;
  const std::string json = between(told.page(), "id=\"runbook-proof\">", "</script>");
  for (const char character : {'<', '>', '&', '\x01', '\xe2', '\xf0'}) CHECK(json.find(character) == std::string::npos);
  const Value proof = parse_json(json);
  CHECK(proof == report_proof(told.report, {"1.0.0", "UTC"}));
  const auto scope = scope_of_proof(proof);
  REQUIRE(scope);
  CHECK(scope->steps == told.report.scope.steps);
  CHECK_FALSE(scope->has_output);
}

TEST_CASE("the_page_is_a_function_of_what_it_is_given") {
  Told told;
  told.attempt(told.step("a"), "text");
  told.entry("it began");
  CHECK(told.page() == told.page());
}

TEST_CASE("every_id_is_there_once_and_every_way_leads_somewhere") {
  Told told;
  for (const char* name : {"a", "b", "c"}) told.attempt(told.step(name), "text");
  told.report.doubts = {open_doubt("b", "x")};
  told.entry("failed", AuditEntry::Kind::attempt, "gone");
  told.report.state.deviations = {{1, began, "c", "skipped", "ada", "why"}};
  const std::string page = told.page();
  std::set<std::string> ids;
  for (std::size_t at = page.find(" id=\""); at != std::string::npos; at = page.find(" id=\"", at + 1)) {
    const std::string id = page.substr(at + 5, page.find('"', at + 5) - at - 5);
    CHECK_MESSAGE(ids.insert(id).second, id);
  }
  for (std::size_t at = page.find("href=\"#"); at != std::string::npos; at = page.find("href=\"#", at + 1)) {
    const std::string id = page.substr(at + 7, page.find('"', at + 7) - at - 7);
    CHECK_MESSAGE(ids.count(id) == 1, id);
  }
}

TEST_CASE("a_doubt_is_told_with_who_settled_it_and_how_and_an_open_one_as_open") {
  Told told;
  for (const char* name : {"a", "b"}) told.attempt(told.step(name), "text");
  told.report.doubts = {{"a", 3, began, 1, "the machine went down", 5, began, "succeeded", "done", "bob", "the file is there"},
                        open_doubt("b", "nobody saw it end")};
  const std::string page = told.page();
  CHECK(holds(page, "</a> was in doubt and was settled</li>"));
  CHECK(holds(page, "</a> is in doubt still</li>"));
  CHECK(holds(page, "</td><td>the machine went down</td>"));
  CHECK(holds(page, "<p><strong>done</strong>, by bob</p><p>the file is there</p><p>succeeded<br>"));
  CHECK(holds(page, "nobody saw it end</td><td data-h=\"Settled\"><p>It is not settled.</p>"));
}

TEST_CASE("a_step_in_doubt_twice_is_named_once_at_the_top_as_it_stands_now") {
  Told told;
  told.attempt(told.step("a"), "text");
  told.report.doubts = {{"a", 3, began, 1, "first", 5, began, "failed", "not_done", "bob", "empty"}, open_doubt("a", "second")};
  const std::string page = told.page();
  CHECK(times(page, " is in doubt still</li>") == 1);
  CHECK_FALSE(holds(page, "was settled</li>"));
  CHECK(holds(page, "<a href=\"#doubts\">Doubts</a> <i>2</i>"));
}

TEST_CASE("local_times_stand_beside_utc_unless_they_are_the_same") {
  Told told;
  CHECK(holds(told.page(), "<time datetime=\"2026-11-29T17:21:55Z\">2026-11-29 17:21:55 UTC</time></span>"));
  CHECK(holds(told.page("Europe/Berlin"), "17:21:55 UTC</time> <i>"));
  CHECK(holds(told.page("Europe/Berlin"), "Local times are those of Europe/Berlin."));
}

TEST_CASE("of_a_long_output_both_ends_are_shown_and_how_much_is_left_out") {
  Told told;
  AuditAttempt& attempt =
      told.attempt(told.step("a"), std::string(5000, 'h') + std::string(90'000, 'm') + std::string(5000, 't'));
  attempt.output_shown = 10'000;
  attempt.output_total = 123'456'789;
  attempt.output_sha256 = "abcd";
  const std::string page = told.page();
  CHECK(holds(page, "hhh<i class=\"cut\">123446789 bytes left out here</i>ttt"));
  CHECK_FALSE(holds(page, "m\xEF"));
  CHECK(holds(page, "123456789 bytes written, 123446789 of them left out here, SHA-256 of all <code>abcd</code>"));
}

TEST_CASE("without_outputs_the_page_says_so_and_still_names_their_digests") {
  Told told;
  AuditAttempt& attempt = told.attempt(told.step("a"), "secret words");
  attempt.output_shown = 0;
  attempt.output_sha256 = "abcd";
  told.report.scope.has_output = false;
  const std::string page = told.page();
  CHECK_FALSE(holds(page, "secret words"));
  CHECK(holds(page, "what the steps wrote"));
  CHECK(holds(page, "12 bytes written, 12 of them left out here"));
}

TEST_CASE("steps_that_failed_are_open_and_the_others_folded") {
  Told told;
  told.step("fine");
  AuditStep& bad = told.step("bad");
  bad.state = StepState::failed;
  bad.why = "it exited with 3";
  const std::string page = told.page();
  CHECK(holds(page, "id=\"s0\"><summary>"));
  CHECK(holds(page, "id=\"s1\" open><summary>"));
  CHECK(holds(page, "<b class=\"st bad\">failed</b> <a href=\"#s1\">bad</a> it exited with 3"));
}

TEST_CASE("items_of_a_loop_that_do_the_same_refer_to_the_first") {
  Told told;
  told.step("copy[a]");
  told.step("copy[b]");
  AuditStep& other = told.step("copy[c]");
  other.request =
      told.keep(to_json(object({{"type", "exec"}, {"params", object({{"argv", Value(List{"other", "words here"})}})}})));
  const std::string page = told.page();
  CHECK(times(page, "echo it") == 2);  // and as it is written, beside what the last did
  CHECK(holds(page, "The same as <a href=\"#s0\">copy[a]</a>."));
  CHECK(holds(page, "<pre>other 'words here'</pre>"));
}

TEST_CASE("a_run_of_ten_thousand_steps_stays_a_page_that_opens") {
  Told told;
  const std::string output(800, 'x');  // what is left for each
  for (int i = 0; i < 10'000; ++i) {
    AuditStep& step = told.step(fmt::format("touch[host-{:05}]", i), "Touch the host");
    step.line = with(step.line, "section", "Every host");
    AuditAttempt& attempt = told.attempt(step, output);
    attempt.output_total = 20'000;
    attempt.output_sha256 = std::string(64, 'a');
    attempt.definition = "a7f10cb6df20";
    attempt.effect = "once";
    attempt.exit_code = 0;
    attempt.request = told.keep(to_json(
        object({{"type", "shell"}, {"params", object({{"script", fmt::format("touch {} {}", i, std::string(300, 'y'))}})}})));
    told.entry("attempt 1 began (effect once)", AuditEntry::Kind::attempt, step.instance);
    told.entry("succeeded", AuditEntry::Kind::attempt, step.instance);
  }
  std::size_t size = 0, largest = 0;
  const ReadStored stored = [&](const std::string& digest) { return told.blobs.at(digest); };
  write_html(told.report, stored, {"1.0.0", "Europe/Berlin"}, [&](std::string_view piece) {
    size += piece.size();
    largest = std::max(largest, piece.size());
  });
  CHECK(size < 25 << 20);
  CHECK(largest < 256 << 10);
}
