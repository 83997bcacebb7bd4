#pragma once
// A JSON object cut into its members without parsing them: a model of 11 MB is asked for a few of its thousands of entries.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runbook::aws {

// Names with the text of their values, which point into `object`; what the values hold is not looked at beyond quotes and brackets.
// nullopt: it is no object, or cut.
using JsonSlices = std::vector<std::pair<std::string, std::string_view>>;
std::optional<JsonSlices> slice_object(std::string_view object);

}  // namespace runbook::aws
