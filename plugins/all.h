#pragma once
// The table of step types. A new one: its file, and a row in all.cpp.
#include <memory>
#include <vector>

#include "book/declaration.h"
#include "os/process_runner.h"
#include "step/step_type.h"

namespace runbook {

Declaration shell_declaration();
Declaration exec_declaration();
std::unique_ptr<StepType> make_shell(ProcessRunner* runner);
std::unique_ptr<StepType> make_exec(ProcessRunner* runner);

// What every type says about itself; nothing is started.
const Declarations& all_declarations();
// One of each. The runner outlives them.
std::vector<std::unique_ptr<StepType>> all_step_types(ProcessRunner* runner);

}  // namespace runbook
