#include "plugins/all.h"
#include "plugins/process_step.h"

namespace runbook {

namespace {

class Shell : public ProcessStep {
 public:
  explicit Shell(ProcessRunner* runner) : ProcessStep(shell_declaration(), runner) {}

 private:
  std::vector<std::string> argv(const Value& params) const override {
    std::string script = params.get("script").as_text();
    if (params.text_or("with", "bash") == "sh") return {"sh", "-eu", "-c", script};
    return {"bash", "-euo", "pipefail", "-c", script};
  }
};

}  // namespace

Declaration shell_declaration() {
  Declaration shell;
  shell.name = "shell";
  shell.summary = "Runs a script with bash -euo pipefail; inputs are environment variables under their own names.";
  shell.main_param = "script";
  shell.params = {{"script", Param::Type::text, "The script. Values come as \"$name\", never as ${{ }}.", true, {}, {}},
                  {"with", Param::Type::value, "The shell: bash (-euo pipefail) or sh (-eu).", false, "bash", {"bash", "sh"}},
                  {"stdin", Param::Type::input, "Standard input; empty if left out.", false, {}, {}}};
  shell.effect = Effect::once;
  shell.exports_inputs = true;
  shell.has_process = true;
  shell.files = files_of_process;
  shell.result = process_result;
  shell.example = R"yaml(- id: write_greeting
  title: Write the greeting
  shell: |
    echo hello > greeting
    echo "size=$(wc -c < greeting)" >> "$RUNBOOK_OUTPUT"
  outputs: {size: {type: int}}
)yaml";
  return shell;
}

std::unique_ptr<StepType> make_shell(ProcessRunner* runner) { return std::make_unique<Shell>(runner); }

}  // namespace runbook
