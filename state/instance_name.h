#pragma once
// How an instance of a step is called: `apply`, `apply[eu-1]` (an item of a loop), `cluster/apply[eu-1][b]` (of an included runbook),
// `apply:undo`.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

// "[eu-1]". Brackets and what is not printable are written as %xx, so that the first `]` ends the key.
std::string bracketed(std::string_view key);

// The names of steps without their keys: "cluster/apply".
std::string name_without_keys(std::string_view name);

// Whether it is the undo of a step.
bool is_undo(std::string_view name);

// "cluster[a]/apply[eu-1]" in its parts: {"cluster", {"a"}}, {"apply", {"eu-1"}}. nullopt: no such name.
struct NamePart {
  std::string id;
  std::vector<std::string> keys;
};
std::optional<std::vector<NamePart>> parts_of_name(std::string_view name);

}  // namespace runbook
