#include "state/history.h"

#include <fmt/core.h>

#include "base/digest.h"
#include "base/error.h"
#include "state/chain.h"

namespace runbook {

namespace {

Error broken(const std::string& run, std::int64_t seq, const char* why) {
  return Error(ExitCode::journal, fmt::format("run {} can't be relied on: event {} {}", run, seq, why),
               fmt::format("`runbook verify {}` tells what was changed", run));
}

}  // namespace

std::string checked_events(const JournalFile& file, const std::string& run, std::int64_t up_to_seq,
                           const std::function<void(const Event&)>& each) {
  std::string hash = chain_start();
  std::int64_t expected = 1;
  file.stored_events(run, [&](const StoredEvent& stored) {
    if (stored.seq > up_to_seq) return;
    if (stored.seq != expected) throw broken(run, expected, "is missing");
    if (event_hash(hash, run, stored) != stored.hash) throw broken(run, stored.seq, "does not fit its hash");
    const auto event = read_event(stored.seq, stored.text);
    if (!event) throw broken(run, stored.seq, "can't be read");
    hash = stored.hash;
    ++expected;
    each(*event);
  });
  return expected == 1 ? "" : to_hex(hash);
}

}  // namespace runbook
