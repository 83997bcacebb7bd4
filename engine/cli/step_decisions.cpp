#include "cli/step_decisions.h"
#include "cli/going_on.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/shell_word.h"
#include "run/frontier.h"
#include "run/instances.h"

namespace runbook {

namespace {

void require_ended(const RunState& state, const std::string& run, const std::string& instance, std::string_view what) {
  if (!state.of(instance).is_open) return;
  throw Error(ExitCode::usage, fmt::format("`{}` has begun, and its end is not known; it can't be {}", instance, what),
              command_to_go_on(state, run, "") + ", or runbook resolve");
}

// The run does not come back to such a step.
void require_not_given_up(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& instance) {
  const auto step = Instances(facts, state, values).find(instance);
  const auto section = step ? given_up_around(facts, state, *step) : std::nullopt;
  if (section)
    throw Error(
        ExitCode::usage,
        fmt::format("`{}` stands in section `{}`, which was given up: the run does not come back to it", instance, *section),
        fmt::format("runbook undo {} --to {} takes it back, with all that came after it; going on does it anew", facts.run,
                    quoted_for_shell(instance)));
}

}  // namespace

Proposal skip_of(const RunState& state, const std::string& run, const std::string& instance, const DecidedBy& by) {
  const InstanceState& it = state.of(instance);
  if (is_done(it.state))
    throw Error(ExitCode::usage,
                fmt::format("`{}` is {} already; there is nothing to skip", instance, step_state_name(it.state)));
  require_ended(state, run, instance, "skipped");
  return Proposal(event::skipped, instance,
                  object({{"why", "left out by " + by.who}, {"who", by.who}, {"because", by.because}}));
}

Proposal redo_of(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& instance,
                 const DecidedBy& by) {
  const InstanceState& it = state.of(instance);
  require_ended(state, facts.run, instance, "redone before");
  require_not_given_up(facts, state, values, instance);
  if (!is_done(it.state) && it.state != StepState::failed)
    throw Error(ExitCode::usage, fmt::format("`{}` is {}; it has not been done yet", instance, step_state_name(it.state)));
  return Proposal(event::renewed, instance, object({{"how", "redo"}, {"who", by.who}, {"because", by.because}}));
}

}  // namespace runbook
