#include "os/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace runbook {
namespace {

bool can_be_run(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string find_program(const std::string& name, const std::vector<std::string>& env, const std::string& dir) {
  if (name.find('/') != std::string::npos) {
    std::string path = name[0] == '/' ? name : dir + "/" + name;
    return can_be_run(path) ? path : "";
  }
  std::string folders = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& entry : env) {
    if (entry.rfind("PATH=", 0) == 0) folders = entry.substr(5);
  }
  std::size_t at = 0;
  while (at <= folders.size()) {
    std::size_t end = std::min(folders.find(':', at), folders.size());
    std::string path = folders.substr(at, end - at) + "/" + name;
    if (path[0] == '/' && can_be_run(path)) return path;
    at = end + 1;
  }
  return "";
}

bool is_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> env;
  if (path) env.push_back(std::string("PATH=") + path);
  return !find_program(name, env, "/").empty();
}

}  // namespace runbook
