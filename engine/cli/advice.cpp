#include "cli/advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/cells.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/shell_word.h"
#include "cli/session.h"
#include "os/terminal.h"
#include "report/form_text.h"
#include "run/approval.h"
#include "run/frontier.h"
#include "run/manual.h"
#include "state/going_on.h"

namespace runbook {

namespace {

class Adviser {
 public:
  Adviser(const Advice& advice, const End& end) : a_(advice), end_(end) {}

  std::string text(bool has_running_steps) { return own_text(has_running_steps) + others(); }

 private:
  // Other branches may wait too.
  std::string others() const {
    std::string text;
    if (end_.is_left()) return text;
    for (const auto& [id, question] : a_.state.questions) {
      if (!question.is_open || question.instance == end_.instance) continue;
      text += fmt::format("\nalso: {}\n", question.text);
      if (question.about == "manual") text += line("it is done", fmt::format("confirm {} {}", a_.run, word(question.instance)));
      if (question.about == "doubt")
        text +=
            line("settle it", fmt::format("resolve {} {} done|not-done|retry{}", a_.run, word(question.instance), because()));
    }
    return text;
  }

  std::string own_text(bool has_running_steps) {
    if (end_.state == "succeeded") return succeeded();
    if (end_.state == "undone")
      return fmt::format("\nrun {} is undone{}{}\n", a_.run, end_.why.empty() ? "" : ": ", end_.why) +
             line("what stays", "undo " + a_.run + " --plan");
    if (end_.state == "cancelled") return cancelled();
    if (end_.state == "failed") return failed();
    if (end_.state == "in_doubt") return in_doubt();
    if (end_.state == "waiting") return waiting(has_running_steps);
    return interrupted(has_running_steps);
  }

  std::string line(std::string_view what, const std::string& command) const {
    return fmt::format("  {:<15} runbook {}{}\n", what, command, a_.journal_words);
  }
  std::string resume() const { return is_being_left() ? words_to_go_on(a_.state, a_.run) : resume_with_options(); }
  // `undo` and `cancel` take no answers beforehand.
  std::string resume_with_options() const { return fmt::format("{} {} --resume", a_.resume_words, a_.file); }
  bool is_being_left() const { return !a_.state.is_scripted && (a_.state.is_undoing || a_.state.is_cancelling); }
  // Of loops there are names that a shell would take for patterns.
  static std::string word(const std::string& instance) { return quoted_for_shell(instance); }
  std::string give_up() const {
    if (a_.state.is_undoing || a_.state.is_cancelling) return {};
    return line(has_cleanup() ? "clean up" : "give up", "cancel " + a_.run);
  }
  bool has_cleanup() const { return a_.runbook.root.finally != nullptr; }

  std::string because() const { return " --because \"...\""; }

  std::string succeeded() const {
    std::int64_t took = a_.state.ended_at_ms - a_.state.began_at_ms;
    return fmt::format("\nrun {} succeeded: {} in {}\n", a_.run, counted(a_.runbook.steps.size(), "step"), elapsed_text(took));
  }

  std::string cancelled() const {
    const std::string text = a_.first ? fmt::format("\n{}", failure(*a_.first)) : "";
    return text + fmt::format("\nrun {} is cancelled. What it did stays done:\n", a_.run) +
           line("what was done", "show " + a_.run);
  }

  std::string failed() const {
    const std::string& step = end_.instance;
    std::string text = a_.first ? fmt::format("\n{}\nthen its cleanup failed:\n", failure(*a_.first)) : "\n";
    if (step.empty()) return text + fmt::format("run {} failed: {}\n", a_.run, end_.why) + give_up();
    text += failure({step, end_.why, a_.output, a_.findings});
    const bool is_in_cleanup = is_of_cleanup(step);
    text += fmt::format("\nrun {} has paused {}; nothing after `{}` was run.\n", a_.run,
                        is_in_cleanup ? "in its cleanup (`finally`)" : "there", step);
    if (has_cleanup() && !is_in_cleanup && !a_.state.is_undoing)
      text += "Its cleanup (`finally`) is pending: it runs when the run is left.\n";
    if (a_.state.of(step).has_exited)
      return text + "Its process ended well; going on looks at what it did, and does not run it again.\n" +
             line("look", fmt::format("logs {} {}", a_.run, word(step))) + line("go on", resume()) + give_up();
    if (would_happen_twice(step))
      text += "Its process ended well: what it did stands, and trying it again does it once more.\n";
    text += line("look", fmt::format("logs {} {}", a_.run, word(step)));
    text += line("try it again", resume());
    text += line("leave it out", fmt::format("skip {} {}{}", a_.run, word(step), because()));
    return text + give_up();
  }

  std::string failure(const Failure& it) const {
    if (it.step.empty()) return fmt::format("run {} failed: {}\n", a_.run, it.why);
    std::string text = fmt::format("step `{}` failed: {}\n", it.step, it.why);
    text += last_lines(it.output, 20, "    | ");
    if (!it.findings.empty()) text += "what stood there:\n" + last_lines(it.findings, 40, "    | ");
    const Step* step = a_.runbook.find_step_of(it.step);
    return step ? text + hints_for(*step, {it.output, it.findings, it.why}) : text;
  }

  // Nothing else begins in a run that is given up.
  bool is_of_cleanup(const std::string& id) const {
    if (a_.state.is_cancelling || !has_cleanup()) return a_.state.is_cancelling;
    const std::vector<const Step*> cleanup = steps_of(*a_.runbook.root.finally);
    return std::find(cleanup.begin(), cleanup.end(), a_.runbook.find_step_of(id)) != cleanup.end();
  }

  // It failed behind its effect: its outputs can't be had, or a look says no.
  bool would_happen_twice(const std::string& id) const {
    const Step* step = a_.runbook.find_step_of(id);
    const bool may_be_repeated = step && (step->effect == Effect::read || step->effect == Effect::idempotent);
    return step && !may_be_repeated && a_.state.of(id).exit_code == std::int64_t{0};
  }

  std::string in_doubt() const {
    const std::string& step = end_.instance;
    const InstanceState& it = a_.state.of(step);
    std::string text = fmt::format("\nstep `{}` is in doubt: {}\n", step, it.why);
    text += it.has_exited
                ? "It ended well, and nobody knows whether it took effect; going on looks again, once that is possible. "
                : "It was begun, and nobody knows whether it took effect. ";
    text += "It is not run again unless you say so.\n";
    text += last_lines(a_.output, 20, "    | ");
    text += "\n" + line("look", fmt::format("logs {} {}", a_.run, word(step)));
    text += line("it took effect", fmt::format("resolve {} {} done{}{}", a_.run, word(step), outputs_to_set(), because()));
    text += line("it did not", fmt::format("resolve {} {} not-done{}", a_.run, word(step), because()));
    text += line("run it again", fmt::format("resolve {} {} retry{}", a_.run, word(step), because()));
    return text + "then\n" + line("go on", resume());
  }

  std::string outputs_to_set() const {
    std::string text;
    const Step* step = a_.runbook.find_step_of(end_.instance);
    if (!step || a_.state.of(end_.instance).has_exited) return text;
    for (const auto& rule : step->outputs) text += fmt::format(" --set {}=...", rule.name);
    return text;
  }

  std::string waiting(bool has_running_steps) const {
    std::string text = fmt::format("\nrun {} waits for a person: {}\n", a_.run, end_.why);
    const Question* question = a_.state.open_question(end_.instance);
    if (question && question->about == "manual") return text + manual(*question);
    if (question && is_approval_by_others(*question)) return text + approval(*question);
    if (question && question->about == "files") return text + changed_files();
    if (question && question->about == "code") return text + line("at a terminal", resume()) + give_up();
    if (question && question->about == "approval")
      return text +
             line("to approve",
                  fmt::format("{} --approve {}={}", resume_with_options(), end_.instance, quoted_for_shell(question->phrase))) +
             give_up();
    const Step* step = a_.runbook.find_step_of(end_.instance);
    if (!question && step && step->has_terminal) return text + at_a_terminal(has_running_steps);
    if (has_running_steps) text += fmt::format("`{}` runs on meanwhile; its end will not be missed.\n", end_.instance);
    text += line("look", fmt::format("logs {} {} -f", a_.run, word(end_.instance)));
    text += line("wait for it", resume());
    return text + line("end it", "cancel " + a_.run);
  }

  // What runs on is at one already, and nobody is at it.
  std::string at_a_terminal(bool has_running_steps) const {
    if (!has_running_steps) return "Nothing of it was begun.\n" + line("at a terminal", resume()) + give_up();
    return fmt::format("It waits for whoever comes back to it; its end will not be missed.\n") +
           line("at a terminal", resume()) + line("end it", "cancel " + a_.run);
  }

  std::string approval(const Question& question) const {
    const std::string& step = end_.instance;
    std::string text = fmt::format("\nto be approved (sha256 {}):\n{}\n", question.sha256,
                                   with_margin(to_pretty_json(a_.form.get("request")), "    "));
    text += line("to approve", fmt::format("confirm {} {}{}", a_.run, word(step), allowed_signers() ? " --sign-with KEY" : ""));
    text += line("to refuse", fmt::format("reject {} {}{}", a_.run, word(step), because()));
    return text + "then\n" + line("go on", resume());
  }

  std::string changed_files() const {
    const std::string step = word(end_.instance);
    return line("take it", fmt::format("confirm {} {} --note \"...\"", a_.run, step)) +
           line("stop there", fmt::format("reject {} {}{}", a_.run, step, because())) + "then\n" + line("go on", resume());
  }

  std::string manual(const Question& question) const {
    const std::string& step = end_.instance;
    std::string text = "\n" + form_text(a_.form, question, "    ", a_.markdown) + "\n";
    text += line("it is done", fmt::format("confirm {} {}{}", a_.run, word(step), what_to_give(a_.form)));
    text += line("it can't be", fmt::format("reject {} {}{}", a_.run, word(step), because()));
    text += line("leave it out", fmt::format("skip {} {}{}", a_.run, word(step), because()));
    return text + "then\n" + line("go on", resume());
  }

  std::string interrupted(bool has_running_steps) const {
    std::string text = fmt::format("\nrun {} is interrupted: {}\n", a_.run, end_.why);
    if (has_running_steps) text += "The running step goes on by itself; its end will not be missed.\n";
    for (const auto& [name, it] : a_.state.instances) {
      if (it.state == StepState::in_doubt)
        text += fmt::format("`{}` is in doubt: {}. Going on looks, or asks, before anything else.\n", name, it.why);
    }
    return text + line("go on", resume()) + line("where it stands", "show " + a_.run);
  }

  const Advice& a_;
  const End& end_;
};

}  // namespace

std::string what_to_give(const Value& form) {
  std::string text;
  const Value fields = form.get("collect");
  for (const Value& field : fields.is_list() ? fields.as_list() : List()) {
    const std::string name = field.text_or("name", "");
    if (!default_of(form, name))
      text += " --set " + name + "=" + quoted_for_shell(field.find("example") ? text_or_json(field.get("example")) : "...");
  }
  return text + (form.text_or("evidence", "") == "required" ? " --note \"...\"" : "");
}

std::string last_lines(const std::string& text, std::size_t count, const std::string& margin) {
  std::size_t end = text.size();
  while (end > 0 && text[end - 1] == '\n') --end;
  std::size_t begin = end, lines = 0;
  while (begin > 0 && !(text[begin - 1] == '\n' && ++lines == count)) --begin;
  std::string result;
  while (begin < end) {
    std::size_t stop = std::min(text.find('\n', begin), end);
    result += margin + harmless(std::string_view(text).substr(begin, stop - begin), terminal_charset()) + "\n";
    begin = stop + 1;
  }
  return result;
}

std::string hints_for(const Step& step, const std::vector<std::string>& texts) {
  std::string hints, why;
  for (const Hint& hint : step.hints) {
    const auto pattern = Pattern::parse(hint.match, why);
    const bool fits =
        pattern && std::any_of(texts.begin(), texts.end(), [&](const auto& text) { return pattern->search(text); });
    if (fits) hints += last_lines(hint.say, 20, "  hint: ");
  }
  return hints;
}

std::string advise(const Advice& advice, const End& end, bool has_running_steps) {
  return Adviser(advice, end).text(has_running_steps);
}

}  // namespace runbook
