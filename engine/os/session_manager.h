#pragma once
// What the session manager (systemd-logind) does to the processes of a user who logs out: systemd-logind(8), logind.conf(5).
#include <string>

namespace runbook {

struct LogoutFate {
  enum class Kind {
    survives,
    ends,        // this process and all that it starts
    is_unknown,  // the manager does not say
  } kind = Kind::survives;
  std::string why;   // one sentence
  std::string hint;  // how to let steps survive; "" if they do
};

// Of this process, as far as it can be known. Asks the manager through busctl, if there is one.
LogoutFate fate_at_logout();

// Of a process in that control group (the last field of /proc/PID/cgroup) whose manager answered with these lines of busctl.
struct LogindAnswers {
  std::string kill_user_processes;  // "b true"
  std::string kill_only_users;      // "as 1 \"ada\""
  std::string kill_exclude_users;
  bool lingers = false;
};
LogoutFate fate_of(const std::string& control_group, const std::string& user, const LogindAnswers& answers);

}  // namespace runbook
