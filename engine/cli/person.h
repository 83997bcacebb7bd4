#pragma once
// The person at the terminal, asked one question after the other.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "book/runbook.h"
#include "cli/console.h"
#include "cli/failure_menu.h"
#include "os/line_editor.h"
#include "run/performer.h"

namespace runbook {

class TerminalPerson : public Operator {
 public:
  // The editor outlives it, and is nobody else's as long as a question is open. console: of the live view, which steps aside for a question;
  // or nullptr.
  TerminalPerson(Inbox& inbox, LineEditor& editor, std::string who, const Runbook& runbook, std::string run, Console* console);
  ~TerminalPerson() override;
  void ask(const Question& question) override;
  void withdraw(const std::string& id) override;
  // What was chosen instead of an answer, once the executor has yielded.
  std::optional<Wish> take_wish();
  // The terminal is somebody else's: what is being asked is broken off, and asked again afterwards. Waits for that.
  void hold();
  void release();

 private:
  void work();
  void hand_in(std::optional<FailureMenu::Choice> given);
  // nullopt: Ctrl-D, or withdrawn.
  std::optional<FailureMenu::Choice> put_question(const Question& question);
  // Of an approval: what is approved, and the choice; where the operator may not, only that somebody else is waited for.
  std::optional<Answer> put_approval(const Question& question);
  std::optional<Answer> put_choice(const Question& question);
  bool ask_for_reason(Answer& given);
  std::optional<Answer> read_answer(const Question& question, const std::string& line) const;

  Inbox& inbox_;
  std::string who_;
  const Runbook& runbook_;
  std::string run_;
  Console* console_;
  LineEditor& editor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;
  std::string current_;  // the question on the screen
  std::optional<Wish> wish_;
  bool is_over_ = false, is_withdrawn_ = false, is_held_ = false;
  std::thread thread_;
};

// Where nobody is asked.
class NoPerson : public Operator {
 public:
  void ask(const Question&) override {}
  void withdraw(const std::string&) override {}
};

}  // namespace runbook
