#pragma once
// What a person would look at next when something in a cluster did not come to be: the pods that get nowhere, what happened to them last,
// the last lines that they wrote. Reads only; of a Secret nothing.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"

namespace runbook {

// Runs kubectl with these words, where the step did; what it printed, secrets masked, or nothing if that failed.
using AskKubectl = std::function<std::optional<std::string>(const std::vector<std::string>& words)>;

// About a workload, a Service, an Ingress, or a list of Pods, as the API gives it. Lines of bounded number and length; "" if nothing is
// to be told.
std::string findings_about(const Value& object, const AskKubectl& ask);

}  // namespace runbook
