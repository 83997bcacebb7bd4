#pragma once
// A program that has the terminal to itself while it runs: a shell, an editor.
#include <string>
#include <vector>

namespace runbook {

// With these variables (complete, NAME=value), in that folder. It is the terminal's foreground process group, so that its keys send signals to
// it alone; the terminal is afterwards what it was. Gives the exit status as a shell has it. Throws Error (exit 2) if it can't be started.
int run_in_foreground(const std::vector<std::string>& argv, const std::vector<std::string>& env, const std::string& dir);

}  // namespace runbook
