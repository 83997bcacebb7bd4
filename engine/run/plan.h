#pragma once
// What a run would do, as far as it can be known before it begins. Nothing is run, looked at or written.
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "run/facts.h"

namespace runbook {

// What a step must hit.
struct PlannedTarget {
  std::string name;  // "main.host"
  std::string type;
  std::optional<Value> params;  // none: they, or what they lead to, are not there yet
  std::string unknown;          // why: "known after apply_cluster"
};

struct PlannedStep {
  enum class Verdict {
    runs,
    skipped,  // by `when`, its own or a section's
    depends,  // on a `when` over values that only an earlier step will give
    stops,    // the run would stop here: an expression fails
  };
  const Step* step = nullptr;
  std::string instance;  // "update[eu-1]", "cluster/apply"; of a loop over what is not known yet: "update[]"
  std::string section;   // titles, "Cluster / Nodes"; "" : none
  Verdict verdict = Verdict::runs;
  std::string why;
  // What it would do: parameters with their values; "(known after STEP)" for what is not known yet, "[secret]" for secrets.
  Value params, env;
  std::string dir;
  std::string more;  // "and the same for 980 more"
  std::vector<PlannedTarget> targets;
  // Of an act: parameters and NAME=value whole, to be looked at beforehand; none where one is not known yet, or is a secret.
  std::optional<Value> known_params;
  std::vector<std::string> known_env;
  std::string unknown;             // why there are none: "a value is known after vpc"
  std::vector<std::string> looks;  // probes around it, in the order in which they are asked: "done_when: shell: test -e x"
};

// By the rules of `decide`, wherever nothing but the inputs matters. `secrets` of the facts are not needed.
std::vector<PlannedStep> plan_run(const RunFacts& facts);

std::string_view verdict_name(PlannedStep::Verdict verdict);

}  // namespace runbook
