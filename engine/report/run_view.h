#pragma once
// A run as people and programs look at it, from the journal alone. `show --json` prints it; the text of `show` is made from it.
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/value.h"
#include "report/markdown_text.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

// A step, or what loops and includes made of it.
struct ViewedStep {
  Value line;  // of the outline: id, title, type, effect, section, source
  std::string instance;
  Value outputs, evidence;  // a map, a list; or null
};

struct RunView {
  RunRow row;
  RunState state;
  std::vector<ViewedStep> steps;            // in written order; those of a loop item by item
  Value inputs;                             // a map, without secrets
  Value run_outputs;                        // of a run that succeeded, or null
  std::map<std::string, Value> forms = {};  // of open questions, by their ids: what is asked in detail
};

// Throws Error (exit 6) for a blob that is missing or changed.
RunView view_run(const JournalFile& file, const RunRow& row);
RunState fold_run(const JournalFile& file, const std::string& run);

// run, runbook, state, why, definition_sha256, steps: [{id, instance, title, type, state, why, attempts, started_at, ended_at, outputs}], deviations ...
Value to_json_view(const RunView& view);
// For a person. `colour`: marks states by colour too; `markdown`: how instructions look, if not as they are written.
enum class Colour { no, yes };
std::string to_text_view(const RunView& view, Colour colour, const std::optional<MarkdownStyle>& markdown = std::nullopt);

std::string_view sight_name(WatchState::Sight sight);
Value row_json(const RunRow& row);

}  // namespace runbook
