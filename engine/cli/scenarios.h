#pragma once
// The scenarios of a runbook, and what a rehearsal has as inputs.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "book/inputs.h"
#include "book/scenario.h"
#include "cli/arguments.h"

namespace runbook {

// The files of rehearsals/RUNBOOK/ beside the runbook, by name.
std::vector<std::filesystem::path> scenario_files(const std::filesystem::path& runbook);
// A path, or the name of one of the runbook's. Throws Error (exit 2) with "did you mean".
std::filesystem::path find_scenario(const std::string& word, const std::filesystem::path& runbook);
// Prints its problems with their places, and throws Error (exit 2) if it is none.
Scenario read_scenario(const std::filesystem::path& file, const Runbook& runbook);

// -i, then what the scenario gives, then the examples of the runbook; nothing from outside. Secrets are stand-ins.
InputValues rehearsed_inputs(const Arguments& arguments, const Scenario& scenario, const Runbook& runbook);

// Stand-ins for all of them.
std::map<std::string, std::string> rehearsed_secrets(const Runbook& runbook);

}  // namespace runbook
