#pragma once
// Step types in the JSON Schema, as their declarations have them.
#include <string>

#include "base/value.h"
#include "book/declaration.h"

namespace runbook::schema {

// Its parameters, by name.
Map parameters_of(const Declaration& type);

// What may stand behind the key that names the type: its main parameter, or a map of parameters.
enum class Holder {
  probe,
  step,  // `defaults:` may give what is missing
};
Value type_value(const Declaration& type, Holder holder);

// What may stand behind a target type: the same, and `from` beside the parameters.
Value target_value(const Declaration& type);

// A required parameter stands in each step of its type, unless `defaults:` gives it: a rule of the whole runbook, and the
// definition of the steps that it speaks of.
Value rule_of_defaults(const Declaration& type, const Param& param);
std::string steps_with(const Declaration& type, const Param& param);
Value steps_that_give(const Declaration& type, const Param& param);

}  // namespace runbook::schema
