#pragma once
#include <cstddef>

#include "book/node.h"

namespace runbook {

// Where byte `offset` of a scalar's text stands in the file: quotes, escapes, folded lines and the indentation of
// blocks are followed.
Place place_in_scalar(const Node& scalar, std::size_t offset, const SourceText& source);

}  // namespace runbook
