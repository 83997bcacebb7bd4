#pragma once
// Versions of tools: `1`, `v1.2`, `1.10.3`, `1.9.0-alpha.2+build`. Read leniently (any count of numbers, a leading `v`,
// leading zeros), ordered by SemVer 2.0.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

struct Version {
  std::vector<std::string> numbers;     // digits, of any length; at least one
  std::vector<std::string> prerelease;  // "alpha", "2"; empty for a release
  std::string text;                     // as written, for messages
};

// The whole text is one version; nullopt if it is none.
std::optional<Version> parse_version(std::string_view text);
// The first version in what a tool prints about itself, of at least two numbers: "git version 2.39.5", "OpenSSH_9.2p1".
std::optional<Version> find_version(std::string_view text);

// Negative, zero or positive, by precedence: missing numbers are 0, a prerelease comes before its release, what stands
// behind `+` does not count.
int compare(const Version& a, const Version& b);

}  // namespace runbook
