#include "plugins/aws/part_cache.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/json.h"
#include "os/files.h"
#include "plugins/aws/cache_file.h"

namespace runbook::aws {
namespace {

// The first line: the format with its number, and the CRC of all below it.
std::string first_line(std::string_view below) { return fmt::format("runbook part 1 {:08x}\n", crc32(below)); }

}  // namespace

std::optional<Value> read_part_cache(const std::filesystem::path& file, const std::string& identity) {
  const Fd fd = open_cache_file(file);
  if (!fd) return std::nullopt;
  const std::string bytes = read_all(fd.get());
  const std::string_view below = std::string_view(bytes).substr(std::min(bytes.size(), first_line("").size()));
  const bool is_whole = bytes.compare(0, bytes.size() - below.size(), first_line(below)) == 0;
  if (!is_whole || below.substr(0, identity.size()) != identity) return std::nullopt;
  return try_parse_json(below.substr(identity.size()));
}

void write_part_cache(const std::filesystem::path& file, const std::string& identity, const Value& part) {
  const std::string below = identity + to_json(part);
  write_cache_file(file, first_line(below) + below);
}

}  // namespace runbook::aws
