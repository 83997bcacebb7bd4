#pragma once
// The service models that a runbook's `aws` steps and targets are checked and called by.
#include <string>

#include "book/runbook.h"
#include "plugins/aws/model_store.h"

namespace runbook {

// "pip 1.43.11"
std::string models_text(const aws::ModelFolder& folder);
// "pip 1.43.11", "AWS CLI v2 2.15.0"; "" where neither the runbook nor one that it includes calls AWS itself, or there are none.
std::string aws_models_of(const Runbook& runbook);
// Throws Error (exit 2) where they are needed and not there: in a run they would be missed at the first step that calls.
void require_aws_models(const Runbook& runbook);

}  // namespace runbook
