#pragma once
// The step type `aws`: one call of an operation, or one look by a waiter.
#include <memory>

#include "plugins/aws/session.h"
#include "step/step_type.h"
#include "step/target.h"

namespace runbook {

namespace aws {
class Session;
}

// The session is asked for its models when a runbook has such a step, and not before.
Declaration aws_declaration(const std::shared_ptr<aws::Session>& session);
std::unique_ptr<StepType> make_aws(std::shared_ptr<aws::Session> session);
Declaration aws_target_declaration();
std::unique_ptr<TargetType> make_aws_target(std::shared_ptr<aws::Session> session);

}  // namespace runbook
