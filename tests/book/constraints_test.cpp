#include <doctest/doctest.h>

#include "tests/book/given.h"

using namespace runbook;

namespace {

const std::string sizes = "  least: {type: int, default: 1}\n  most: {type: int, default: 3}\n";
const std::string ordered = "constraints: [{that: $inputs.least <= $inputs.most, because: the least is at most the most}]\n";

}  // namespace

TEST_CASE("a_constraint_that_holds_is_silent") { CHECK(refusal_of(*with_inputs(sizes, ordered), given({})) == "accepted"); }

TEST_CASE("a_constraint_that_does_not_hold_says_because_and_what_to_give") {
  CHECK(refusal_of(*with_inputs(sizes, ordered), given({{"least", "5"}})) ==
        "the least is at most the most (`$inputs.least <= $inputs.most` is false) / -i least=...\n-i most=...");
}

TEST_CASE("all_broken_constraints_are_named_with_all_other_problems") {
  const auto book = with_inputs(sizes + "  name: {}\n  size: {default: s}\n",
                                "constraints:\n"
                                "  - {that: $inputs.least <= $inputs.most, because: in order}\n"
                                "  - {that: $inputs.size != 's', because: s is gone}\n"
                                "  - {that: $inputs.name != 'x', because: not known yet}\n");
  CHECK(refusal_of(*book, given({{"least", "4"}})) ==
        "3 problems with the inputs:\n"
        "  input `name` is missing\n"
        "  in order (`$inputs.least <= $inputs.most` is false)\n"
        "  s is gone (`$inputs.size != 's'` is false) / -i name=...\n-i least=...\n-i most=...\n-i size=...");
}

TEST_CASE("a_constraint_sees_vars_unless_they_depend_on_what_is_missing") {
  const std::string vars =
      "vars: {bucket: \"kops-${{ $inputs.name }}\", copy: \"${{ $vars.bucket }}\"}\n"
      "constraints: [{that: $vars.copy != 'kops-prod', because: that bucket is taken}]\n";
  CHECK(refusal_of(*with_inputs("  name: {}\n", vars), given({{"name", "dev"}})) == "accepted");
  CHECK(refusal_of(*with_inputs("  name: {}\n", vars), given({{"name", "prod"}})) ==
        "that bucket is taken (`$vars.copy != 'kops-prod'` is false) / ");
  CHECK(refusal_of(*with_inputs("  name: {}\n", vars), given({})) == "input `name` is missing / -i name=...");
}

TEST_CASE("a_constraint_must_yield_true_or_false") {
  CHECK(refusal_of(*with_inputs(sizes, "constraints: [{that: $inputs.most, because: x}]\n"), given({})) ==
        "the constraint `$inputs.most` yields 3, and true or false is wanted / -i most=...");
  CHECK(refusal_of(*with_inputs(sizes, "constraints: [{that: $inputs.most > 'a', because: x}]\n"), given({}))
            .starts_with("the constraint `$inputs.most > 'a'`: "));
}

TEST_CASE("a_constraint_on_a_var_that_needs_the_run_can_not_be_judged_and_says_so") {
  const std::string vars = "vars: {id: \"${{ $run.id }}\"}\nconstraints: [{that: $vars.id != 'x', because: x}]\n";
  CHECK(refusal_of(*with_inputs(sizes, vars), given({})).starts_with("the constraint `$vars.id != 'x'` needs the var `id`: "));
}
