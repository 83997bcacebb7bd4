#include "cli/person.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/json.h"
#include "cli/asking.h"
#include "cli/manual_dialog.h"
#include "report/form_text.h"
#include "run/approval.h"
#include "run/questions.h"

namespace runbook {

TerminalPerson::TerminalPerson(Inbox& inbox, LineEditor& editor, std::string who, const Runbook& runbook, std::string run,
                               Console* console)
    : inbox_(inbox),
      who_(std::move(who)),
      runbook_(runbook),
      run_(std::move(run)),
      console_(console),
      editor_(editor),
      thread_([this] { work(); }) {}

TerminalPerson::~TerminalPerson() {
  {
    std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  editor_.break_off();
  thread_.join();
}

void TerminalPerson::ask(const Question& question) {
  std::lock_guard lock(mutex_);
  questions_.push_back(question);
  changed_.notify_all();
}

void TerminalPerson::withdraw(const std::string& id) {
  std::lock_guard lock(mutex_);
  questions_.erase(std::remove_if(questions_.begin(), questions_.end(), [&](const Question& each) { return each.id == id; }),
                   questions_.end());
  if (current_ != id) return;
  is_withdrawn_ = true;
  editor_.break_off();
}

void TerminalPerson::hold() {
  std::unique_lock lock(mutex_);
  is_held_ = true;
  if (!current_.empty()) editor_.break_off();
  changed_.wait(lock, [this] { return current_.empty(); });
}

void TerminalPerson::release() {
  std::lock_guard lock(mutex_);
  is_held_ = false;
  changed_.notify_all();
}

void TerminalPerson::work() {
  while (true) {
    Question question;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_over_ || (!is_held_ && !questions_.empty()); });
      if (is_over_) return;
      question = questions_.front();
      questions_.pop_front();
      current_ = question.id;
      is_withdrawn_ = false;
      editor_.forget_break_off();
    }
    std::optional<FailureMenu::Choice> given;
    {
      const Aside aside(console_, [this](const std::string& text) { editor_.say_above(text); });
      given = put_question(question);
    }
    std::lock_guard lock(mutex_);
    current_.clear();
    changed_.notify_all();
    if (is_withdrawn_ && !is_over_ && !is_held_) fmt::print(stderr, "it is not asked any more\n");
    if (is_over_ || is_withdrawn_) continue;
    if (is_held_ && !given) questions_.push_front(question);
    else hand_in(std::move(given));
  }
}

void TerminalPerson::hand_in(std::optional<FailureMenu::Choice> given) {
  if (!given) return inbox_.post(Interrupt{Interrupt::Kind::pause, "Ctrl-D"});
  if (auto* answer = std::get_if<Answer>(&*given)) return inbox_.post(std::move(*answer));
  const Wish& wish = std::get<Wish>(*given);
  wish_ = wish;
  questions_.clear();  // they are asked again when it is done
  inbox_.post(Interrupt{Interrupt::Kind::yield, who_});
}

std::optional<Wish> TerminalPerson::take_wish() {
  std::lock_guard lock(mutex_);
  return std::exchange(wish_, std::nullopt);
}

std::optional<FailureMenu::Choice> TerminalPerson::put_question(const Question& question) {
  const Step* step = runbook_.find_step_of(question.instance);
  const bool is_menu = question.about == "failed" || question.about == "doubt";
  if (is_menu && step) return FailureMenu(editor_, who_, *step).put(question);
  if (question.about == "manual" && step && step->manual)
    return ManualDialog(editor_, inbox_, who_, *step->manual).put(question);
  return is_approval_by_others(question) ? put_approval(question) : put_choice(question);
}

std::optional<Answer> TerminalPerson::put_approval(const Question& question) {
  fmt::print(stderr, "\n{}\n", with_margin(to_pretty_json(question.details.get("request")), "    "));
  if (!question.not_operator) {
    auto given = put_choice(question);
    if (given && given->choice == "reject" && !ask_for_reason(*given)) return std::nullopt;
    return given;
  }
  std::string told = fmt::format("{}\nsomebody else answers: runbook confirm {} {}\n", question.text, run_, question.instance);
  while (editor_.read_line(told)) told = "it is waited for somebody else (Ctrl-D pauses)\n";
  return std::nullopt;
}

std::optional<Answer> TerminalPerson::put_choice(const Question& question) {
  fmt::print(stderr, "\n{}\n", question.text);
  while (true) {
    const std::string what = question.phrase.empty() ? fmt::format("{}", fmt::join(question.choices, " | ")) : "phrase";
    auto line = editor_.read_line(what + " (Ctrl-D pauses): ");
    if (!line) return fmt::print(stderr, "\n"), std::nullopt;
    auto given = read_answer(question, *line);
    if (!given) continue;
    std::string why = why_not_a_choice(question, *given);
    if (!why.empty()) {
      fmt::print(stderr, "{}\n", why);
      continue;
    }
    if (question.about == "files" && !ask_for_reason(*given)) return std::nullopt;
    return given;
  }
}

bool TerminalPerson::ask_for_reason(Answer& given) {
  const auto why = ask_for(editor_, "why? (stands in the record): ");
  given.because = why.value_or("");
  return why.has_value();
}

std::optional<Answer> TerminalPerson::read_answer(const Question& question, const std::string& line) const {
  auto first = line.find_first_not_of(" \t"), last = line.find_last_not_of(" \t\r");
  if (first == std::string::npos) return std::nullopt;  // Enter alone chooses nothing
  std::string word = line.substr(first, last - first + 1);
  if (question.about == "code") return Answer{question.id, "code", who_, "", 0, object({{"code", word}})};
  if (!question.phrase.empty()) return Answer{question.id, "approve", who_, "", 0, object({{"phrase", word}})};
  return Answer{question.id, word, who_, "", 0, Value()};
}

}  // namespace runbook
