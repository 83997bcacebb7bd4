#pragma once
// The person at the terminal, asked in plain lines.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "book/runbook.h"
#include "os/terminal.h"
#include "run/performer.h"

namespace runbook {

class TerminalPerson : public Operator {
 public:
  TerminalPerson(Inbox& inbox, std::string who, const Runbook& runbook, std::string run);
  ~TerminalPerson() override;
  void ask(const Question& question) override;
  void withdraw(const std::string& id) override;
  // The terminal is somebody else's: what is being asked is broken off, and asked again afterwards. Waits for that.
  void hold();
  void release();

 private:
  void work();
  // nullopt: Ctrl-D, or withdrawn.
  std::optional<Answer> put_question(const Question& question);
  // Of an approval: what is approved, and the choice; where the operator may not, only that somebody else is waited for.
  std::optional<Answer> put_approval(const Question& question);
  std::optional<Answer> put_choice(const Question& question);
  bool ask_for_reason(Answer& given);
  std::optional<Answer> read_answer(const Question& question, const std::string& line) const;

  Inbox& inbox_;
  std::string who_;
  const Runbook& runbook_;
  std::string run_;
  LineReader reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;
  std::string current_;  // the question on the screen
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
