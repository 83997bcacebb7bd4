#pragma once
// Secrets that came while the run went on: outputs of steps, and inputs (of no step, "") that were not there when it began. In memory
// only. For who decides: one thread at a time.
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runbook {

class SecretOutputs {
 public:
  void learn(std::string_view step, std::string_view name, std::string value);
  // To be masked from now on, whosever it is.
  void learn(std::string value);
  // nullptr: it is not there, or no more.
  const std::string* find(std::string_view step, std::string_view name) const;
  // Also those that a later attempt replaced: what was secret stays so.
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::map<std::pair<std::string, std::string>, std::string> values_;
  std::vector<std::string> all_;
};

}  // namespace runbook
