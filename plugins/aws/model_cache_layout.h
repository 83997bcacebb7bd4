#pragma once
// How a model's cache lies in its file (see model_cache.h). Written as it lies in memory: a cache stays on its machine, and one of other byte
// order has another number of the format.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace runbook::aws::cache_layout {

inline constexpr std::array<char, 8> magic = {'R', 'B', 'M', 'O', 'D', 'E', 'L', '\n'};
inline constexpr std::uint32_t format = 1;  // also to be raised when entries are made in another way

struct Head {
  std::array<char, 8> signature = magic;
  std::uint32_t format_number = format;
  std::uint32_t operations = 0, shapes = 0;
  std::uint32_t names_size = 0, json_size = 0;
  std::uint32_t identity_size = 0;
  std::uint32_t rows_crc = 0;  // of rows and names
  std::uint32_t head_crc = 0;  // of what stands above

  std::uint32_t crc() const { return crc32({reinterpret_cast<const char*>(this), offsetof(Head, head_crc)}); }
  std::uint64_t rows() const { return 1 + std::uint64_t{operations} + shapes; }
};
static_assert(sizeof(Head) == 40);

struct Row {
  std::uint32_t name_at = 0, name_size = 0;
  std::uint32_t json_at = 0, json_size = 0;
  std::uint32_t crc = 0;  // of name and JSON
};
static_assert(sizeof(Row) == 20);

inline std::uint32_t entry_crc(std::string_view name, std::string_view json) {
  return crc32(std::string(name) + ":" + std::string(json));
}

}  // namespace runbook::aws::cache_layout
