#pragma once
// What stands before a step of a walkthrough: what it is, what exactly it would run, what happens then, and what Enter does. Pure.
#include <string>

#include "base/cells.h"
#include "run/instance.h"
#include "run/scope.h"

namespace runbook {

struct StepPage {
  const RunFacts& facts;
  const RunState& state;
  StoredValues& values;
  Charset charset = Charset::utf8;
};
// Whole lines; secrets are masked. What can't be evaluated yet says why.
std::string step_page(const StepPage& page, const Instance& step);
// "12/57": its place among the steps of the runbook.
std::string step_number(const Runbook& runbook, const Instance& step);
// "imrt-aws 12/57 deploy_cluster › cluster_valid [main: aws 1628…, ctx dev.imrt.org] ▸ ", shortened to half of the columns.
std::string walk_prompt(const StepPage& page, const Instance& step, int columns);

}  // namespace runbook
