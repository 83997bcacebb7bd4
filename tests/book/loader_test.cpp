#include "book/loader.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "book/value_scope.h"
#include "tests/book/world.h"

using namespace runbook;

namespace {

std::shared_ptr<const Runbook> loaded(const std::string& text) {
  const std::string problems = problems_of(text);
  REQUIRE_MESSAGE(problems.empty(), problems);
  return load(text).runbook;
}

std::shared_ptr<const Runbook> with_steps(const std::string& steps) { return loaded("runbook: x\nsteps:\n" + steps); }

std::string params_of(const Step& step) { return to_json(step.params.evaluate(ValueScope())); }

}  // namespace

TEST_CASE("the_head_of_a_runbook_is_text_as_written") {
  const auto runbook = loaded(
      "runbook: imrt_aws\ntitle: Deploy\nversion: 1.10\nsource: docs/AWS.md\nsummary: Two\nsteps:\n  - {id: a, shell: ls}\n");
  CHECK(runbook->name == "imrt_aws");
  CHECK(runbook->version == "1.10");
  CHECK(runbook->document == "docs/AWS.md");
  CHECK(loaded("runbook: x\nsteps: [{id: a, shell: ls}]\n")->title == "x");
}

TEST_CASE("sections_nest_and_steps_keep_their_order") {
  const auto runbook = with_steps(
      "  - {id: a, shell: ls}\n"
      "  - section: Outer\n"
      "    id: outer\n"
      "    steps:\n"
      "      - section: Inner\n"
      "        steps: [{id: b, shell: ls}]\n"
      "      - {id: c, shell: ls}\n"
      "  - {id: d, shell: ls}\n");
  std::string order;
  for (const Step* step : runbook->steps) order += step->id;
  CHECK(order == "abcd");
  const auto& outer = *std::get<std::unique_ptr<Section>>(runbook->root.children[1]);
  CHECK(outer.title == "Outer");
  CHECK(outer.path == "2");
  CHECK(std::get<std::unique_ptr<Section>>(outer.children[0])->path == "2.1");
  CHECK(runbook->root.path.empty());
  CHECK(runbook->find("c") == runbook->steps[2]);
  CHECK(runbook->find("z") == nullptr);
}

TEST_CASE("parameters_come_from_the_short_and_the_long_form_and_from_defaults") {
  const auto runbook = loaded(
      "runbook: x\n"
      "defaults: {shell: {timeout: 10m, with: sh, retry: {attempts: 3}}}\n"
      "steps:\n"
      "  - {id: a, shell: ls -l}\n"
      "  - {id: b, shell: {script: cat, with: bash, stdin: hello}, timeout: 1s}\n"
      "  - {id: c, exec: [ls, \"\", 012]}\n"
      "  - {id: d, exec: {argv: [cat], stdin: {json: {port: 80, ok: true, none: null, text: '80', name: api, zero: 012}}}}\n");
  CHECK(params_of(*runbook->find("a")) == R"({"script":"ls -l","with":"sh"})");
  CHECK(params_of(*runbook->find("b")) == R"({"script":"cat","with":"bash","stdin":"hello"})");
  CHECK(params_of(*runbook->find("c")) == R"({"argv":["ls","","012"]})");
  CHECK(params_of(*runbook->find("d")) ==
        R"({"argv":["cat"],"stdin":{"json":{"port":80,"ok":true,"none":null,"text":"80","name":"api","zero":"012"}}})");
  CHECK(runbook->find("a")->timeout_ms == 600'000);
  CHECK(runbook->find("a")->retry.attempts == 3);
  CHECK(runbook->find("b")->timeout_ms == 1'000);
  CHECK_FALSE(runbook->find("c")->timeout_ms);
}

TEST_CASE("environment_is_inherited_and_the_inner_one_wins_in_its_place") {
  const auto runbook = loaded(
      "runbook: x\n"
      "env: {A: outer, B: outer}\n"
      "dir: /srv\n"
      "steps:\n"
      "  - section: S\n"
      "    env: {B: section, C: section}\n"
      "    dir: app\n"
      "    steps:\n"
      "      - {id: a, shell: ls, env: {A: step, D: 1.10}}\n"
      "  - {id: b, shell: ls}\n");
  std::string shown;
  for (const EnvEntry& entry : runbook->find("a")->env) shown += entry.name + "=" + entry.value.text.text() + " ";
  CHECK(shown == "A=step B=section C=section D=1.10 ");
  CHECK(runbook->find("a")->dir->text.text() == "app");
  CHECK(runbook->find("b")->env.size() == 2);
  CHECK(runbook->find("b")->dir->text.text() == "/srv");
}

TEST_CASE("a_step_has_all_its_keys") {
  const auto runbook = with_steps(
      "  - id: a\n"
      "    title: The step\n"
      "    when: $run.host != 'x'\n"
      "    shell: make\n"
      "    effect: idempotent\n"
      "    before: {shell: look, outputs: {generation: json.generation}}\n"
      "    done_when: {shell: look, that: json.generation > $before.generation, outputs: {id: json.id}, every: 5s, timeout: "
      "1m, decides: true}\n"
      "    verify: {exec: [look], look_timeout: 3s, \"yes\": [0, 1]}\n"
      "    outputs:\n"
      "      id: json.id\n"
      "      count: {value: json.count, type: int}\n"
      "      url: {regex: \"url: (.*)\"}\n"
      "      written: {}\n"
      "    output: {head: 1KB, tail: 2MB}\n"
      "    timeout: 1h30m\n"
      "    on_timeout: kill\n"
      "    retry: {attempts: 5, delay: 2s, backoff: 1.5, max_delay: 1m, when: exit_code == 75}\n"
      "    note: Mind the gap\n"
      "    tags: [net, aws]\n"
      "    source: docs/AWS.md#vpc\n"
      "    example: {id: vpc-1, count: 3}\n");
  const Step& step = *runbook->find("a");
  CHECK(step.title == "The step");
  CHECK(step.when->expression.text() == "$run.host != 'x'");
  CHECK(step.effect == Effect::idempotent);
  CHECK(step.before->outputs[0].name == "generation");
  CHECK(step.done_when->timeout_ms == 60'000);
  CHECK(step.done_when->every_ms == 5'000);
  CHECK(step.done_when->decides);
  CHECK(step.verify->type == "exec");
  CHECK(step.verify->yes == std::vector<int>{0, 1});
  CHECK(step.verify->no.empty());
  CHECK(step.outputs.size() == 4);
  CHECK(step.outputs[1].type == ValueType::integer);
  CHECK(step.outputs[2].regex == "url: (.*)");
  CHECK_FALSE(step.outputs[3].value);
  CHECK(step.output_head == 1024);
  CHECK(step.output_tail == 2 * 1024 * 1024);
  CHECK(step.timeout_ms == 5'400'000);
  CHECK(step.kills_on_timeout);
  CHECK(step.retry.attempts == 5);
  CHECK(step.retry.backoff == 1.5);
  CHECK(step.retry.max_delay_ms == 60'000);
  CHECK(step.retry.when);
  CHECK(step.anchor == "docs/AWS.md#vpc");
  CHECK(step.tags == std::vector<std::string>{"net", "aws"});
  CHECK(step.place == Place{3, 5});
}

TEST_CASE("what_a_step_does_not_say_has_its_default") {
  const auto runbook = with_steps("  - {id: a, shell: ls, done_when: {shell: ls}}\n");
  const Step& step = *runbook->find("a");
  CHECK(step.title == "a");
  CHECK(step.effect == Effect::once);
  CHECK(step.retry.attempts == 1);
  CHECK_FALSE(step.kills_on_timeout);
  CHECK(step.done_when->every_ms == 2'000);
  CHECK(step.done_when->look_timeout_ms == 30'000);
  CHECK(step.done_when->timeout_ms == 0);
  CHECK_FALSE(step.needs_result());
}

TEST_CASE("standard_output_is_needed_where_something_looks_into_it") {
  const auto runbook = with_steps(
      "  - {id: a, shell: ls, outputs: {x: stdout}}\n"
      "  - {id: b, shell: ls, outputs: {x: {regex: a}}}\n"
      "  - {id: c, shell: ls, retry: {attempts: 2, when: exit_code == 1}}\n"
      "  - {id: d, shell: ls, outputs: {x: {}}}\n");
  std::string needing;
  for (const Step* step : runbook->steps) needing += step->needs_result() ? step->id : "";
  CHECK(needing == "abc");
}

TEST_CASE("wait_until_and_assert_are_probes") {
  const auto runbook = with_steps(
      "  - id: ready\n"
      "    wait_until: {shell: look, that: json.ok, fail_when: json.failed, timeout: 3d, every: 30s, outputs: {url: "
      "json.url}}\n"
      "  - id: sane\n"
      "    assert: {that: $steps.ready.url != 'x', because: The address was given away}\n"
      "  - id: there\n"
      "    assert: {shell: test -f x}\n");
  const Step& ready = *runbook->find("ready");
  CHECK(ready.kind == Step::Kind::wait_until);
  CHECK(ready.effect == Effect::read);
  CHECK(ready.probe->timeout_ms == 259'200'000);
  CHECK(ready.probe->fail_when);
  CHECK(runbook->find("sane")->kind == Step::Kind::assertion);
  CHECK(runbook->find("sane")->probe->type.empty());
  CHECK(runbook->find("sane")->probe->because == "The address was given away");
  CHECK(runbook->find("there")->probe->type == "shell");
}

TEST_CASE("outputs_of_a_runbook_become_templates") {
  const auto runbook =
      loaded("runbook: x\nsteps:\n  - {id: a, shell: ls, outputs: {url: stdout}}\noutputs: {url: $steps.a.url}\n");
  REQUIRE(runbook->outputs.size() == 1);
  CHECK(runbook->outputs[0].second.text.text() == "${{ $steps.a.url }}");
}

TEST_CASE("a_runbook_with_errors_is_not_there_and_one_with_warnings_is") {
  CHECK_FALSE(load("runbook: x\nsteps: [{id: a, shel: ls}]\n").runbook);
  const Loaded warned = load(
      "runbook: x\nsteps:\n"
      "  - {id: a, shell: ls, when: $run.host == 'x', outputs: {u: stdout}}\n"
      "  - {id: b, exec: [echo, \"${{ $steps.a.u }}\"]}\n");
  CHECK(warned.runbook);
  CHECK(warned.diagnostics.size() == 1);
}

TEST_CASE("a_reference_that_nobody_evaluates_is_warned_of") {
  const auto warned = [](const std::string& step) {
    return load("runbook: x\ninputs: {name: {}}\nsteps:\n  - {id: a, " + step + "}\n").diagnostics;
  };
  for (const char* step :
       {"exec: [echo, $inputs.name]", "exec: [echo, '--name=$inputs.name']", "shell: ls, env: {N: $inputs.name}",
        "shell: {script: ls, stdin: $inputs.name}", "manual: 'Look at $inputs.name.'"}) {
    const auto found = warned(step);
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == Diagnostic::Severity::warning);
    CHECK(found[0].message == "`$inputs.name` is taken as these letters, not as its value");
    CHECK(found[0].hint == "write `${{ $inputs.name }}`");
  }
  for (const char* step : {"exec: [echo, '${{ $inputs.name }}']", "shell: 'echo $inputs.name', env: {inputs: x}",
                           "exec: [echo, '$run.']", "exec: [echo, $$inputs.name]"})
    CHECK(warned(step).empty());
}

TEST_CASE("secrets_stand_in_environment_and_standard_input") {
  loaded(
      "runbook: x\ninputs: {password: {type: secret}}\nenv: {ALL: \"${{ $inputs.password }}\"}\nsteps:\n"
      "  - {id: a, shell: {script: login, stdin: \"${{ $inputs.password }}\"}, env: {PW: \"${{ $inputs.password }}\"}}\n"
      "  - {id: b, exec: {argv: [login], stdin: {json: {password: \"${{ $inputs.password }}\"}}}}\n");
}

TEST_CASE("a_literal_of_an_expression_may_stand_in_a_script") {
  const auto runbook = with_steps("  - {id: a, shell: 'echo $${{ x }}'}\n");
  CHECK(params_of(*runbook->find("a")) == R"({"script":"echo ${{ x }}","with":"bash"})");
}

TEST_CASE("twenty_thousand_steps_are_read") {
  std::string text = "runbook: x\nenv: {A: b}\nsteps:\n";
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = "step" + std::to_string(i);
    text += "  - {id: " + id + ", shell: echo, outputs: {o: stdout}";
    if (i > 0) text += ", when: $steps.step" + std::to_string(i - 1) + ".state == 'succeeded'";
    text += "}\n";
  }
  CHECK(loaded(text)->steps.size() == 20'000);
}

TEST_CASE("a_runbook_for_another_engine_is_refused") {
  const auto of_version = [](const std::string& wanted) {
    return problems_of("runbook: x\nrunbook_version: \"" + wanted + "\"\nsteps:\n  - {id: a, shell: ls}\n");
  };
  CHECK(of_version(">=0.0.1").empty());
  CHECK(of_version("*").empty());
  const std::string problems = of_version(">=1000");
  CHECK(problems.find("test.yaml:2:18: error: this runbook wants version >=1000 of the engine, and this is ") == 0);
  CHECK(problems.find("hint: run it with an engine that fits, or change `runbook_version`") != std::string::npos);
}

TEST_CASE("requirements_of_tools_are_read") {
  const Loaded loaded = load(
      "runbook: x\nrequires: {tools: {kops: 1.10, ssh-keygen: \"*\"}}\ntested_with: {kops: 1.9.0}\nsteps:\n  - {id: a, shell: "
      "ls}\n");
  REQUIRE(loaded.runbook);
  REQUIRE(loaded.runbook->tools.size() == 2);
  CHECK(loaded.runbook->tools[0].tool == "kops");
  CHECK(loaded.runbook->tools[0].wanted.text() == "1.10");
  CHECK(loaded.runbook->tools[1].wanted.is_any());
  REQUIRE(loaded.runbook->tested_with.size() == 1);
  CHECK(loaded.runbook->tested_with[0].version.text == "1.9.0");
}

TEST_CASE("thousands_of_problems_are_counted_but_not_kept") {
  std::string steps = "runbook: x\nsteps:\n";
  for (int i = 0; i < 3'000; ++i) steps += "  - {id: s" + std::to_string(i) + ", titel: x, shell: ls}\n";
  const Loaded flood = load(steps);
  CHECK(flood.diagnostics.size() == 1'000);
  CHECK(flood.errors == 3'000);
  CHECK_FALSE(flood.runbook);
}

TEST_CASE("steps_that_an_alias_repeats_are_loaded_where_it_stands") {
  const std::string shown = problems_of(
      "runbook: x\nsteps:\n  - &s {section: A, steps: [{id: a, shell: ls}]}\n  - *s\n  - {section: B, steps: &t [{id: b, "
      "shell: ls}]}\n"
      "  - {section: C, steps: *t}\n");
  CHECK(shown.find("two steps have the id `a`") != std::string::npos);
  CHECK(shown.find("two steps have the id `b`") != std::string::npos);
  CHECK(shown.find("empty") == std::string::npos);
}

TEST_CASE("a_step_with_a_terminal_is_a_process_of_which_nothing_is_recorded") {
  const std::string text = "- {id: a, title: A, exec: [ls], tty: true, outputs: {name: {}}}\n";
  CHECK(with_steps(text)->find("a")->has_terminal);
  CHECK_FALSE(with_steps("- {id: a, title: A, exec: [ls], tty: false}\n")->find("a")->has_terminal);
  Declarations types = test_types();
  types[1].has_process = false;
  const Loaded refused = load_runbook(source_of("runbook: x\nsteps:\n" + text), types);
  REQUIRE(refused.errors == 1);
  CHECK(refused.diagnostics[0].message == "`tty` has no meaning beside `exec`, which starts no process");
  const Loaded reads =
      load_runbook(source_of("runbook: x\nsteps:\n- {id: a, title: A, exec: [ls], tty: true, outputs: {all: {lines: true}}}\n"),
                   test_types());
  REQUIRE(reads.errors == 1);
  CHECK(reads.diagnostics[0].message == "`all` can't be taken from what the step writes: `tty` records nothing of it");
}

TEST_CASE("what_a_step_leaves_behind_is_said_in_words_and_only_of_a_process") {
  const std::string text = "- {id: a, title: A, exec: [ls], leaves: [the tunnel, the port-forward]}\n";
  CHECK(with_steps(text)->find("a")->leaves == std::vector<std::string>{"the tunnel", "the port-forward"});
  Declarations types = test_types();
  types[1].has_process = false;
  const Loaded refused = load_runbook(source_of("runbook: x\nsteps:\n" + text), types);
  REQUIRE(refused.errors == 1);
  CHECK(refused.diagnostics[0].message == "`leaves` has no meaning beside `exec`, which starts no process");
}
