#pragma once
// What every part of the loader works with.
#include "book/declaration.h"
#include "book/node.h"
#include "book/problems.h"
#include "book/references.h"

namespace runbook {

struct Includes;

struct Loading {
  Problems& problems;
  References& references;
  const Declarations& types;
  const Runbook& runbook;  // as far as it is loaded: inputs and vars come before the steps
  NodePtr defaults;        // `defaults:`, or nullptr
  Includes& includes;
};

}  // namespace runbook
