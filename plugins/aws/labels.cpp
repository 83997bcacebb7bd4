#include "plugins/aws/labels.h"

#include <algorithm>

namespace runbook::aws {

std::string with_labels(std::string_view pattern, const std::function<std::string(const std::string& name)>& text_of) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t open = std::min(pattern.find('{', at), pattern.size());
    out += pattern.substr(at, open - at);
    const std::size_t close = pattern.find('}', open);
    if (open == pattern.size() || close == std::string_view::npos) break;
    out += text_of(std::string(pattern.substr(open + 1, close - open - 1)));
    at = close + 1;
  }
  return out;
}

}  // namespace runbook::aws
