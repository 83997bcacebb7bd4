#pragma once
// Files that a kubectl call reads.
#include <vector>

#include "book/declaration.h"
#include "plugins/kubectl_words.h"

namespace runbook {

std::vector<NamedPath> files_of_kubectl(const KubectlWords& words);
// Whether kubectl fetches it over the network: nothing can be pinned then.
bool is_address(std::string_view file);

}  // namespace runbook
