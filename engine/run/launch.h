#pragma once
// One thing to start: an attempt of a step, or a look by a probe.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "run/instance.h"
#include "step/step_type.h"

namespace runbook {

enum class Role {
  act,     // has an intent
  before,  // what stood before
  look,    // done_when, verify, wait_until, assert: whichever the step's phase asks
  watch,   // a section's
  target,  // whether the step's target is what it was
  files,   // whether the files that it reads are
};

struct TargetQuestion {
  std::string target;  // "main.host"
  std::string type;
  Value params, pinned;  // pinned: an identity, or null
};

// Evaluated, ready to be performed. Holds secrets: in memory only.
struct Request {
  std::string type;
  Value params;
  std::vector<std::string> env;  // complete
  std::string dir;
  std::vector<std::string> secrets;  // to be masked in what it writes
  bool keeps_result = false;
  bool hides_output = false;  // it may hold a secret that nobody knows yet: nothing of it is recorded
  bool wants_findings = false;
  bool tty = false;     // it has the person's terminal
  bool leaves = false;  // processes that it leaves behind are meant to live on
  std::int64_t output_head = 0, output_tail = 0;
  std::optional<std::int64_t> timeout_ms;
  std::optional<Following> following;   // of a look
  std::vector<TargetQuestion> targets;  // Role::target asks these, and nothing else
  std::vector<NamedPath> files;         // Role::files looks at these, from `dir`
  std::string token;                    // of an attempt that acts in the engine's own process
  std::string boot_id;                  // where its intent was made, of one that is taken up
  bool had_secrets = false;             // of one that is taken up: when it began there were some to be masked
  bool is_repeatable = false;           // by its step's effect
  Value shown;  // type, params, env of the step, dir: secrets masked; null where the definition says it all
};

struct Launch {
  Instance step;
  std::int64_t n = 0;  // unique within the run, probes included
  Role role = Role::act;
  std::int64_t decided_at_ms = 0;  // by the clock of the decision that asked for it: what was due is judged by the same time
  bool takes_up = false;           // an attempt that an earlier engine began
  std::shared_ptr<const Request> request;
  std::int64_t seq = 0;  // where the journal stands when it is launched
  std::string hash;
};

}  // namespace runbook
