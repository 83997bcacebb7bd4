#pragma once
// One service's files: `rds/2014-10-31/service-2.json`, plain or gzipped, with what `service-2.sdk-extras.json` adds.
#include <filesystem>
#include <optional>
#include <string>

#include "base/value.h"

namespace runbook::aws {

// NAME.json, or NAME.json.gz; nullopt: there is neither. `stem` is the path without ".json".
std::optional<std::filesystem::path> json_file(const std::filesystem::path& stem);
// Its text, unpacked. Error (exit 1): it can't be read, or is damaged.
std::string read_json_text(const std::filesystem::path& file);
// Parsed. Error (exit 1) as well.
Value read_json_file(const std::filesystem::path& file);

// The newest version of a service that has a `service-2.json`. nullopt: it is no service of this folder.
std::optional<std::filesystem::path> newest_version(const std::filesystem::path& models, const std::string& service);
// What is merged into NAME.json of a version, or null.
Value sdk_extras(const std::filesystem::path& version, const std::string& name);
// A part of a version (service-2, paginators-1, ...) with its extras; null: there is none.
Value read_part(const std::filesystem::path& version, const std::string& name);
// A text that changes when the part, or what is merged into it, is another: paths, sizes, times.
std::string identity_of_part(const std::filesystem::path& version, const std::string& name);

}  // namespace runbook::aws
