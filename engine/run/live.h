#pragma once
// What the engine knows beyond the journal: looks and what is running now. Lost in a crash, and simply found out again.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/value.h"
#include "book/runbook.h"
#include "run/cursors.h"
#include "run/launch.h"
#include "step/outcome.h"

namespace runbook {

// The answer of one look by a probe.
struct Look {
  using Answer = Said::Answer;
  Answer answer = Answer::cannot_tell;
  std::string why;       // for no and cannot_tell: one sentence
  std::string says;      // what the step type itself says that it saw, or ""
  Value result;          // what the probe's step type gave
  Value outputs;         // the probe's `outputs:`; a map, or null
  std::string failure;   // why waiting longer is no use, or ""
  std::string findings;  // of the last one
  std::int64_t n = 0;    // of its launch
  std::int64_t began_at_ms = 0, ended_at_ms = 0;

  // What it saw, for the person: "can't tell: connection refused", "`ready >= 3` is false (2 of 3 are ready)".
  std::string told() const;
};

struct LiveStep {
  std::optional<Launch> running;  // at most one
  bool is_cancel_sent = false;
  std::optional<Look> before, look;  // the newest of this phase
  std::optional<Value> target;       // what its target was seen to be, for this attempt
  std::optional<Value> files;        // what its files were seen to be: {path: sha256}
  bool was_sent_again = false;       // by this engine
  std::string position;              // where its last look at a stream stopped
  int looks = 0;
  int strikes = 0;                             // of a watch: looks in a row that did not say yes
  std::optional<std::int64_t> blind_since_ms;  // of a watch: since when it can't tell

  // A look has come back.
  void saw(Role role, const Probe& probe, Look seen);
  // A new phase: what was seen before says nothing about it.
  void forget_looks() {
    before.reset();
    look.reset();
    blind_since_ms.reset();
    position.clear();
    looks = strikes = 0;
  }
};

struct Live {
  std::unordered_map<std::string, LiveStep> steps;
  std::int64_t last_n = 0;  // the greatest attempt number ever given
  mutable Cursors cursors;  // a memo of decide's
  const LiveStep& of(const std::string& instance) const;
};

}  // namespace runbook
