#include "plugins/aws/legacy_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "plugins/aws/partition.h"

namespace runbook::aws {
namespace {

Value service_in(const Value& partition, std::string_view service) { return partition.get("services").get(service); }

// A partition that lists the region among the service's endpoints comes before the one the region belongs to.
Value partition_for(const Value& endpoints, std::string_view service, std::string_view region) {
  const Value partitions = endpoints.get("partitions");
  if (!partitions.is_list()) return {};
  for (const Value& partition : partitions.as_list()) {
    if (service_in(partition, service).get("endpoints").find(region)) return partition;
  }
  const Value* entry = partition_entry(endpoints, region);
  return entry ? *entry : Value();
}

std::vector<std::string> tags_of(Variant variant) {
  std::vector<std::string> tags;
  if (variant.dualstack) tags.emplace_back("dualstack");
  if (variant.fips) tags.emplace_back("fips");
  return tags;
}

Value variant_in(const Value& data, const std::vector<std::string>& tags) {
  const Value variants = data.get("variants");
  if (!variants.is_list()) return {};
  for (const Value& variant : variants.as_list()) {
    std::vector<std::string> found = texts_in(variant.get("tags"));
    std::sort(found.begin(), found.end());
    if (found == tags) return variant;
  }
  return {};
}

// The first layer that has a key says its value.
using Layers = std::vector<Value>;

Value layered(const Layers& layers, std::string_view key) {
  for (const Value& layer : layers) {
    if (const Value* value = layer.find(key)) return *value;
  }
  return {};
}

Layers variant_layers(const Layers& plain, const std::vector<std::string>& tags) {
  Layers layers;
  for (const Value& layer : plain) {
    if (Value variant = variant_in(layer, tags); variant.is_map()) layers.push_back(std::move(variant));
  }
  return layers;
}

std::string expanded(std::string text, const std::vector<std::pair<std::string_view, std::string>>& names) {
  for (const auto& [name, value] : names) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  }
  return text;
}

// A global service has one endpoint in its partition, whatever the region.
std::string endpoint_name(const Value& service, const std::string& region) {
  const std::string global = service.text_or("partitionEndpoint", "");
  const bool is_listed = service.get("endpoints").find(region) != nullptr;
  return !is_listed && !global.empty() && !service.bool_or("isRegionalized", true) ? global : region;
}

std::string scheme_of(const Value& protocols) {
  const auto spoken = texts_in(protocols);
  return spoken.empty() || std::find(spoken.begin(), spoken.end(), "https") != spoken.end() ? "https" : "http";
}

}  // namespace

LegacyEndpoint legacy_endpoint(const Value& endpoints, std::string_view service, const std::string& region, Variant variant) {
  const Value partition = partition_for(endpoints, service, region);
  const Value data = service_in(partition, service);
  const std::string name = endpoint_name(data, region);
  const Layers plain = {data.get("endpoints").get(name), data.get("defaults"), partition.get("defaults")};
  const auto tags = tags_of(variant);
  Layers layers = tags.empty() ? Layers() : variant_layers(plain, tags);
  if (!tags.empty() && layers.empty())
    throw Error(ExitCode::step_failed, fmt::format("{} has no {} endpoint in {}", service, fmt::join(tags, " and "), region),
                "set use_fips_endpoint or use_dualstack_endpoint to false");
  layers.push_back(plain[0]);
  const Value own_suffix = layered(layers, "dnsSuffix");  // a default's suffix counts only where it is a variant's
  layers.insert(layers.end(), plain.begin() + 1, plain.end());
  const std::string suffix = own_suffix.is_text() ? own_suffix.as_text() : partition.text_or("dnsSuffix", "amazonaws.com");
  const Value host = layered(layers, "hostname");
  const Value scope = layered(layers, "credentialScope");
  return {scheme_of(layered(layers, "protocols")),
          expanded(host.is_text() ? host.as_text() : "{service}.{region}.{dnsSuffix}",
                   {{"{service}", std::string(service)}, {"{region}", name}, {"{dnsSuffix}", suffix}}),
          scope.text_or("region", name), scope.text_or("service", "")};
}

std::string global_region(const Value& endpoints, std::string_view service) {
  const Value partitions = endpoints.get("partitions");
  if (!partitions.is_list() || partitions.as_list().empty()) return "";
  return service_in(partitions.as_list().front(), service).text_or("partitionEndpoint", "");
}

}  // namespace runbook::aws
