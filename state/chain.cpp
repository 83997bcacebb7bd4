#include "state/chain.h"

#include "base/digest.h"

namespace runbook {
namespace {

void append_number(std::string& bytes, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((bits >> shift) & 0xff);
}

}  // namespace

std::string chain_start() { return std::string(32, '\0'); }

std::string event_hash(std::string_view hash_before, std::string_view run, const StoredEvent& event) {
  std::string bytes(hash_before);
  bytes.append(run).push_back('\0');
  append_number(bytes, event.seq);
  append_number(bytes, event.epoch);
  return sha256(bytes.append(event.text));
}

std::string register_hash(std::string_view hash_before, const RegisterEntry& entry) {
  std::string bytes(hash_before);
  append_number(bytes, entry.n);
  bytes.append(entry.run).push_back('\0');
  bytes.append(entry.kind).push_back('\0');
  append_number(bytes, entry.run_seq);
  bytes.append(entry.run_hash);
  append_number(bytes, entry.at_ms);
  return sha256(bytes);
}

bool is_registered(std::string_view kind) { return kind == event::run_began || kind == event::left; }

}  // namespace runbook
