#pragma once
// What a loop goes through: evaluated once, when it is entered, and recorded.
#include <functional>

#include "book/runbook.h"
#include "expr/expression.h"
#include "run/scope.h"

namespace runbook {

// [{key, item}], the keys unique. `inside`: what the key of an item sees. Throws ExpressionError, or Error for a list that can't be
// gone through.
Value list_of_loop(const Section& section, const Scope& scope, const std::function<RunScope(const Value& item)>& inside);

// The sizes of the batches, together `count`.
Value batches_of_loop(const Loop& loop, std::size_t count);

}  // namespace runbook
