#pragma once
// What the surroundings of a call say of its endpoint.
#include <string>

#include "plugins/aws/endpoint.h"

namespace runbook::aws::testing {

inline EndpointSettings in(const std::string& region) {
  EndpointSettings settings;
  settings.region = region;
  return settings;
}

inline EndpointSettings at_url(const std::string& url) {
  EndpointSettings settings = in("eu-west-1");
  settings.endpoint_url = url;
  return settings;
}

}  // namespace runbook::aws::testing
