#pragma once
// The one terminal of a run that is driven at one: progress and questions have it, until a step does.
#include <mutex>
#include <string>

#include "cli/person.h"
#include "cli/progress.h"
#include "os/terminal_lender.h"
#include "run/inbox.h"

namespace runbook {

class TerminalShare : public TerminalLender {
 public:
  // `person`: nullptr, where nobody is asked.
  TerminalShare(Inbox& inbox, std::string who, Progress& progress, TerminalPerson* person)
      : inbox_(inbox), who_(std::move(who)), progress_(progress), person_(person) {}
  void take() override;
  void give_back() override;
  Choice escaped(const std::string& step, std::stop_token stop) override;
  void stop(std::int64_t n) override;
  void lost() override;

 private:
  Inbox& inbox_;
  std::string who_;
  Progress& progress_;
  TerminalPerson* person_;
  std::mutex turn_;  // of who has taken it
};

}  // namespace runbook
