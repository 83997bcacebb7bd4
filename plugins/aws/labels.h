#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace runbook::aws {

// A pattern with each `{Name}` replaced by what `text_of` gives for the name; behind a brace that is not closed nothing follows.
std::string with_labels(std::string_view pattern, const std::function<std::string(const std::string& name)>& text_of);

}  // namespace runbook::aws
