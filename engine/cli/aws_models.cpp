#include "cli/aws_models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "plugins/all.h"
#include "plugins/aws/session.h"

namespace runbook {

namespace {

bool calls_aws(const Runbook& runbook);

bool calls_aws(const Step& step) {
  const ProbePtr probes[] = {step.before, step.done_when, step.verify, step.probe};
  return step.type == "aws" || (step.undo && calls_aws(*step.undo)) || (step.include && calls_aws(*step.include->runbook)) ||
         std::any_of(std::begin(probes), std::end(probes), [](const ProbePtr& each) { return each && each->type == "aws"; });
}

bool calls_aws(const Target& target) {
  return std::any_of(target.rows.begin(), target.rows.end(), [](const TargetRow& row) { return row.type == "aws"; });
}

bool calls_aws(const Runbook& runbook) {
  return std::any_of(runbook.targets.begin(), runbook.targets.end(), [](const Target& each) { return calls_aws(each); }) ||
         std::any_of(runbook.steps.begin(), runbook.steps.end(), [](const Step* each) { return calls_aws(*each); });
}

}  // namespace

std::string models_text(const aws::ModelFolder& folder) {
  return folder.version.empty() ? folder.kind : fmt::format("{} {}", folder.kind, folder.version);
}

std::string aws_models_of(const Runbook& runbook) {
  const aws::ModelStore* store = calls_aws(runbook) ? aws_session()->models() : nullptr;
  return store ? models_text(store->folder()) : "";
}

void require_aws_models(const Runbook& runbook) {
  if (calls_aws(runbook) && !aws_session()->models())
    throw Error(ExitCode::usage, std::string(aws::no_models) + "; nothing was run");
}

}  // namespace runbook
