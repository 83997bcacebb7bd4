#pragma once
#include <optional>
#include <string>

#include "plugins/kubectl_words.h"
#include "step/step_type.h"

namespace runbook {

// What `kubectl apply` would change, as `kubectl diff` of the same manifests tells it. nullopt: another verb. kubectl itself masks the
// data of Secrets.
std::optional<Preview> preview_of_kubectl(const StepContext& context, const KubectlWords& words,
                                          const std::optional<std::string>& input);

}  // namespace runbook
