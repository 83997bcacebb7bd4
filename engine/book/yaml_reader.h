#pragma once
// YAML 1.2 by yaml-cpp's event parser. Refuses what would be read silently as something else: duplicate keys, tags,
// several documents, nesting over 100, aliases that expand to more than 100,000 nodes, unterminated quotes.
#include <vector>

#include "base/diagnostic.h"
#include "book/node.h"

namespace runbook {

// nullptr if the text can't be read; then `problems` says why, with its place and its cause. A key that stands there
// twice is a problem too, but the rest is read, with the first of them.
NodePtr read_yaml(const SourceText& source, std::vector<Diagnostic>& problems);

}  // namespace runbook
