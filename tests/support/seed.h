#pragma once
// What chance draws from: ./dev test draws the same each time, so that what it says can be said again; ./dev exhaust draws anew.
// RUNBOOK_TEST_SEED repeats one draw.
#include <cstdint>
#include <cstdlib>
#include <random>

namespace runbook::testing {

inline bool is_seed_given() { return std::getenv("RUNBOOK_TEST_SEED") != nullptr; }

inline std::uint64_t seed() {
  if (const char* given = std::getenv("RUNBOOK_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return std::getenv("RUNBOOK_EXHAUST") ? std::random_device()() : 20261130;
}

}  // namespace runbook::testing
