#pragma once
// gzip (RFC 1952) by zlib, which is included by gzip.cpp alone.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace runbook {

bool is_gzip(std::string_view bytes);  // by its first two bytes
// nullopt: damaged, cut, or more than `most` bytes.
std::optional<std::string> gunzip(std::string_view bytes, std::size_t most = std::size_t{256} << 20);

}  // namespace runbook
