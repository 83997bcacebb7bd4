#pragma once
// Which keys each map of the language has: those that this version reads, and those that it knows and refuses.
#include <string>
#include <string_view>
#include <vector>

#include "book/node.h"
#include "book/problems.h"

namespace runbook {

struct KeySet {
  std::string_view owner;  // "a step": for messages
  std::vector<std::string> known;
  std::vector<std::string> later;
};

namespace keys {
extern const KeySet runbook, section, step, input, reject, constraint, requirements, output_rule, keep, retry, hint,
    output_sizes, uncovered, manual, collected, approval, notify, undo, include;
extern const KeySet before, done_when, verify, wait_until, assertion, watch;
}  // namespace keys

// Step types that the language has and this version has not, unless a plugin declares them.
const std::vector<std::string>& later_step_types();
// Target types that the language has and this version has not.
const std::vector<std::string>& later_target_types();
// wait_until, assert, manual, include
const std::vector<std::string>& engine_step_types();
// Keys of a step that have no meaning beside include: the steps of the other runbook have their own.
const std::vector<std::string>& keys_of_own_steps();
// What `defaults:` may give for a step type, besides its parameters.
const std::vector<std::string>& default_keys();
// Keys of a section that have no meaning without for_each.
const std::vector<std::string>& loop_keys();
// Keys of a step that belong to its effect: they have no meaning beside wait_until and assert.
const std::vector<std::string>& effect_keys();
// Keys of a step that have no meaning beside manual: there is no process.
const std::vector<std::string>& process_keys();

// Whether `key` belongs to the set. If not, the problem is reported; `also` are further names that could be meant.
bool check_key(const Node::Member& key, const KeySet& set, Problems& problems, const std::vector<std::string>& also = {});
void check_keys(const Node& map, const KeySet& set, Problems& problems);
void report_unsupported(const Node::Member& key, Problems& problems);

}  // namespace runbook
