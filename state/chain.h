#pragma once
// The two chains: of a run over its events, and of the journal over the beginnings and ends of its runs.
#include <cstdint>
#include <string>
#include <string_view>

#include "state/journal.h"

namespace runbook {

// 32 zero bytes: what the first link is chained to.
std::string chain_start();
// 32 raw bytes, for an event of which seq, epoch and text are given.
std::string event_hash(std::string_view hash_before, std::string_view run, const StoredEvent& event);

struct RegisterEntry {
  std::int64_t n = 0;
  std::string run, kind;  // an event that is registered, or pruned; in an archive, and last: exported
  std::int64_t run_seq = 0;
  std::string run_hash;  // 32 raw bytes
  std::int64_t at_ms = 0;
};
std::string register_hash(std::string_view hash_before, const RegisterEntry& entry);

// Kinds of events that stand in the register too.
bool is_registered(std::string_view kind);

}  // namespace runbook
