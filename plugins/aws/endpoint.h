#pragma once
// Where an operation is called: endpoint rule sets (smithy.io, "Endpoint rule set") with the partitions of the SDKs, or, of a service
// without rules, endpoints.json.
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"
#include "plugins/aws/model_store.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// What rules evaluate to.
struct RuledEndpoint {
  std::string url;
  Value properties;  // a map: authSchemes ...
  Value headers;     // a map of lists of text
};
struct RuleOutcome {
  std::optional<RuledEndpoint> endpoint;
  std::string error;  // what the rules say instead: "Invalid Configuration: Missing Region"
};
// `rules`: endpoint-rule-set-1.json; `partitions`: partitions.json; `params`: the rule set's own names (Region, UseFIPS, Bucket, ...), where
// its defaults fill in. Error (exit 1): no rule fits, or a rule set that is none.
RuleOutcome evaluate_rules(const Value& rules, const Value& partitions, const Value& params);

// What the surroundings say of endpoints; all of it may be empty.
struct EndpointSettings {
  std::string region;
  std::string endpoint_url;  // of this service, from target, environment or profile
  bool use_fips = false, use_dualstack = false;
  bool s3_path_style = false, s3_accelerate = false, s3_use_arn_region = true;
  bool s3_virtual_style = false;              // `s3.addressing_style = virtual`; at an endpoint_url paths are used without it
  std::string sts_regional = "regional";      // or "legacy"
  std::string account_id;                     // of the credentials, where it is known
  std::string account_id_mode = "preferred";  // account_id_endpoint_mode: or "disabled", "required"
};

struct Endpoint {
  std::string scheme;  // "https"
  std::string host;    // with its port if it is not the scheme's
  std::string path;    // "" or "/bucket": stands before the request's path
  std::string signing_region, signing_name;
  bool encodes_path_once = false;    // disableDoubleEncoding: S3
  bool is_path_in_endpoint = false;  // the rules have taken a part of the path (S3's bucket) into host or path
  bool takes_host_prefix =
      true;                // whether the operation's host prefix belongs before the host: neither at an endpoint_url, nor twice
  bool is_sigv4a = false;  // only by signatures over several regions, which are not made here
  Value headers;           // to be sent with the request: a map of lists of text
};
// Error (exit 1): what the rules refuse, with a hint what to set ("AWS_REGION"). `request_path` of S3: see `path_without_bucket`.
Endpoint endpoint_of(const ModelStore& store, const ServiceModel& model, const Operation& operation, const Value& params,
                     const EndpointSettings& settings);
// The path to send where the rules have taken the bucket: "/bucket/key" → "/key".
std::string path_without_bucket(const std::string& path);
// The whole path to send, never empty: the endpoint's, then the request's without what the endpoint has already.
std::string path_at(const Endpoint& endpoint, const std::string& request_path);

// The partition of a region ("aws", "aws-cn", ...), by partitions.json.
std::string partition_of(const Value& partitions, const std::string& region);

}  // namespace runbook::aws
