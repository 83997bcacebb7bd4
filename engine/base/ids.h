#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace runbook {

// From the kernel's generator; never blocks for long.
std::string random_bytes(std::size_t count);

// "20261120-2355-k3f9": sorts by the time it was made, unique, easy to say aloud.
std::string new_run_id(std::int64_t now_ms);

}  // namespace runbook
