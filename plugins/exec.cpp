#include "plugins/all.h"
#include "plugins/process_step.h"

namespace runbook {

namespace {

class Exec : public ProcessStep {
 public:
  explicit Exec(ProcessRunner* runner) : ProcessStep(exec_declaration(), runner) {}

 private:
  std::vector<std::string> argv(const Value& params) const override {
    std::vector<std::string> arguments;
    for (const Value& argument : params.get("argv").as_list()) arguments.push_back(argument.as_text());
    return arguments;
  }
};

}  // namespace

Declaration exec_declaration() {
  Declaration exec;
  exec.name = "exec";
  exec.summary = "Runs a program with arguments, without a shell.";
  exec.main_param = "argv";
  exec.params = {{"argv", Param::Type::arguments, "The program and its arguments; ${{ }} in each.", true, {}, {}},
                 {"stdin", Param::Type::input, "Standard input; empty if left out.", false, {}, {}}};
  exec.effect = Effect::once;
  exec.has_process = true;
  exec.files = files_of_process;
  exec.result = process_result;
  exec.example = R"yaml(- id: unpack
  title: Unpack the release
  exec: [tar, --extract, --file, release.tar.gz, --directory, releases]
  effect: idempotent
)yaml";
  return exec;
}

std::unique_ptr<StepType> make_exec(ProcessRunner* runner) { return std::make_unique<Exec>(runner); }

}  // namespace runbook
