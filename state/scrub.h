#pragma once
// A secret that leaked into a run's record is taken out of it. The chain of events stands: an event `scrubbed` tells which blobs were
// replaced by which, and the table `scrubbed` is what those events come to.
#include <string>
#include <vector>

#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

struct ScrubOrder {
  std::string value;  // stands in no message, event or file
  std::string who, because;
  Event driven;  // of the command that does it
};

struct ScrubResult {
  std::int64_t event = 0;  // that tells of it; 0: nothing in the record held the value
  std::size_t blobs = 0, answers = 0;
  // Instances whose answer held it and had not been taken up: it is gone, for a mask is no answer; they can be answered anew.
  std::vector<std::string> reopened;
  std::vector<std::string> files;   // in the run's folder, in which it was overwritten
  std::vector<std::string> events;  // whose texts hold it, which nobody can change: "event 3, handed_off"
  std::string unclean;              // why the journal's file may still hold what was replaced; "": it does not
};

// "" or one sentence: why that can't be looked for.
std::string why_not_scrubbed(const std::string& value);
// Replaces whatever holds the value, in any form that the redactor knows, in one commit; then cleans the file, its -wal and the run's
// folder, also where nothing was found. A run that was left stays left, another one is paused as it was. Throws Error (exit 6) as
// drive_run does, (exit 2) if the reason or who gives it holds the value; then nothing was replaced.
ScrubResult scrub_run(JournalFile& file, const Lease& lease, const std::string& run, const ScrubOrder& order,
                      const std::vector<KnownCommit>& witnesses = {});

// The other runs of the journal whose blobs, answers or events hold it.
std::vector<std::string> other_runs_that_hold(const JournalFile& file, const std::string& run, const std::string& value);
// Without the value.
std::string without_value(const std::string& text, const std::string& value);

// The digest of what stands in place of that blob now; the same one if it was never scrubbed.
std::string standing_digest(const JournalFile& file, std::string digest);

// What of that with which the run goes on was scrubbed: "its definition", "the outputs of `copy`".
struct ScrubbedParts {
  bool definition = false;  // or a text that it includes
  bool inputs = false;
  std::vector<std::string> of_steps;  // instances whose outputs, state before or inputs are gone
  bool is_whole() const { return !definition && !inputs && of_steps.empty(); }
  std::string text() const;
};
ScrubbedParts scrubbed_parts(const RunState& state);

}  // namespace runbook
