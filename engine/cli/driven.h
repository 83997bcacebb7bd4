#pragma once
// A run that is driven, as whoever sits in front of it acts on it between two runs of its executor. One thread; all that it names outlives it.
#include <string>

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
  Console* console;  // or nullptr
  SignalsAtRest& signals;
  StoredValues values = StoredValues([this](const std::string& digest) { return journal.blob(digest); });

  // As a command that prints itself has it.
  std::optional<Instance> find(const std::string& instance) { return Instances(facts, state, values).find(instance); }
};

}  // namespace runbook
