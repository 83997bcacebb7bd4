#pragma once
// `kubectl: {rollout: ...}` and its like: a look that asks for one object and knows what to make of it.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "book/declaration.h"
#include "step/outcome.h"

namespace runbook {

struct KubectlWait {
  std::string_view param;          // "rollout", "ready", "job" or "loadbalancer"
  std::vector<std::string> words;  // behind `kubectl`: a read that prints JSON
};
// nullopt: the parameters give words of their own.
std::optional<KubectlWait> kubectl_wait(const Value& params);
// Why it may be over before anything was begun; "": what it waits for is made by what was begun.
std::string why_it_holds_anyway(const KubectlWait& wait);
// What the answer of the server says. `object`: what was printed, parsed.
Said said_of_wait(const KubectlWait& wait, const Value& params, const Value& object);

// The parameters of the waits, and what is wrong with them.
std::vector<Param> kubectl_wait_params();
std::vector<ParamProblem> problems_of_waits(const Value& params);

}  // namespace runbook
