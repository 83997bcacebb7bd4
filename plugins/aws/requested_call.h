#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/value.h"
#include "plugins/aws/session.h"
#include "plugins/aws/waiter.h"

namespace runbook::aws {

// What the parameters of an `aws` step ask for.
struct RequestedCall {
  std::shared_ptr<const ServiceModel> model;
  const Operation* operation = nullptr;
  std::optional<Waiter> waiter;
  std::string name;  // "rds.CreateDBCluster", "eks.ClusterActive"
};
// `call:` or `wait:` of the parameters. Throws Error (usage) with "did you mean".
RequestedCall requested_call(const ModelStore& store, const Value& params);
// nullopt where requested_call would throw, or there are no models.
std::optional<RequestedCall> try_requested_call(const ModelStore* store, const Value& params);

}  // namespace runbook::aws
