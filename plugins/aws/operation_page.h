#pragma once
// What `runbook types aws...` prints. Unknown names: Error (exit 2) with the nearest (find_call.h).
#include <string>

#include "base/value.h"
#include "plugins/aws/model_store.h"

namespace runbook::aws {

// `runbook types aws.rds.CreateDBCluster`: what it does in a sentence, parameters, result, errors; lines of at most 100 columns.
std::string operation_page(const ModelStore& store, const std::string& service, const std::string& operation);
// For --json: {service, operation, api_version, documentation, input, output, errors, shapes}; input, output and errors name entries of
// `shapes`, which are the model's.
Value operation_json(const ModelStore& store, const std::string& service, const std::string& operation);

// `runbook types aws.rds`: name, version, operations.
std::string service_page(const ModelStore& store, const std::string& service);
// `runbook types aws`: all services.
std::string services_page(const ModelStore& store);

}  // namespace runbook::aws
