#include "plugins/aws/idempotency.h"

#include <algorithm>
#include <string_view>

namespace runbook::aws {
namespace {

constexpr std::int64_t minute_ms = 60'000, hour_ms = 60 * minute_ms;

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

// By endpoint prefix, which models share with the documentation's names.
std::int64_t token_life_ms(const ServiceModel& model) {
  struct Row {
    std::string_view prefix;
    std::int64_t life_ms;
  };
  constexpr Row rows[] = {
      {"ec2", 24 * hour_ms},         // Amazon EC2 API Reference, "Ensuring idempotency"
      {"ecs", 24 * hour_ms},         // Amazon ECS API Reference, "Ensuring idempotency"
      {"dynamodb", 10 * minute_ms},  // TransactWriteItems, ClientRequestToken
      {"fsx", 24 * hour_ms},         // Amazon FSx, ClientRequestToken
  };
  for (const Row& row : rows)
    if (model.metadata().endpoint_prefix == row.prefix) return row.life_ms;
  return 5 * minute_ms;
}

}  // namespace runbook::aws
