#include "cli/pinned_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "cli/session.h"

namespace runbook {

void require_as_pinned(const Runbook& runbook, const PinnedInputs& pinned, const GivenInputs& given) {
  const Value again = with_absolute_paths(runbook, pinned.dir, resolve_given(runbook, given));
  std::vector<std::string> changes;
  for (const auto& [name, value] : again.as_map()) {
    const Value* has = pinned.values.find(name);
    if (has && *has != value) changes.push_back(fmt::format("`{}` is {}, not {}", name, to_json(*has), to_json(value)));
  }
  if (changes.empty()) return;
  throw Error(ExitCode::usage,
              fmt::format("the inputs are pinned with run {} and can't be given anew: {}; nothing was run", pinned.run,
                          fmt::join(changes, ", ")),
              fmt::format("leave {} out to go on; for this run alone: runbook walk --resume {}, then `set NAME=VALUE`",
                          changes.size() == 1 ? "it" : "them", pinned.run));
}

}  // namespace runbook
