#pragma once
// What commands share: the journal they mean, the runbook they mean, and how to type the next command.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "book/inputs.h"
#include "book/loader.h"
#include "book/runbook.h"
#include "cli/arguments.h"
#include "cli/input_sources.h"
#include "os/attempt_log.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook {

std::filesystem::path journal_path(const Arguments& arguments);
// " --journal FILE" if it was said on this command line, so that a printed command works when pasted.
std::string journal_words(const Arguments& arguments);

// A path, or the name of a runbook in RUNBOOK_PATH or of the installed ones. Throws Error (exit 2).
std::filesystem::path find_runbook(const std::string& word);
// The names of those in RUNBOOK_PATH and of the installed ones.
std::vector<std::string> known_runbooks();
SourcePtr read_source(const std::filesystem::path& path);
// What a runbook includes, from its folder.
IncludeReader files_in(const std::filesystem::path& folder);
// Loads and prints every diagnostic on standard error. Throws Error (exit 2) if there are errors.
std::shared_ptr<const Runbook> load_or_explain(const SourcePtr& source, const IncludeReader& read = {});
// The same of a file.
std::shared_ptr<const Runbook> load_or_explain(const std::filesystem::path& path);

// The definition that a run began with.
SourcePtr stored_definition(const JournalFile& file, const RunState& state);
// The same loaded, with the texts that it included then. Prints and throws as load_or_explain does.
std::shared_ptr<const Runbook> load_stored(const JournalFile& file, const RunState& state);
IncludeReader stored_includes(const JournalFile& file, const RunState& state);
// Throws Error (exit 2) with "did you mean" if the run has no such step.
void require_step(const JournalFile& file, const RunState& state, const std::string& step);
// What the supervisor was told of the journal, and what must still stand in it.
std::vector<KnownCommit> commits_known_to(const AttemptLog& log);
// For commands that look, after they have shown what there is: throws Error (exit 6) if it is not all.
void require_nothing_lost(const JournalFile& file, const std::string& run);

// Whether a person sits at the terminal and may be asked.
bool can_ask(const Arguments& arguments);
// What the command line gives; `folder` is the runbook's.
GivenInputs given_inputs(const Arguments& arguments, const std::filesystem::path& folder, Looking looking);
// Relative paths start at the runbook's folder, for steps in every `dir:`.
Value with_absolute_paths(const Runbook& runbook, const std::filesystem::path& folder, Value inputs);
// As a run would have them, for a command that runs nothing: secrets may be missing, and are left out.
Value inputs_for_a_look(const Arguments& arguments, const Runbook& runbook, const std::filesystem::path& path);

}  // namespace runbook
