#include "os/identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace runbook {

std::string operator_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  std::string name = entry ? entry->pw_name : "uid " + std::to_string(::geteuid());
  const char* behind_sudo = std::getenv("SUDO_USER");
  return behind_sudo && *behind_sudo && behind_sudo != name ? std::string(behind_sudo) + " as " + name : name;
}

bool is_in_group(const std::string& account, const std::string& group) {
  const passwd* entry = ::getpwnam(account.c_str());
  if (!entry) return false;
  const gid_t own = entry->pw_gid;
  const struct group* wanted = ::getgrnam(group.c_str());
  if (!wanted) return false;
  const gid_t id = wanted->gr_gid;
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(account.c_str(), own, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(account.c_str(), own, groups.data(), &count);
  }
  return std::find(groups.begin(), groups.begin() + count, id) != groups.begin() + count;
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
