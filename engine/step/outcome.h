#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace runbook {

// What a step type answers when it is used as a look.
struct Said {
  enum class Answer { yes, no, cannot_tell } answer = Answer::cannot_tell;
  std::string says = {};  // what it saw, a sentence for the person; secrets masked; wanted with no and cannot_tell
  bool fails = false;     // with a no: waiting longer is no use, as `says` tells
};

// What became of one attempt. Closed: who switches over it has no default.
struct Outcome {
  enum class Kind {
    succeeded,
    failed,       // the world said no
    not_started,  // proven: nothing was spawned or sent; no attempt of `retry`, nothing to undo
    timed_out,    // ended by its deadline: for effect once as doubtful as `unknown`
    cancelled,    // ended by a person: as doubtful
    unknown,      // began, and nobody knows how it ended
  };
  Kind kind = Kind::failed;
  int exit_code = -1;  // of a process that exited
  Value result;        // what `that:` and `outputs:` look at; null if it was not asked for
  std::optional<Value>
      masked_result;     // the same without what the type knows to be secret: what outputs look at that are no secrets
  std::string reason;    // one sentence for the person; empty on success
  std::string output;    // bounded, redacted: what it wrote
  std::string findings;  // of one that went wrong, if it was asked for: what a person would look at next; secrets masked
  std::int64_t output_total = 0;
  std::string output_sha256;                                       // of all that it wrote, redacted; hex
  std::vector<std::pair<std::string, std::string>> named_outputs;  // from $RUNBOOK_OUTPUT, in order
  std::string why_no_result;                                       // what was asked for is lost, or a part of it; else empty
  bool named_outputs_are_missing = false;                          // what it wrote to $RUNBOOK_OUTPUT can't be read
  std::optional<Said> said;                                        // the answer of a look; none: the exit code tells
  std::optional<Value> given;                                      // a map or null: outputs as they are, instead of a result
  std::string position;                                            // of a look that followed; see Following
  std::vector<std::string> strays;                                 // what was left behind and ended: "pid 123 sleep 60"
  std::vector<std::string> left;                                   // what was left behind, as `leaves` says, and lives on
};
std::string_view outcome_name(Outcome::Kind kind);
// It came to its own end, good or bad.
bool has_exited(const Outcome& outcome);
// One of that kind, with its reason.
Outcome not_started(std::string why);

}  // namespace runbook
