#pragma once
// What `call: rds.CreateDBCluster` names. Whatever it names that is not there is an Error (exit 2) that proposes the nearest.
#include <memory>
#include <string>

#include "plugins/aws/model_store.h"

namespace runbook::aws {

std::shared_ptr<const ServiceModel> service_named(const ModelStore& store, const std::string& name);
const Operation& operation_named(const ServiceModel& model, const std::string& name);

struct FoundCall {
  std::shared_ptr<const ServiceModel> model;
  const Operation* operation;  // of the model
};
FoundCall find_call(const ModelStore& store, const std::string& call);

}  // namespace runbook::aws
