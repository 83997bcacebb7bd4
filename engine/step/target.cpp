#include "step/target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"

namespace runbook {

namespace {

// "(inode 12, device 3f)": the members of `one` that `other` has not, or has otherwise.
std::string members_apart(const Value& one, const Value& other) {
  std::vector<std::string> apart;
  for (const auto& [name, value] : one.as_map()) {
    if (other.get(name) != value) apart.push_back(name + " " + text_or_json(value));
  }
  return apart.empty() ? "" : fmt::format(" ({})", fmt::join(apart, ", "));
}

}  // namespace

Value as_recorded(const Value& identity) { return parse_json(to_json(identity)); }

std::string why_another(const TargetType& type, const Value& pinned, const Value& seen) {
  if (pinned == seen) return "";
  std::string before = type.describe(pinned), now = type.describe(seen);
  if (before == now) {
    before += members_apart(pinned, seen);
    now += members_apart(seen, pinned);
  }
  return fmt::format("the run began in {}, you are now in {}", before, now);
}

}  // namespace runbook
