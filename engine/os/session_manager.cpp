#include "os/session_manager.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "base/trimmed.h"
#include "os/files.h"
#include "os/inquiry.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

std::string user_name() {
  const passwd* user = ::getpwuid(::getuid());
  return user ? user->pw_name : fmt::format("{}", ::getuid());
}

// "0::/user.slice/user-1000.slice/session-3.scope" → what stands behind the last colon.
std::string own_control_group() {
  const std::string text = try_read_file("/proc/self/cgroup").value_or("");
  const std::string line = text.substr(0, text.find('\n'));
  return line.substr(line.rfind(':') + 1);
}

std::string ask_logind(const char* property) {
  constexpr std::int64_t patience_ms = 5'000;
  Reply reply = inquire({{"busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                          "org.freedesktop.login1.Manager", property},
                         "/",
                         patience_ms,
                         Inquiry::Errors::kept});
  return reply.is_good() ? without_line_ends(std::move(reply.out)) : "";
}

bool names(const std::string& list, const std::string& user) {
  return list.find(fmt::format("\"{}\"", user)) != std::string::npos;
}

bool is_empty_list(const std::string& list) { return list.empty() || list == "as 0"; }

// Whether processes of the user's sessions are ended with the session.
bool ends_sessions_of(const std::string& user, const LogindAnswers& answers) {
  if (answers.kill_user_processes != "b true" || names(answers.kill_exclude_users, user)) return false;
  return is_empty_list(answers.kill_only_users) || names(answers.kill_only_users, user);
}

}  // namespace

LogoutFate fate_of(const std::string& control_group, const std::string& user, const LogindAnswers& answers) {
  using Kind = LogoutFate::Kind;
  const bool is_in_session = control_group.find("/session-") != std::string::npos;
  const bool is_of_user_manager = control_group.find("/user@") != std::string::npos;
  if (is_of_user_manager && !answers.lingers)
    return {Kind::ends, fmt::format("this belongs to the service manager of {}, which ends with the last session", user),
            "loginctl enable-linger"};
  if (!is_in_session) return {Kind::survives, "this belongs to no login session: steps run on when somebody logs out", ""};
  if (answers.kill_user_processes.empty())
    return {Kind::is_unknown, "systemd-logind does not say what it does to the processes of a session",
            "look for KillUserProcesses in logind.conf"};
  if (!ends_sessions_of(user, answers))
    return {Kind::survives, "systemd-logind leaves the processes of a session alone: steps run on when you log out", ""};
  return {Kind::ends, fmt::format("systemd-logind ends the processes of {}'s sessions at logout, steps and all", user),
          "loginctl enable-linger, then: systemd-run --user --scope runbook run ..."};
}

LogoutFate fate_at_logout() {
  if (!fs::exists("/run/systemd/system"))
    return {LogoutFate::Kind::survives, "there is no systemd here: nobody ends the steps of who logs out", ""};
  const std::string user = user_name();
  return fate_of(own_control_group(), user,
                 {ask_logind("KillUserProcesses"), ask_logind("KillOnlyUsers"), ask_logind("KillExcludeUsers"),
                  fs::exists("/var/lib/systemd/linger/" + user)});
}

}  // namespace runbook
