// The journal's own chain, as it is written.
#include "state/chain.h"
#include "state/journal_file.h"

namespace runbook {

void append_to_register(Database& database, RegisterEntry entry) {
  Statement& last = database.standing("SELECT n, hash FROM register ORDER BY n DESC LIMIT 1");
  std::string before = chain_start();
  entry.n = 1;
  while (last.step()) {
    entry.n = last.integer(0) + 1;
    before = last.text(1);
  }
  const std::string hash = register_hash(before, entry);
  Statement& insert =
      database.standing("INSERT INTO register(n, run, kind, run_seq, run_hash, at_ms, hash) VALUES(?, ?, ?, ?, ?, ?, ?)");
  insert.bind(entry.n).bind(entry.run).bind(entry.kind).bind(entry.run_seq);
  insert.bind_bytes(entry.run_hash).bind(entry.at_ms).bind_bytes(hash).run();
}

}  // namespace runbook
