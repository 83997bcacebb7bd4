#include "cli/inherited_environment.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace runbook {

namespace {

// A variable that the engine reads a secret from; steps have it only where `env:` names it.
bool carries_secret(const Runbook& runbook, std::string_view name) {
  return std::any_of(runbook.inputs.begin(), runbook.inputs.end(), [&](const Input& input) {
    return input.type == ValueType::secret && std::any_of(input.from.begin(), input.from.end(), [&](const InputSource& source) {
             return source.kind == InputSource::Kind::environment && source.name == name;
           });
  });
}

}  // namespace

std::vector<std::string> inherited_environment(const Runbook& runbook) {
  std::vector<std::string> entries;
  std::set<std::string_view> names;
  for (char** at = environ; *at; ++at) {
    std::string_view entry(*at), name = entry.substr(0, entry.find('='));
    bool is_variable = name.size() < entry.size() && names.insert(name).second;
    if (is_variable && !name.starts_with("RUNBOOK_INPUT_") && !carries_secret(runbook, name)) entries.emplace_back(entry);
  }
  return entries;
}

}  // namespace runbook
