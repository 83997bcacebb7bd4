#include "run/plan.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "tests/run/world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

struct World {
  RunFacts facts;
  std::vector<PlannedStep> steps;

  World(const std::string& text, Value inputs = Value(Map())) {
    facts.runbook = runbook_of(text);
    facts.types = &test_types();
    facts.dir = "/books";
    facts.inputs = std::move(inputs);
    facts.vars = evaluate_vars(*facts.runbook, facts.inputs, Value(Map()));
    steps = plan_run(facts);
  }
  const PlannedStep& of(const std::string& id) const {
    for (const PlannedStep& planned : steps) {
      if (planned.step->id == id) return planned;
    }
    FAIL("no step " << id);
    return steps.front();
  }
  std::string said(const std::string& id) const { return std::string(verdict_name(of(id).verdict)) + ": " + of(id).why; }
};

}  // namespace

TEST_CASE("values of inputs are shown, those of earlier steps are known after them") {
  const World world(R"yaml(runbook: x
inputs: {region: {}}
steps:
  - id: vpc
    title: Make it
    exec: [make-vpc, "${{ $inputs.region }}"]
    outputs: {id: stdout}
  - id: tag
    title: Tag it
    exec: [tag, "vpc=${{ $steps.vpc.id }} in ${{ $inputs.region }}", "${{ $steps.vpc.id }}"]
    env: {VPC: "${{ upper($steps.vpc.id) }}"}
)yaml",
                    object({{"region", "us-east-2"}}));
  REQUIRE(world.steps.size() == 2);
  CHECK(to_json(world.of("vpc").params) == R"({"argv":["make-vpc","us-east-2"]})");
  CHECK(to_json(world.of("tag").params) ==
        R"json({"argv":["tag","vpc=(known after vpc) in us-east-2","(known after vpc)"]})json");
  CHECK(to_json(world.of("tag").env) == R"json({"VPC":"(known after vpc)"})json");
  CHECK(world.said("tag") == "runs: ");
}

TEST_CASE("what `when` rules out is skipped with the decider's own words, and what it can't know yet depends") {
  const World world(R"yaml(runbook: x
inputs: {full: {type: bool}}
steps:
  - {id: a, title: A, when: $inputs.full, shell: ls, outputs: {n: {regex: "(.*)"
}
}
}
  - {id: b, title: B, shell: ls, outputs: {n: {regex: "(.*)"}}}
  - {id: c, title: C, when: "$steps.b.n == 'x'", shell: ls}
  - {id: d, title: D, when: "$steps.a.state == 'skipped'", shell: ls}
  - section: Inner
    when: $inputs.full
    steps:
      - {id: e, title: E, shell: ls}
  - section: Later
    when: $steps.b.state == 'succeeded'
    steps:
      - {id: f, title: F, shell: ls}
  - {id: g, title: G, when: "$inputs.full == 3", shell: ls}
)yaml",
                    object({{"full", false}}));
  CHECK(world.said("a") == "skipped: `when` is false: $inputs.full");
  CHECK(world.said("c") == "depends: `when` is known after b: $steps.b.n == 'x'");
  CHECK(world.said("d") == "runs: ");
  CHECK(world.said("e") == "skipped: `when` of section `Inner` is false");
  CHECK(world.of("e").section == "Inner");
  CHECK(world.said("f") == "depends: `when` of section `Later` is known after b");
  CHECK(world.said("g").find("can't compare true or false with a number") != std::string::npos);
  CHECK(world.of("g").verdict == PlannedStep::Verdict::stops);
}

TEST_CASE("looks stand in the order in which they are asked, secrets are masked, defaults go without saying") {
  const World world(R"yaml(runbook: x
inputs: {token: {type: secret}}
steps:
  - id: push
    title: Push
    shell: {script: push, stdin: "${{ $inputs.token }}"}
    before: {shell: digest, outputs: {digest: stdout}}
    done_when: {shell: digest, that: "stdout != $before.digest"}
    verify: {exec: [curl, ok]}
)yaml");
  const PlannedStep& push = world.of("push");
  CHECK(to_json(push.params) == R"({"script":"push","stdin":"[secret]"})");
  REQUIRE(push.looks.size() == 3);
  CHECK(push.looks[0] == "before: shell: digest");
  CHECK(push.looks[1] == "done_when: shell: digest, that: stdout != $before.digest");
  CHECK(push.looks[2] == R"(verify: exec: ["curl","ok"])");
}

TEST_CASE("a step whose values can't be made is where the run would stop") {
  const World world(R"yaml(runbook: x
vars: {list: "${{ split('a', ',') }}"}
steps:
  - {id: a, title: A, exec: [ls, "x${{ $vars.list }}"]}
)yaml");
  CHECK(world.said("a") == "stops: a list can't stand inside text: `$vars.list`");
}

TEST_CASE("an assertion over inputs is decided, one over later values is known after them") {
  const World world(R"yaml(runbook: x
inputs: {nodes: {type: int}}
steps:
  - {id: a, title: A, shell: ls, outputs: {n: {type: int}}}
  - {id: b, title: B, assert: {that: $steps.a.n > 0}}
  - {id: c, title: C, assert: {that: $inputs.nodes > 2, because: kops wants three}}
  - {id: d, title: D, assert: {that: $inputs.nodes > 1}}
)yaml",
                    object({{"nodes", 2}}));
  CHECK(world.said("b") == "runs: ");
  CHECK(world.of("b").looks.front() == "assert: $steps.a.n > 0 (known after a)");
  CHECK(world.said("c") == "stops: `$inputs.nodes > 2` does not hold: kops wants three");
  CHECK(world.said("d") == "runs: ");
}
