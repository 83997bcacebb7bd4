#pragma once
// Step types in the three forms in which they are printed.
#include "book/type_description.h"

namespace runbook {

// A line for each.
std::string type_list(const std::vector<TypeDescription>& types);
std::string type_page(const TypeDescription& type);
Value type_json(const TypeDescription& type);
// The reference of all of them, for plugins/README.md.
std::string type_reference(const std::vector<TypeDescription>& types);

}  // namespace runbook
