#include "report/html_step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/counted.h"
#include "base/duration.h"
#include "base/json.h"
#include "report/shown_output.h"
#include "state/instance_name.h"

namespace runbook {

namespace {

class StepWriter {
 public:
  StepWriter(HtmlPage& page, std::size_t position)
      : page_(page), out_(page.out), step_(page.report.steps[position]), position_(position) {}

  void write() {
    const bool is_open = step_.state == StepState::failed || step_.state == StepState::in_doubt;
    out_ << "<details class=\"s\" id=\"s" << position_ << (is_open ? Markup("\" open>") : Markup("\">"));
    write_line();
    out_ << "<div class=\"b\">";
    write_facts();
    write_deed();
    for (const AuditQuestion& question : step_.questions) write_question(question);
    for (const AuditAttempt& attempt : step_.attempts) write_attempt(attempt);
    write_results();
    out_ << "</div></details>\n";
  }

 private:
  void write_line() {
    out_ << "<summary>";
    if (step_.is_watch) write_state(page_, watch_word());
    else write_state(page_, step_state_name(step_.state));
    out_ << "<h4>" << Shown{step_.title()} << "</h4><code>" << Shown{step_.instance} << "</code><span class=\"m\">";
    if (step_.is_watch) out_ << "watch ";
    if (step_.is_removed) out_ << "no longer in the runbook ";
    if (step_.attempts.size() > 1) out_ << step_.attempts.size() << " attempts, ";
    if (step_.started_at_ms != 0 && step_.ended_at_ms != 0)
      out_ << Shown{elapsed_text(step_.ended_at_ms - step_.started_at_ms)};
    out_ << "</span></summary>";
  }

  std::string_view watch_word() const {
    const WatchState& watch = page_.report.state.watch(step_.instance);
    if (watch.sight == WatchState::Sight::tripped) return "tripped";
    return watch.sight == WatchState::Sight::bad ? "bad" : "good";
  }

  void write_facts() {
    const Value& line = step_.line;
    if (!step_.why.empty()) out_ << "<p class=\"why\">" << Shown{step_.why} << "</p>";
    if (const std::string note = line.text_or("note", ""); !note.empty()) out_ << "<p class=\"note\">" << Shown{note} << "</p>";
    out_ << "<dl>";
    const std::string because = line.text_or("effect_because", "");
    write_fact(page_, "Effect", in_words(line.text_or("effect", "")) + (because.empty() ? "" : ": " + because));
    write_fact(page_, "Source", line.text_or("source", ""));
    write_code_fact(page_, "Only when", line.text_or("when", ""));
    write_probe("Done when", line.get("done_when"));
    write_probe("Verified by", line.get("verify"));
    write_code_fact(page_, "Includes", line.text_or("includes", ""));
    write_code_fact(page_, "Its undo", line.text_or("undo", ""));
    write_fact(page_, "Said to be done by", step_.answered_by);
    out_ << "</dl>";
  }

  void write_probe(Markup name, const Value& probe) {
    if (!probe.is_map()) return;
    out_ << "<dt>" << name << "</dt><dd><code class=\"pw\">" << Shown{deed_text(probe)} << "</code></dd>";
  }

  bool is_manual() const { return step_.line.text_or("type", "") == "manual"; }

  // What was done, as the last attempt had it; of a loop's items those that do the same refer to the first.
  void write_deed() {
    if (is_manual()) {
      const bool is_asked =
          std::any_of(step_.questions.begin(), step_.questions.end(), [](const auto& each) { return bool(each.form); });
      if (!is_asked) write_form(step_.line.get("does").get("params"), {});
      return;
    }
    const AuditAttempt* last = step_.attempts.empty() ? nullptr : &step_.attempts.back();
    const Value deed = deed_of(step_, last, page_.stored);
    const std::string text = deed_text(deed), around = surroundings_of(deed);
    if (text.empty() && around.empty()) return;
    const auto [first, is_new] = page_.deeds.try_emplace(name_without_keys(step_.instance), position_, text + '\0' + around);
    if (!is_new && first->second.second == text + '\0' + around) {
      out_ << "<p class=\"h\">" << name_of_deed() << "</p><p>The same as ";
      write_step_link(page_, page_.report.steps[first->second.first].instance);
      out_ << ".</p>";
      return;
    }
    write_block(page_, name_of_deed(), text);
    if (!around.empty()) write_block(page_, "In these surroundings", around);
    const std::string written = deed_text(step_.line.get("does"));
    if (!written.empty() && written != text) write_block(page_, "As it is written", written);
  }

  Markup name_of_deed() const {
    const bool was_done = !step_.attempts.empty() || step_.request;
    const bool only_looks = step_.line.text_or("effect", "") == "read" && step_.attempts.empty();
    if (only_looks) return was_done ? Markup("What it looked at") : Markup("What it looks at");
    return was_done ? Markup("What it did") : Markup("What it does");
  }

  static std::string surroundings_of(const Value& deed) { return fmt::format("{}", fmt::join(surroundings_text(deed), "\n")); }

  void write_form(const Value& form, const std::set<std::int64_t>& ticked) {
    if (!form.is_map()) {
      if (form.is_text()) out_ << "<div class=\"say\">" << Shown{form.as_text()} << "</div>";
      return;
    }
    if (const std::string say = form.text_or("instructions", ""); !say.empty())
      out_ << "<div class=\"say\">" << Shown{say} << "</div>";
    const Value items = form.get("checklist");
    if (items.is_list()) {
      out_ << "<ul class=\"ck\">";
      std::int64_t number = 0;
      for (const Value& item : items.as_list())
        out_ << (ticked.count(number++) ? Markup("<li class=\"on\"><span>done: </span>")
                                        : Markup("<li><span>not ticked: </span>"))
             << Shown{text_or_json(item)} << "</li>";
      out_ << "</ul>";
    }
    write_fields(form.get("collect"));
  }

  void write_fields(const Value& fields) {
    if (!fields.is_list() || fields.as_list().empty()) return;
    out_ << "<p class=\"h\">Values asked for</p><dl>";
    for (const Value& field : fields.as_list())
      out_ << "<dt><code>" << Shown{field.text_or("name", "")} << "</code></dt><dd>" << Shown{field.text_or("description", "")}
           << "</dd>";
    out_ << "</dl>";
  }

  void write_question(const AuditQuestion& question) {
    out_ << "<section class=\"q\"><h5>Question: " << Shown{in_words(question.about)} << "</h5>";
    if (!question.text.empty()) out_ << "<p class=\"say\">" << Shown{question.text} << "</p>";
    write_form(stored_value(question.form, page_.stored), question.ticked);
    out_ << "<dl><dt>Asked</dt><dd>";
    write_times(page_, question.asked_at_ms, question.answered_at_ms);
    out_ << "</dd>";
    write_fact(page_, "Choices", fmt::format("{}", fmt::join(question.choices, ", ")));
    if (question.answered_at_ms == 0) write_fact(page_, "Answer", "nobody has answered it");
    write_fact(page_, "Answer", question.choice);
    write_fact(page_, "By", question.who);
    write_fact(page_, "Counts as", question.approver);
    write_fact(page_, "Of what, SHA-256", question.sha256);
    write_fact(page_, "Because", question.because);
    out_ << "</dl>";
    write_evidence(page_, stored_value(question.evidence, page_.stored));
    out_ << "</section>";
  }

  void write_attempt(const AuditAttempt& attempt) {
    out_ << "<section class=\"a\"><h5>Attempt " << attempt.number << "</h5> ";
    write_state(page_, attempt.result);
    out_ << "<p class=\"t\">";
    write_times(page_, attempt.began_at_ms, attempt.ended_at_ms);
    if (attempt.exit_code) out_ << ", exit status " << *attempt.exit_code;
    out_ << "</p>";
    if (!attempt.why.empty() && attempt.why != step_.why) out_ << "<p class=\"why\">" << Shown{attempt.why} << "</p>";
    write_remarks(attempt);
    write_other_deed(attempt);
    if (attempt.had_terminal) out_ << "<p>It had the operator’s terminal; what passed there is not recorded.</p>";
    for (const std::string& process : attempt.left)
      out_ << "<p>Left behind on purpose: <code>" << Shown{process} << "</code></p>";
    write_values(page_, "What stood before", stored_value(attempt.before, page_.stored));
    write_output(attempt);
    write_values(page_, "What was found", stored_value(attempt.findings, page_.stored));
    write_values(page_, "Its outputs", stored_value(attempt.outputs, page_.stored));
    write_record(attempt);
    out_ << "</section>";
  }

  void write_record(const AuditAttempt& attempt) {
    out_ << "<p class=\"rec\">Record: attempt " << attempt.n << " of the run, group " << attempt.group << ", effect "
         << Shown{in_words(attempt.effect)} << ", events " << attempt.began_seq;
    if (attempt.ended_seq != 0) out_ << " to " << attempt.ended_seq;
    if (!attempt.definition.empty()) out_ << ", definition <code>" << Shown{attempt.definition} << "</code>";
    out_ << "</p>";
  }

  void write_remarks(const AuditAttempt& attempt) {
    if (attempt.was_in_doubt) out_ << "<p>Nobody saw when it ended: that is when it was settled.</p>";
    for (const std::string& process : attempt.strays)
      out_ << "<p>Left behind, and ended: <code>" << Shown{process} << "</code></p>";
  }

  void write_other_deed(const AuditAttempt& attempt) {
    if (&attempt == &step_.attempts.back()) return;
    const Value deed = deed_of(step_, &attempt, page_.stored);
    if (deed == deed_of(step_, &step_.attempts.back(), page_.stored)) return;
    write_block(page_, "What this attempt did", deed_text(deed));
    if (const std::string around = surroundings_of(deed); !around.empty()) write_block(page_, "In these surroundings", around);
  }

  void write_output(const AuditAttempt& attempt) {
    if (!attempt.output && attempt.output_total == 0) return;
    if (attempt.output_shown == 0) {
      out_ << "<p class=\"h\">Output</p>";
      write_about_output(attempt, attempt.output.size);
      return;
    }
    const Excerpt part = output_excerpt(attempt, page_.stored(attempt.output.digest));
    const bool is_long = attempt.output_shown > 4000 || std::count(part.head.begin(), part.head.end(), '\n') > 40;
    out_ << (is_long ? Markup("<details class=\"x\"><summary>Output, ") : Markup("<p class=\"h\">Output, "))
         << Shown{size_text(attempt.output_total)} << (is_long ? Markup("</summary>") : Markup("</p>")) << "<pre>"
         << ShownBetweenTags{part.head};
    if (part.left_out > 0)
      out_ << "<i class=\"cut\">" << part.left_out << " bytes left out here</i>" << ShownBetweenTags{part.tail};
    out_ << "</pre>";
    write_about_output(attempt, part.left_out);
    if (is_long) out_ << "</details>";
  }

  void write_about_output(const AuditAttempt& attempt, std::int64_t left_out) {
    out_ << "<p class=\"rec\">" << attempt.output_total << " bytes written";
    if (left_out > 0) out_ << ", " << left_out << " of them left out here";
    if (attempt.is_output_scrubbed) out_ << ", something was scrubbed from it since";
    if (!attempt.output_sha256.empty()) out_ << ", SHA-256 of all <code>" << Shown{attempt.output_sha256} << "</code>";
    out_ << "</p>";
  }

  void write_results() {
    write_values(page_, "What it found", stored_value(step_.findings, page_.stored));
    const bool is_told = !step_.attempts.empty() && step_.attempts.back().outputs.digest == step_.outputs.digest;
    if (!is_told) write_values(page_, "Outputs", stored_value(step_.outputs, page_.stored));
    const bool is_shown = std::any_of(step_.questions.begin(), step_.questions.end(),
                                      [&](const AuditQuestion& each) { return each.evidence.digest == step_.evidence.digest; });
    if (!step_.evidence || is_shown) return;
    out_ << "<p class=\"h\">Evidence</p>";
    write_evidence(page_, stored_value(step_.evidence, page_.stored));
  }

  HtmlPage& page_;
  HtmlWriter& out_;
  const AuditStep& step_;
  std::size_t position_;
};

}  // namespace

void write_html_step(HtmlPage& page, std::size_t position) { StepWriter(page, position).write(); }

}  // namespace runbook
