#include "base/environment.h"

#include <unistd.h>

namespace runbook {
namespace {

bool is_of(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> env;
  for (char** entry = environ; entry && *entry; ++entry) env.emplace_back(*entry);
  return env;
}

std::string variable_in(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& entry : env)
    if (is_of(entry, name)) return entry.substr(name.size() + 1);
  return {};
}

void set_variable(std::vector<std::string>& env, std::string_view name, std::string_view value) {
  std::erase_if(env, [&](const std::string& entry) { return is_of(entry, name); });
  env.push_back(std::string(name) + "=" + std::string(value));
}

}  // namespace runbook
