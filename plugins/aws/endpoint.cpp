#include "plugins/aws/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "plugins/aws/endpoint_params.h"
#include "plugins/aws/legacy_endpoint.h"
#include "plugins/aws/partition.h"
#include "plugins/aws/rule_values.h"

namespace runbook::aws {
namespace {

constexpr std::string_view region_hint = "set AWS_REGION, `region` of the profile, or `region:` in the target";

struct Lookup {
  const ModelStore& store;
  const ServiceModel& model;
  const Operation& operation;
  const Value& params;
  EndpointSettings settings;
};

[[noreturn]] void refuse(const Lookup& lookup, const std::string& why, std::string_view hint) {
  throw Error(ExitCode::step_failed, fmt::format("{}.{}: {}", lookup.model.name(), lookup.operation.name, why),
              std::string(hint));
}

struct Advice {
  std::string_view in_message, hint;
};
constexpr Advice advices[] = {
    {"Missing Region", region_hint},
    {"FIPS", "set use_fips_endpoint (AWS_USE_FIPS_ENDPOINT) to false, or choose another region"},
    {"ualStack", "set use_dualstack_endpoint (AWS_USE_DUALSTACK_ENDPOINT) to false, or choose another region"},
    {"ual-stack", "set use_dualstack_endpoint (AWS_USE_DUALSTACK_ENDPOINT) to false, or choose another region"},
    {"AccountIdEndpointMode", "set account_id_endpoint_mode (AWS_ACCOUNT_ID_ENDPOINT_MODE) to preferred"},
    {"AccountId", "set AWS_ACCOUNT_ID, or `aws_account_id` of the profile"},
    {"Accelerate", "set `use_accelerate_endpoint` below `s3` of the profile to false"},
    {"egion from ARN", "call it in the region that the ARN names"},
};

std::string_view hint_for(std::string_view message) {
  for (const Advice& advice : advices) {
    if (message.find(advice.in_message) != std::string_view::npos) return advice.hint;
  }
  return "";
}

bool names_user(std::string_view url) {
  const std::size_t scheme = url.find("://");
  url.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
  return url.substr(0, url.find('/')).find('@') != std::string_view::npos;
}

// The URL in its parts. A user name or password in it is not repeated in the message.
Value url_parts(const Lookup& lookup, const std::string& url) {
  if (names_user(url))
    refuse(lookup, "the endpoint's URL holds a user name or a password, which requests to AWS can't carry",
           "leave out what stands before `@`");
  Value parts = parsed_url(url);
  if (parts.is_null())
    refuse(lookup, fmt::format("the endpoint \"{}\" is no URL that can be called", url),
           "write scheme, host and port, without a query: \"http://localhost:5000\"");
  return parts;
}

// Before 2021 FIPS endpoints had names like regions: "fips-us-east-1", "us-gov-west-1-fips".
void unfold_fips_region(EndpointSettings& settings) {
  std::string& region = settings.region;
  const std::size_t before = region.size();
  if (region.starts_with("fips-")) region.erase(0, 5);
  if (region.ends_with("-fips")) region.erase(region.size() - 5);
  if (region.size() != before) settings.use_fips = true;
}

void settle(Lookup& lookup) {
  EndpointSettings& settings = lookup.settings;
  unfold_fips_region(settings);
  if (settings.region.empty())
    settings.region = global_region(lookup.store.common("endpoints"), lookup.model.metadata().endpoint_prefix);
  if (settings.region.empty()) refuse(lookup, "no region is set", region_hint);
  if (!is_host_label(settings.region, Dots::refused))
    refuse(lookup, fmt::format("\"{}\" is no name of a region", settings.region), region_hint);
  if (settings.endpoint_url.empty()) return;
  url_parts(lookup, settings.endpoint_url);
  settings.use_fips = settings.use_dualstack = false;  // variants of AWS's own endpoints
}

// "aws-global" stands for the one region of a partition that signs for its global services.
std::string signing_region(const Lookup& lookup) {
  const std::string& region = lookup.settings.region;
  if (!region.ends_with("-global")) return region;
  return partition_of_region(lookup.store.common("partitions"), region).text_or("implicitGlobalRegion", "us-east-1");
}

std::string own_signing_name(const Metadata& metadata) {
  return metadata.signing_name.empty() ? metadata.endpoint_prefix : metadata.signing_name;
}

// A port that the scheme implies is not said in the Host header.
std::string host_of(const Value& parts) {
  std::string host = parts.text_or("authority", "");
  const std::string_view implied = parts.text_or("scheme", "") == "https" ? ":443" : ":80";
  if (host.ends_with(implied)) host.resize(host.size() - implied.size());
  return host;
}

Endpoint endpoint_at(const Lookup& lookup, const std::string& url) {
  const Value parts = url_parts(lookup, url);
  Endpoint endpoint;
  endpoint.scheme = parts.text_or("scheme", "https");
  endpoint.host = host_of(parts);
  endpoint.path = parts.text_or("path", "");
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  endpoint.takes_host_prefix = lookup.settings.endpoint_url.empty();
  endpoint.headers = Map{};
  return endpoint;
}

// "sigv4" of "aws.auth#sigv4".
std::string scheme_name(const Value& scheme) {
  const std::string name = scheme.text_or("name", "");
  return name.substr(name.find('#') + 1);
}

// The signature that is made here, or else the first one that is named. Null: the rules name none.
Value chosen_scheme(const Value& schemes) {
  if (!schemes.is_list() || schemes.as_list().empty()) return {};
  for (const Value& scheme : schemes.as_list()) {
    if (scheme_name(scheme) == "sigv4") return scheme;
  }
  return schemes.as_list().front();
}

void apply_scheme(const Lookup& lookup, const Value& scheme, Endpoint& endpoint) {
  endpoint.signing_name = scheme.text_or("signingName", own_signing_name(lookup.model.metadata()));
  endpoint.signing_region = scheme.text_or("signingRegion", "");
  if (endpoint.signing_region.empty()) endpoint.signing_region = signing_region(lookup);
  endpoint.encodes_path_once = scheme.bool_or("disableDoubleEncoding", false);
  const std::string name = scheme.is_null() ? "sigv4" : scheme_name(scheme);
  if (name == "sigv4") return;
  if (name == "sigv4-s3express")
    refuse(lookup, "objects in directory buckets (S3 Express One Zone) need sessions of their own, which are not made here",
           "use a general purpose bucket, or the AWS CLI in a shell step");
  if (name != "sigv4a")
    refuse(lookup, fmt::format("the signature {} is not made here", name), "use the AWS CLI in a shell step");
  endpoint.is_sigv4a = true;
  const auto regions = texts_in(scheme.get("signingRegionSet"));
  if (!regions.empty()) endpoint.signing_region = fmt::format("{}", fmt::join(regions, ","));
}

// The models write buckets and accounts into path and host as well; where the rules know them, they are in the endpoint.
void mark_what_rules_placed(const Lookup& lookup, const Value& said, Endpoint& endpoint) {
  endpoint.is_path_in_endpoint = said.find("Bucket") && lookup.operation.uri.starts_with("/{Bucket}");
  if (said.bool_or("RequiresAccountId", false) && lookup.operation.host_prefix == "{AccountId}.")
    endpoint.takes_host_prefix = false;
}

Endpoint endpoint_by_rules(const Lookup& lookup, const Value& rules) {
  const Value said = endpoint_params(rules, lookup.model, lookup.operation, lookup.params, lookup.settings);
  const RuleOutcome outcome = evaluate_rules(rules, lookup.store.common("partitions"), said);
  if (!outcome.endpoint) refuse(lookup, outcome.error, hint_for(outcome.error));
  Endpoint endpoint = endpoint_at(lookup, outcome.endpoint->url);
  endpoint.headers = outcome.endpoint->headers;
  apply_scheme(lookup, chosen_scheme(outcome.endpoint->properties.get("authSchemes")), endpoint);
  mark_what_rules_placed(lookup, said, endpoint);
  return endpoint;
}

Endpoint endpoint_without_rules(const Lookup& lookup) {
  const EndpointSettings& settings = lookup.settings;
  const Metadata& metadata = lookup.model.metadata();
  const LegacyEndpoint legacy = legacy_endpoint(lookup.store.common("endpoints"), metadata.endpoint_prefix, settings.region,
                                                {settings.use_fips, settings.use_dualstack});
  const bool is_custom = !settings.endpoint_url.empty();
  Endpoint endpoint = endpoint_at(lookup, is_custom ? settings.endpoint_url : legacy.scheme + "://" + legacy.host);
  endpoint.signing_region = is_custom ? signing_region(lookup) : legacy.signing_region;
  endpoint.signing_name = legacy.signing_name.empty() ? own_signing_name(metadata) : legacy.signing_name;
  return endpoint;
}

}  // namespace

Endpoint endpoint_of(const ModelStore& store, const ServiceModel& model, const Operation& operation, const Value& params,
                     const EndpointSettings& settings) {
  Lookup lookup{store, model, operation, params, settings};
  settle(lookup);
  const Value rules = store.part(model.name(), "endpoint-rule-set-1");
  return rules.is_null() ? endpoint_without_rules(lookup) : endpoint_by_rules(lookup, rules);
}

std::string path_without_bucket(const std::string& path) {
  const std::size_t slash = path.find('/', path.starts_with('/') ? 1 : 0);
  return slash == std::string::npos ? "/" : path.substr(slash);
}

std::string path_at(const Endpoint& endpoint, const std::string& request_path) {
  const std::string rest = endpoint.is_path_in_endpoint ? path_without_bucket(request_path) : request_path;
  if (!rest.empty() && rest != "/") return endpoint.path + rest;
  return endpoint.path.empty() ? "/" : endpoint.path;
}

}  // namespace runbook::aws
