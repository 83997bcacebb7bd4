#include "plugins/aws/host_prefix.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "plugins/aws/labels.h"
#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

constexpr std::size_t longest_label = 63;  // RFC 1035

bool is_host_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '.');
  });
}

bool has_good_labels(std::string_view text) {
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > longest_label || label.starts_with('-') || label.ends_with('-')) return false;
    text.remove_prefix(std::min(text.size(), label.size() + 1));
  }
  return true;
}

std::string label_text(const Value& params, const std::string& name, const std::string& pattern) {
  const Value value = params.get(name);
  std::string text = value.is_null() ? "" : scalar_text(value);
  if (text.empty())
    throw_unwritable(fmt::format("`{}` must be given and not be empty: it stands in the host {}", name, pattern));
  if (!is_host_text(text) || !has_good_labels(text))
    throw_unwritable(
        fmt::format("`{}` stands in the host {}: only letters, digits, hyphens and periods make a name of it", name, pattern));
  return text;
}

}  // namespace

std::string host_prefix(const Operation& operation, const Value& params) {
  const std::string& pattern = operation.host_prefix;
  return with_labels(pattern, [&](const std::string& name) { return label_text(params, name, pattern); });
}

}  // namespace runbook::aws
