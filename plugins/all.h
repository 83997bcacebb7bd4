#pragma once
// The tables of step types and of target types. A new one: its file, and a row in all.cpp.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "book/declaration.h"
#include "os/process_runner.h"
#include "step/step_type.h"
#include "step/target.h"

namespace runbook {

Declaration shell_declaration();
Declaration exec_declaration();
Declaration kubectl_declaration();
std::unique_ptr<StepType> make_shell(ProcessRunner* runner);
std::unique_ptr<StepType> make_exec(ProcessRunner* runner);
std::unique_ptr<StepType> make_kubectl(ProcessRunner* runner);

Declaration git_target_declaration();
Declaration host_target_declaration();
Declaration directory_target_declaration();
Declaration kubernetes_target_declaration();
std::unique_ptr<TargetType> make_git_target();
std::unique_ptr<TargetType> make_host_target();
std::unique_ptr<TargetType> make_directory_target();
std::unique_ptr<TargetType> make_kubernetes_target();

namespace aws {
class Session;
}
// Models, connections and credentials of this process, shared by the types that need them; nothing is looked for before it is needed.
std::shared_ptr<aws::Session> aws_session();
// The code that a device shows, for whatever needs it within the next minute; each is used once.
void give_aws_code(const std::string& device, const std::string& code);
// Who is asked where no code was given; a look of a run asks by its target instead. Before anything is called.
void ask_for_aws_codes(std::function<std::string(const std::string& device)> ask);

// What every type says about itself; nothing is started.
const Declarations& all_declarations();
// One of each. The runner outlives them.
std::vector<std::unique_ptr<StepType>> all_step_types(ProcessRunner* runner);
std::vector<std::unique_ptr<TargetType>> all_target_types();

}  // namespace runbook
