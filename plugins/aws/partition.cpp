#include "plugins/aws/partition.h"

#include <string>

#include "base/pattern.h"
#include "plugins/aws/endpoint.h"

namespace runbook::aws {
namespace {

bool fits_pattern(const Value& partition, std::string_view region) {
  std::string why;
  const auto pattern = Pattern::parse(std::string(partition.text_or("regionRegex", "")), why);
  return pattern && pattern->matches(std::string(region));
}

}  // namespace

// Listed regions first: they are found without a regular expression.
const Value* partition_entry(const Value& document, std::string_view region) {
  const Value* list = document.find("partitions");
  if (!list || !list->is_list()) return nullptr;
  for (const Value& partition : list->as_list()) {
    if (const Value* regions = partition.find("regions"); regions && regions->find(region)) return &partition;
  }
  for (const Value& partition : list->as_list()) {
    if (fits_pattern(partition, region)) return &partition;
  }
  return list->as_list().empty() ? nullptr : &list->as_list().front();
}

Value partition_of_region(const Value& partitions, std::string_view region) {
  const Value* partition = partition_entry(partitions, region);
  if (!partition) return {};
  const Value outputs = partition->get("outputs");
  return outputs.find("name") ? outputs : with(outputs, "name", partition->get("id"));
}

std::string partition_of(const Value& partitions, const std::string& region) {
  return partition_of_region(partitions, region).text_or("name", "aws");
}

}  // namespace runbook::aws
