#include "book/type_description.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "tests/book/world.h"

using namespace runbook;

namespace {

std::string refusal_of(const std::string& name) {
  try {
    type_named(describe_types(test_types()), name);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return std::string(error.what()) + " / " + error.hint();
  }
  return "found";
}

}  // namespace

TEST_CASE("the_engines_own_types_stand_behind_the_declared_ones") {
  std::string names;
  for (const TypeDescription& type : describe_types(test_types())) names += type.name + " ";
  CHECK(names == "shell exec wait_until assert manual include ");
}

TEST_CASE("the_engines_own_types_are_looks_made_of_declared_ones") {
  const std::vector<TypeDescription> types = describe_types(test_types());
  const TypeDescription& wait = type_named(types, "wait_until");
  CHECK(wait.looks == std::vector<std::string>{"shell", "exec"});
  CHECK(wait.needs_look);
  CHECK_FALSE(type_named(types, "assert").needs_look);
  CHECK(wait.effect == "read");
  CHECK(type_named(types, "shell").looks.empty());
}

TEST_CASE("an_unknown_type_proposes_the_nearest_and_one_of_a_later_version_is_called_that") {
  CHECK(refusal_of("exce") == "there is no step type `exce` / did you mean `exec`?");
  CHECK(refusal_of("zzz") == "there is no step type `zzz` / known: shell, exec, wait_until, assert, manual, include");
  CHECK(refusal_of("aws") == "the step type `aws` is not supported by this version / ");
  CHECK(refusal_of("shell") == "found");
}
