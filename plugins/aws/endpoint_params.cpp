#include "plugins/aws/endpoint_params.h"

#include <string_view>

#include "expr/expression.h"
#include "plugins/aws/rule_values.h"

namespace runbook::aws {
namespace {

class NoScope : public Scope {
  std::optional<Value> context(std::string_view) const override { return std::nullopt; }
  std::optional<Value> step(std::string_view) const override { return std::nullopt; }
};

// What a builtin is computed from.
struct Surroundings {
  const EndpointSettings& settings;
  const Operation& operation;
  const Value& params;
};

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

// By the rules a bucket's name decides between host and path, unless paths are forced: at a server of one's own, whose name has no
// subdomains, and for GetBucketLocation, which is asked before the bucket's region is known. A bucket that is an ARN has no path.
bool forces_path_style(const Surroundings& at) {
  if (at.operation.name == "GetBucketLocation") return true;
  if (!parsed_arn(at.params.text_or("Bucket", "")).is_null()) return false;
  if (at.settings.s3_accelerate) return false;
  const bool is_own_server =
      !at.settings.endpoint_url.empty() && at.settings.endpoint_url.find("s3-accelerate") == std::string::npos;
  return at.settings.s3_path_style || (is_own_server && !at.settings.s3_virtual_style);
}

struct Builtin {
  std::string_view name;
  Value (*value)(const Surroundings&);
};

constexpr Builtin builtins[] = {
    {"AWS::Region", [](const Surroundings& at) { return text_or_null(at.settings.region); }},
    {"AWS::UseFIPS", [](const Surroundings& at) { return Value(at.settings.use_fips); }},
    {"AWS::UseDualStack", [](const Surroundings& at) { return Value(at.settings.use_dualstack); }},
    {"SDK::Endpoint", [](const Surroundings& at) { return text_or_null(at.settings.endpoint_url); }},
    {"AWS::STS::UseGlobalEndpoint", [](const Surroundings& at) { return Value(at.settings.sts_regional == "legacy"); }},
    {"AWS::S3::UseGlobalEndpoint", [](const Surroundings&) { return Value(false); }},
    {"AWS::S3::Accelerate", [](const Surroundings& at) { return Value(at.settings.s3_accelerate); }},
    {"AWS::S3::ForcePathStyle", [](const Surroundings& at) { return Value(forces_path_style(at)); }},
    {"AWS::S3::UseArnRegion", [](const Surroundings& at) { return Value(at.settings.s3_use_arn_region); }},
    {"AWS::S3::DisableMultiRegionAccessPoints", [](const Surroundings&) { return Value(false); }},
    {"AWS::S3Control::UseArnRegion", [](const Surroundings& at) { return Value(at.settings.s3_use_arn_region); }},
    {"AWS::Auth::AccountId", [](const Surroundings& at) { return text_or_null(at.settings.account_id); }},
    {"AWS::Auth::AccountIdEndpointMode", [](const Surroundings& at) { return text_or_null(at.settings.account_id_mode); }},
};

Value builtin_value(std::string_view name, const Surroundings& at) {
  for (const Builtin& builtin : builtins) {
    if (builtin.name == name) return builtin.value(at);
  }
  return {};
}

// An expression that finds nothing, or something it can't work on, says nothing of the endpoint: the parameters are checked elsewhere.
Value found_by_path(const std::string& path, const Value& params) try {
  return Expression::parse(path, Dialect::plain).evaluate(NoScope(), &params);
} catch (const ExpressionError&) {
  return {};
}

Value member_value(std::string_view name, const ServiceModel& model, const Surroundings& at) {
  if (at.operation.input.empty()) return {};
  for (const auto& [member, ref] : model.shape(at.operation.input).members) {
    if (ref.context_param == name) return at.params.get(member);
  }
  return {};
}

Value value_of(std::string_view name, const Value& declaration, const ServiceModel& model, const Surroundings& at) {
  if (const Value* fixed = at.operation.static_context.find(name)) return fixed->get("value");
  if (Value value = member_value(name, model, at); !value.is_null()) return value;
  if (const Value* found = at.operation.operation_context.find(name)) {
    if (Value value = found_by_path(found->text_or("path", "@"), at.params); !value.is_null()) return value;
  }
  return builtin_value(declaration.text_or("builtIn", ""), at);
}

}  // namespace

Value endpoint_params(const Value& rules, const ServiceModel& model, const Operation& operation, const Value& params,
                      const EndpointSettings& settings) {
  Map said;
  const Value declared = rules.get("parameters");
  if (!declared.is_map()) return said;
  const Surroundings at{settings, operation, params};
  for (const auto& [name, declaration] : declared.as_map()) {
    if (Value value = value_of(name, declaration, model, at); !value.is_null()) said.emplace_back(name, std::move(value));
  }
  return said;
}

}  // namespace runbook::aws
