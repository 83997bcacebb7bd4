#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/version.h"

namespace runbook {

struct ToolVersion {
  bool is_there = false;           // in PATH
  std::optional<Version> version;  // nullopt: nothing that it printed looks like one
  std::vector<std::string> asked;  // "kops --version"
};

// Runs `TOOL --version`, then `TOOL version`, with at most ten seconds each; the first text of a good exit that holds a version counts.
ToolVersion ask_version(const std::string& tool);

}  // namespace runbook
