#pragma once
// A large part of a model (endpoint rules of nearly 1 MB, mostly blanks) as compact JSON.
#include <filesystem>
#include <optional>
#include <string>

#include "base/value.h"

namespace runbook::aws {

// nullopt: there is none, it is damaged, or made from another source.
std::optional<Value> read_part_cache(const std::filesystem::path& file, const std::string& identity);
void write_part_cache(const std::filesystem::path& file, const std::string& identity, const Value& part);

}  // namespace runbook::aws
