#pragma once
#include "book/runbook.h"
#include "run/launch.h"
#include "run/scope.h"

namespace runbook {

// Evaluates what a step or a probe of it needs. Throws ExpressionError, or Error for a secret that is not there.
// `target`: what was seen of its target, or null.
Request make_request(const RunFacts& facts, const Instance& step, const Scope& scope, const Value& target = {});
// The step with its values, whole, secrets masked: {type, params, env, dir} or what a person is asked.
Value described_request(const RunFacts& facts, const Instance& step, const Scope& scope);
// The same of what a probe asks: {type, params}.
Value described_probe(const RunFacts& facts, const Instance& step, const Probe& probe, const Scope& scope);
// The same of what a wait looks at; null if it has no values in it, or they can't be told now.
Value probe_with_values(const RunFacts& facts, const Instance& step, const Scope& scope);
// Environment and folder of a step or its probe, without what it does: for a shell in its place.
Request make_surroundings(const RunFacts& facts, const Instance& step, const Scope& scope, const Value& target);
// Where its processes run; absolute.
std::string working_folder(const RunFacts& facts, const Instance& step, const Scope& scope);
Request make_probe_request(const RunFacts& facts, const Instance& step, const Probe& probe, const Scope& scope,
                           const Value& target = {});

}  // namespace runbook
