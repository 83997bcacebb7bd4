#pragma once
// The one terminal of a run that is driven at one: progress and questions have it, until a step does.
#include <mutex>
#include <string>

#include "cli/console.h"
#include "cli/person.h"
#include "cli/progress.h"
#include "os/terminal_lender.h"
#include "run/inbox.h"

namespace runbook {

class TerminalShare : public TerminalLender {
 public:
  TerminalShare(Inbox& inbox, std::string who) : inbox_(inbox), who_(std::move(who)) {}
  // Who else has it; before any step runs. Each may be nullptr: nobody is asked, no live view, or one in place of plain lines.
  void serve(TerminalPerson* person, Console* console, Progress* lines) {
    person_ = person;
    console_ = console;
    lines_ = lines;
  }
  void take() override;
  void give_back() override;
  Choice escaped(const std::string& step, std::stop_token stop) override;
  void stop(std::int64_t n) override;
  void lost() override;

 private:
  Inbox& inbox_;
  std::string who_;
  TerminalPerson* person_ = nullptr;
  Console* console_ = nullptr;
  Progress* lines_ = nullptr;
  std::mutex turn_;  // of who has taken it
};

}  // namespace runbook
