#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace runbook {

// From the kernel's generator; never blocks for long.
std::string random_bytes(std::size_t count);

// "20261120-2355-k3f9": sorts by the time it was made, unique, easy to say aloud.
std::string new_run_id(std::int64_t now_ms);

// Sixteen bytes or more in the form of a UUID of one's own making (RFC 9562, version 8).
std::string uuid_of(std::string_view bytes);

}  // namespace runbook
