// What a step must hit.
#include <doctest/doctest.h>

#include "base/json.h"
#include "book/value_scope.h"
#include "tests/book/world.h"

using namespace runbook;

TEST_CASE("the_nearest_target_is_that_of_a_step") {
  const Loaded all = load(
      "runbook: x\n"
      "inputs: {folder: {}}\n"
      "targets:\n"
      "  code: {git: {dir: '${{ $inputs.folder }}', commit: abc, from: made}}\n"
      "  here: {git: .}\n"
      "target: code\n"
      "lock: 'deploy/${{ $inputs.folder }}'\n"
      "steps:\n"
      "  - {id: made, shell: ls, undo: {manual: Take it back}}\n"
      "  - section: S\n"
      "    target: here\n"
      "    watch: {id: w, shell: ls}\n"
      "    steps: [{id: b, manual: Look}, {id: c, shell: ls, target: code}, {id: d, wait_until: {shell: ls, timeout: 1m}}]\n"
      "    finally: [{id: e, shell: ls}]\n");
  REQUIRE(all.runbook);
  const Runbook& runbook = *all.runbook;
  CHECK(runbook.lock->text.text() == "deploy/${{ $inputs.folder }}");
  REQUIRE(runbook.targets.size() == 2);
  const Target& code = *runbook.find_target("code");
  REQUIRE(code.rows.size() == 1);
  CHECK(code.rows[0].type == "git");
  CHECK(code.rows[0].from == "made");
  const ValueScope scope(object({{"inputs", object({{"folder", "/srv"}})}}));
  CHECK(to_json(code.rows[0].params.evaluate(scope)) == R"({"dir":"/srv","commit":"abc"})");
  CHECK(to_json(runbook.find_target("here")->rows[0].params.evaluate(scope)) == R"({"dir":"."})");
  std::string targets;
  for (const Step* step : runbook.steps) targets += step->id + ":" + step->target + " ";
  CHECK(targets == "made:code b:here c:code d:here w:here e:here ");
  CHECK(runbook.find("made")->undo->target == "code");
}

TEST_CASE("without_a_target_none_is_asserted") {
  CHECK(load("runbook: x\nsteps: [{id: a, shell: ls}]\n").runbook->find("a")->target.empty());
}

TEST_CASE("a_target_type_is_no_step_type") {
  CHECK(problems_of("runbook: x\nsteps: [{id: a, git: .}]\n").find("unknown key `git`") != std::string::npos);
  CHECK(problems_of("runbook: x\ndefaults: {git: {dir: .}}\nsteps: [{id: a, shell: ls}]\n").find("no step type `git`") !=
        std::string::npos);
}
