#pragma once
// What a world would do, and what is expected to come of it: a runbook tried without touching anything.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/value.h"
#include "book/node.h"
#include "book/runbook.h"

namespace runbook {

// What becomes of one attempt of a step.
struct ScriptedOutcome {
  enum class Kind {
    succeeds,
    fails,        // with exit_code
    lost,         // nobody knows how it ended; it took effect
    not_started,  // for `reason`
    times_out,
  } kind = Kind::succeeds;
  int exit_code = 0;
  std::string text;    // what it writes
  std::string reason;  // of not_started
  Value outputs;       // a map; what it lacks comes from the step's `example`
  std::int64_t delay_ms = 1'000;
};

// What one look by a probe of the step sees.
struct ScriptedLook {
  enum class Answer {
    yes,
    no,
    cannot_tell,
    fails,  // no, and waiting longer is no use
  } answer = Answer::yes;
  Value outputs;  // a map
};

// What a person answers to a question about the step.
struct ScriptedAnswer {
  std::string choice;  // "" : the first that goes on
  std::string who;
  std::string because;
  Value set;                  // a map: values that were asked for
  std::int64_t after_ms = 0;  // since it was asked
};

struct ScriptedStep {
  std::vector<ScriptedOutcome> outcomes;               // of its first attempts
  ScriptedOutcome otherwise;                           // of all behind them
  std::vector<ScriptedLook> sees;                      // its first looks; behind them: yes once it has taken effect
  std::optional<std::vector<ScriptedAnswer>> answers;  // nullopt: somebody answers at once; behind them: nobody
};

template <class T>
struct Expected {
  T value{};
  Place place;
};

struct Expectations {
  std::optional<Expected<std::string>> state;                                                 // of the run
  std::vector<std::pair<std::string, Expected<std::string>>> steps;                           // step → state
  std::vector<std::pair<std::string, Expected<Value>>> outputs;                               // of the run
  std::vector<std::pair<std::string, std::pair<std::string, Expected<Value>>>> step_outputs;  // step → name → value
  std::vector<Expected<std::string>> events;                      // "asked subnet_group": it happened
  std::optional<Expected<std::vector<std::string>>> order;        // these steps are begun, in this order
  std::optional<Expected<std::int64_t>> at_least_ms, at_most_ms;  // how long it all takes
};

struct Scenario {
  SourcePtr source;  // nullptr: everything simply works
  std::string title;
  NodePtr inputs;  // a map, or nullptr
  std::map<std::string, ScriptedStep> steps;
  int resumes = 0;  // how often a run that has failed, or was interrupted, is taken up again
  Expectations expected;
  const ScriptedStep& of(const std::string& step) const;
};

struct LoadedScenario {
  std::optional<Scenario> scenario;  // nullopt if a diagnostic is an error
  std::vector<Diagnostic> diagnostics;
};
// Checked against the runbook: its steps, inputs and outputs. Never throws on bad input.
LoadedScenario load_scenario(const SourcePtr& source, const Runbook& runbook);

}  // namespace runbook
