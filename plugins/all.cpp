#include "plugins/all.h"

#include "plugins/aws/aws_step.h"

namespace runbook {

namespace {

struct Row {
  Declaration (*declaration)();
  std::unique_ptr<StepType> (*make)(ProcessRunner* runner);
};

constexpr Row rows[] = {
    {shell_declaration, make_shell},
    {exec_declaration, make_exec},
    {kubectl_declaration, make_kubectl},
    {[] { return aws_declaration(aws_session()); }, [](ProcessRunner*) { return make_aws(aws_session()); }},
};

struct TargetRow {
  Declaration (*declaration)();
  std::unique_ptr<TargetType> (*make)();
};

constexpr TargetRow target_rows[] = {
    {git_target_declaration, make_git_target},
    {host_target_declaration, make_host_target},
    {directory_target_declaration, make_directory_target},
    {kubernetes_target_declaration, make_kubernetes_target},
    {aws_target_declaration, [] { return make_aws_target(aws_session()); }},
};

}  // namespace

const Declarations& all_declarations() {
  static const Declarations all = [] {
    Declarations declarations;
    for (const Row& row : rows) declarations.push_back(row.declaration());
    for (const TargetRow& row : target_rows) declarations.push_back(row.declaration());
    return declarations;
  }();
  return all;
}

std::vector<std::unique_ptr<StepType>> all_step_types(ProcessRunner* runner) {
  std::vector<std::unique_ptr<StepType>> types;
  for (const Row& row : rows) types.push_back(row.make(runner));
  return types;
}

std::vector<std::unique_ptr<TargetType>> all_target_types() {
  std::vector<std::unique_ptr<TargetType>> types;
  for (const TargetRow& row : target_rows) types.push_back(row.make());
  return types;
}

}  // namespace runbook
