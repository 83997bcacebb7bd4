#pragma once
// Parameters of an operation against its shapes, before anything is sent.
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/value.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

struct ParamFault {
  enum class Severity { error, warning } severity = Severity::error;
  std::vector<std::variant<std::string, std::size_t>> path;  // members and indexes, from the outside in; empty: the whole
  bool is_name = false;                                      // it is about the last member's name, not its value
  std::string message;                                       // "`DBClusterIdentifer` is no parameter of rds.CreateDBCluster"
  std::string hint;                                          // "did you mean `DBClusterIdentifier`?"
};

// Names, types, required members, enums (a warning: services know new words before their models), ranges, lengths, patterns, unions with one
// member, blobs and timestamps as protocol.h has them. Where a text holds `${{ }}` its value is not known yet: what depends on it is passed
// over, `is_known` says which those are.
std::vector<ParamFault> check_params(const ServiceModel& model, const Operation& operation, const Value& params,
                                     bool (*is_known)(const Value& text));

}  // namespace runbook::aws
