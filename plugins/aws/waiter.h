#pragma once
#include <optional>
#include <string>
#include <vector>

#include "plugins/aws/session.h"
#include "step/outcome.h"

namespace runbook::aws {

// `eks.ClusterActive`: an operation that is looked at until an acceptor of its answer says yes, or no for ever ("waiters-2"). The looking
// again is done elsewhere: this judges one answer.
struct Waiter {
  std::string name;       // "eks.ClusterActive"
  std::string operation;  // "DescribeCluster"
  Value acceptors;        // a list
};
// Throws Error (usage), with "did you mean". name: "eks.ClusterActive".
Waiter waiter_named(const ModelStore& store, const std::string& name);
std::vector<std::string> waiter_names(const ModelStore& store, const std::string& service);

// nullopt: the answer does not tell (no network, no permission).
std::optional<Said> judge(const Waiter& waiter, const CallAnswer& answer);

}  // namespace runbook::aws
