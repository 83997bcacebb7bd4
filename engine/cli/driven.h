#pragma once
// A run that is driven, as whoever sits in front of it acts on it between two runs of its executor. One thread; all that it names outlives it.
#include <string>

#include "base/redactor.h"
#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/signals_at_rest.h"
#include "os/line_editor.h"
#include "run/executor.h"
#include "run/instances.h"
#include "state/journal.h"

namespace runbook {

struct Driven {
  const Arguments& arguments;
  const JournalFile& file;
  Journal& journal;
  const std::string& run;
  const std::string& who;
  const RunFacts& facts;
  RunState& state;
  Executor& executor;
  Performer& performer;
  LineEditor& editor;
  Console* console = nullptr;
  SignalsAtRest& signals;
  StoredValues values = StoredValues([this](const std::string& digest) { return journal.blob(digest); });

  // Without the secrets that the run knows.
  std::string masked(const std::string& text) const { return redact(text, facts.secret_values()); }
  std::optional<Instance> find(const std::string& instance) { return Instances(facts, state, values).find(instance); }
};

}  // namespace runbook
