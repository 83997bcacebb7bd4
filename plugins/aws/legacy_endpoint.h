#pragma once
// Endpoints of services without a rule set: endpoints.json, with its partitions, defaults, variants and global services.
#include <string>
#include <string_view>

#include "base/value.h"

namespace runbook::aws {

struct LegacyEndpoint {
  std::string scheme, host;
  std::string signing_region, signing_name;  // signing_name: "" where the service's own counts
};

struct Variant {
  bool fips = false, dualstack = false;
};

// service: the endpoint prefix ("iam"). A service that is not listed gets the name by its partition's pattern. Error (exit 1): there is no
// endpoint of that variant.
LegacyEndpoint legacy_endpoint(const Value& endpoints, std::string_view service, const std::string& region, Variant variant);

// What stands for the region of a service that needs none ("aws-global"), or "".
std::string global_region(const Value& endpoints, std::string_view service);

}  // namespace runbook::aws
