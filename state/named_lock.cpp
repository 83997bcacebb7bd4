// `lock:` of a runbook: the run that began with it has it from that commit until it is left, whether it is driven or not. There is nothing to
// free after kill -9, for nothing is held but what the journal says; and nothing to race for, for it is asked within the transaction that
// takes it.
#include <fmt/core.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "state/going_on.h"
#include "state/journal_file.h"

namespace runbook {
namespace {

bool sets_state(const Event& event) {
  return event.kind == event::run_began || event.kind == event::driven || event.kind == event::paused ||
         event.kind == event::left;
}

struct Holder {
  RunRow row;
  int pid = 0;  // that drives it, or 0
  // Since when it is in its state. Of one whose engine died that is not recorded: then, when it was last heard of.
  std::int64_t since_ms = 0;
  RunState state = {};

  bool has_died() const { return row.state == "running" && pid == 0; }
};

Holder look_at(const JournalFile& file, const RunRow& row) {
  Holder holder{row, lease_holder(file.run_folder(row.run)), row.began_at_ms};
  file.events(row.run, 0, [&](const Event& event) {
    if (holder.has_died() || sets_state(event)) holder.since_ms = event.at_ms;
    holder.state.apply(event);
  });
  return holder;
}

// "driven by pid 12 since ...", "in doubt since ..."
std::string what_it_does(const Holder& holder) {
  std::string state = holder.has_died() ? "interrupted" : holder.row.state;
  if (holder.pid != 0) state = fmt::format("driven by pid {}", holder.pid);
  std::replace(state.begin(), state.end(), '_', ' ');
  return fmt::format("{} since {}", state, utc_text(holder.since_ms));
}

std::string what_to_do(const JournalFile& file, const Holder& holder) {
  const std::string first = holder.pid == 0 ? "" : "wait until it has ended, or stop it there with Ctrl-C; ";
  const RunState& state = holder.state;
  const std::string words = journal_words(file);
  const std::string going_on = "runbook " + words_to_go_on(state, holder.row.run) + words;
  if (state.is_undoing) return fmt::format("{}to go on with its undo: `{}`", first, going_on);
  if (state.is_cancelling) return fmt::format("{}to go on with leaving it: `{}`", first, going_on);
  return fmt::format("{}to go on with it: `{}`; to give it up: `runbook cancel {}{}`", first, going_on, holder.row.run, words);
}

Error held(const JournalFile& file, const std::string& lock, const Holder& holder) {
  return Error(ExitCode::driven,
               fmt::format("the lock `{}` is held by run {} of {}, {}; nothing was run", lock, holder.row.run,
                           holder.row.runbook, what_it_does(holder)),
               what_to_do(file, holder));
}

}  // namespace

std::string lock_of(const JournalFile& file, const RunRow& row) {
  Statement select(*file.db().database, "SELECT text FROM events WHERE id = ?");
  if (!select.bind(event_id(row.n, 1)).step()) return "";
  const auto began = read_event(1, select.text(0));
  return began ? began->body.text_or("lock", "") : "";
}

std::optional<RunRow> lock_holder(const JournalFile& file, const std::string& lock, const std::string& but) {
  if (lock.empty()) return std::nullopt;
  Statement select(*file.db().database,
                   fmt::format("SELECT {} FROM runs WHERE ended_at_ms = 0 AND run <> ? ORDER BY n", run_columns));
  select.bind(but);
  std::vector<RunRow> unfinished;
  while (select.step()) unfinished.push_back(read_run_row(select));
  const auto holder =
      std::find_if(unfinished.begin(), unfinished.end(), [&](const RunRow& row) { return lock_of(file, row) == lock; });
  return holder == unfinished.end() ? std::nullopt : std::optional(*holder);
}

void require_lock_free(const JournalFile& file, const std::string& lock, const std::string& run) {
  if (const auto holder = lock_holder(file, lock, run)) throw held(file, lock, look_at(file, *holder));
}

}  // namespace runbook
