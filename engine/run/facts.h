#pragma once
// What stays the same while a run goes on.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/value.h"
#include "book/runbook.h"
#include "run/secret_outputs.h"
#include "state/run_state.h"

namespace runbook {

struct RunFacts {
  std::shared_ptr<const Runbook> runbook;
  const Declarations* types = nullptr;
  std::string run;                             // id
  Value inputs;                                // all but secrets
  std::map<std::string, std::string> secrets;  // those that are there; in memory only
  Value vars;
  Value run_values;                      // $run
  std::string dir;                       // the runbook's folder, absolute
  std::vector<std::string> environment;  // what processes inherit, "NAME=value", each name once
  std::string boot_id;                   // of this machine; "" where nothing outlives the engine
  std::shared_ptr<SecretOutputs> secret_outputs = std::make_shared<SecretOutputs>();
  // All secrets that are known now, to be masked.
  std::vector<std::string> secret_values() const;
};

// $run, of a run that has begun.
Value run_values_of(const std::string& run, const RunState& state);
// Of a run that has begun; without secrets, and without an environment. Throws Error (exit 2).
RunFacts facts_of(const std::string& run, std::shared_ptr<const Runbook> runbook, const Declarations& types, Value inputs,
                  const RunState& state);
// $vars, from the inputs. Throws Error (exit 2).
Value evaluate_vars(const Runbook& runbook, const Value& inputs, const Value& run_values);

}  // namespace runbook
