#include "os/identity.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace runbook {

std::string operator_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  std::string name = entry ? entry->pw_name : "uid " + std::to_string(::geteuid());
  const char* behind_sudo = std::getenv("SUDO_USER");
  return behind_sudo && *behind_sudo && behind_sudo != name ? std::string(behind_sudo) + " as " + name : name;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string home_folder() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_dir : "/";
}

}  // namespace runbook
