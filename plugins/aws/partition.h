#pragma once
// The partitions of AWS (partitions.json): which one a region belongs to, and what holds there.
#include <string_view>

#include "base/value.h"

namespace runbook::aws {

// {name, dnsSuffix, dualStackDnsSuffix, supportsFIPS, supportsDualStack, implicitGlobalRegion}. A region that is listed nowhere belongs where
// its pattern fits, one that fits nowhere to the first partition, "aws". Null: `partitions` has none.
Value partition_of_region(const Value& partitions, std::string_view region);

// The entry of a region in "partitions" of partitions.json or endpoints.json, chosen in the same way. nullptr: there are none. Lives in
// `document`.
const Value* partition_entry(const Value& document, std::string_view region);

}  // namespace runbook::aws
