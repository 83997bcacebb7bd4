#pragma once
// What an operation does to the world, as far as its model or its name says.
#include <string>

#include "book/declaration.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// read by the model's trait `readonly`, or by its name; everything else is `once`. `why` says which.
EffectFound effect_of(const ServiceModel& model, const Operation& operation);

}  // namespace runbook::aws
