#include "plugins/aws/idempotency.h"

#include <algorithm>

namespace runbook::aws {
namespace {

// Only structures that stand directly in the input: what stands in lists is of items that are told apart by their own.
bool has_token(const Shape& shape) {
  return std::any_of(shape.members.begin(), shape.members.end(),
                     [](const auto& member) { return member.second.is_idempotency_token; });
}

}  // namespace

bool takes_token(const ServiceModel& model, const Operation& operation) {
  return !operation.input.empty() && has_token(model.shape(operation.input));
}

Value with_token(const ServiceModel& model, const Operation& operation, const Value& params, const std::string& token) {
  if (!takes_token(model, operation)) return params;
  Value filled = params.is_null() ? Value(Map()) : params;
  for (const auto& [name, member] : model.shape(operation.input).members)
    if (member.is_idempotency_token && filled.get(name).is_null()) filled = with(filled, name, token);
  return filled;
}

// "At least 24 hours after the termination of the instance" (Amazon EC2 API Reference, "Ensuring idempotency"); of others the
// shortest that is documented anywhere (AWS CodeBuild, StartBuild: five minutes).
std::int64_t token_life_ms(const ServiceModel& model) {
  constexpr std::int64_t minute_ms = 60'000;
  return model.metadata().protocol == "ec2" ? 24 * 60 * minute_ms : 5 * minute_ms;
}

}  // namespace runbook::aws
