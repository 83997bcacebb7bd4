#include "base/version_range.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/trimmed.h"

namespace runbook {
namespace {

constexpr std::string_view relations[] = {">=", "<=", ">", "<", ""};

}  // namespace

std::optional<VersionRange::Bound> VersionRange::parse_bound(std::string_view text) {
  const auto* relation = std::find_if(std::begin(relations), std::end(relations),
                                      [&](std::string_view candidate) { return text.starts_with(candidate); });
  std::optional<Version> version = parse_version(trimmed(text.substr(relation->size()), " "));
  if (!version) return std::nullopt;
  return Bound{*relation, *std::move(version)};
}

std::optional<VersionRange> VersionRange::parse(std::string_view text, std::string& why) {
  VersionRange range;
  range.text_ = text;
  if (trimmed(text, " ") == "*") return range;
  while (true) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = trimmed(text.substr(0, end), " ");
    std::optional<Bound> bound = parse_bound(part);
    if (!bound) {
      why = part.empty() ? "a version is missing" : fmt::format("`{}` is no version", part);
      return std::nullopt;
    }
    range.bounds_.push_back(*std::move(bound));
    if (end == text.size()) return range;
    text.remove_prefix(end + 1);
  }
}

VersionRange::Fit VersionRange::Bound::fit(const Version& other) const {
  const int order = compare(other, version);
  if (order < 0) return relation.starts_with('<') ? Fit::fits : Fit::too_old;
  if (order > 0) return relation.starts_with('>') ? Fit::fits : Fit::too_new;
  if (relation == ">") return Fit::too_old;
  return relation == "<" ? Fit::too_new : Fit::fits;
}

VersionRange::Fit VersionRange::fit(const Version& version) const {
  for (const Bound& bound : bounds_) {
    if (const Fit found = bound.fit(version); found != Fit::fits) return found;
  }
  return Fit::fits;
}

}  // namespace runbook
