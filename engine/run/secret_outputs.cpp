#include "run/secret_outputs.h"

#include <algorithm>

namespace runbook {

void SecretOutputs::learn(std::string_view step, std::string_view name, std::string value) {
  learn(value);
  values_[{std::string(step), std::string(name)}] = std::move(value);
}

void SecretOutputs::learn(std::string value) {
  if (std::find(all_.begin(), all_.end(), value) == all_.end()) all_.push_back(std::move(value));
}

const std::string* SecretOutputs::find(std::string_view step, std::string_view name) const {
  const auto found = values_.find({std::string(step), std::string(name)});
  return found == values_.end() ? nullptr : &found->second;
}

}  // namespace runbook
