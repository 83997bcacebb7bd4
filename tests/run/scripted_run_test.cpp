#include "run/scripted_run.h"

#include <doctest/doctest.h>

#include "run/scripted_kills.h"
#include "tests/run/loop.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

struct Unwatched : Observer {
  void committed(const Event&, const RunState&) override {}
  void output(const std::string&, std::string_view) override {}
  void saw(const std::string&, const std::string&) override {}
  void notice(const std::string&) override {}
};

// A runbook and a scenario for it.
struct Rehearsal {
  Rehearsal(const std::string& book, const std::string& text = {}) : facts(facts_of(runbook_of("runbook: x\n" + book))) {
    if (text.empty()) return;
    LoadedScenario loaded = load_scenario(std::make_shared<const SourceText>("s.yaml", "scenario: x\n" + text), *facts.runbook);
    REQUIRE_MESSAGE(loaded.scenario, loaded.diagnostics.front().message);
    scenario = *std::move(loaded.scenario);
  }
  ScriptedResult run() { return ScriptedRun(facts, scenario, unwatched).run(); }
  std::string unmet() {
    std::string messages;
    for (const Diagnostic& each : unmet_expectations(scenario, run()))
      messages += fmt::format("{}:{}: {}\n", each.place.line, each.place.column, each.message);
    return messages;
  }
  KillReport kill() { return kill_everywhere(facts, scenario); }

  RunFacts facts;
  Scenario scenario;
  Unwatched unwatched;
};

constexpr std::int64_t minute = 60'000, hour = 60 * minute, day = 24 * hour;

const std::string vpc = "steps:\n- {id: vpc, shell: make, outputs: {id: {value: stdout}}, example: {id: vpc-1}}\n";

}  // namespace

TEST_CASE("a step without an entry succeeds with its example, and later steps see it") {
  Rehearsal rehearsal(vpc + "- {id: use, exec: [use, '${{ $steps.vpc.id }}']}\noutputs: {id: $steps.vpc.id}\n");
  const ScriptedResult result = rehearsal.run();
  CHECK(result.end.state == "succeeded");
  CHECK(to_json(result.end.outputs) == R"({"id":"vpc-1"})");
  CHECK(result.effects == std::map<std::string, int>{{"use", 1}, {"vpc", 1}});
}

TEST_CASE("an output that nobody names fails its step, and is named") {
  Rehearsal rehearsal("steps:\n- {id: vpc, shell: make, outputs: {id: {value: stdout}}}\n");
  CHECK(rehearsal.run().end.why ==
        "it ran and exited with 0, but output `id`: neither the scenario nor the step's `example` gives it");
}

TEST_CASE("what a scenario gives counts before the example") {
  Rehearsal rehearsal(vpc + "outputs: {id: $steps.vpc.id}\n", "steps: {vpc: {outputs: {id: vpc-2}}}\n");
  CHECK(to_json(rehearsal.run().end.outputs) == R"({"id":"vpc-2"})");
}

TEST_CASE("attempts fail as told, time passes as told") {
  Rehearsal rehearsal("steps:\n- {id: a, shell: x, retry: {attempts: 3, delay: 10m}}\n", "steps: {a: {fails: 2, delay: 5m}}\n");
  const ScriptedResult result = rehearsal.run();
  CHECK(result.end.state == "succeeded");
  CHECK(result.lasted_ms == 3 * 5 * minute + 2 * 10 * minute);
  CHECK(result.effects.at("a") == 1);
}

TEST_CASE("a wait sees what the scenario lists, and then that it holds") {
  Rehearsal rehearsal("steps:\n- {id: w, wait_until: {shell: look, every: 10m, timeout: 3d}}\n",
                      "steps: {w: {sees: [no, cannot_tell, no]}}\n");
  CHECK(rehearsal.run().lasted_ms == 30 * minute);
  Rehearsal never("steps:\n- {id: w, wait_until: {shell: look, every: 1h, timeout: 3h}}\n",
                  "steps: {w: {sees: [no, no, no, no, no, no]}}\n");
  const ScriptedResult result = never.run();
  CHECK(result.end.state == "failed");
  CHECK(result.lasted_ms >= 3 * hour);
}

TEST_CASE("done_when holds once the step took effect, and not before") {
  Rehearsal rehearsal("steps:\n- {id: a, shell: x, done_when: {shell: look}}\n");
  CHECK(rehearsal.run().state.of("a").state == StepState::succeeded);
  Rehearsal there("steps:\n- {id: a, shell: x, done_when: {shell: look}}\n", "steps: {a: {sees: [yes]}}\n");
  CHECK(there.run().state.of("a").state == StepState::satisfied);
  CHECK(there.run().effects.at("a") == 0);
}

TEST_CASE("people answer at once, after two days, or never") {
  const std::string drop = "steps:\n- {id: drop, title: Drop it, shell: x, effect: irreversible}\n";
  CHECK(Rehearsal(drop).run().end.state == "succeeded");
  const ScriptedResult late = Rehearsal(drop, "steps: {drop: {answers: [{choice: approve, by: ada, after: 2d}]}}\n").run();
  CHECK(late.end.state == "succeeded");
  CHECK(late.lasted_ms >= 2 * day);
  const ScriptedResult never = Rehearsal(drop, "steps: {drop: {answers: []}}\n").run();
  CHECK(never.end.state == "waiting");
  CHECK(never.effects.at("drop") == 0);
}

TEST_CASE("a run that fails is taken up as often as the scenario says") {
  const std::string steps = "steps:\n- {id: a, shell: x}\n- {id: b, shell: y}\n";
  CHECK(Rehearsal(steps, "steps: {b: {fails: 2}}\nresumes: 1\n").run().end.state == "failed");
  const ScriptedResult result = Rehearsal(steps, "steps: {b: {fails: 2}}\nresumes: 2\n").run();
  CHECK(result.end.state == "succeeded");
  CHECK(result.effects.at("a") == 1);
}

TEST_CASE("an attempt of which nobody knows the end is asked about") {
  const std::string once = "steps:\n- {id: a, shell: x}\n", lost = "steps: {a: {outcomes: [{lost: true}]";
  CHECK(Rehearsal(once, lost + "}}\n").run().end.state == "in_doubt");
  CHECK(Rehearsal(once, lost + ", answers: [done]}}\n").run().effects.at("a") == 1);
  const ScriptedResult again = Rehearsal(once, lost + ", answers: [retry]}}\n").run();
  CHECK(again.end.state == "succeeded");
  CHECK(again.effects.at("a") == 2);
}

TEST_CASE("nothing is begun behind the step that it stops after") {
  for (const char* last : {"b", "w", "s"}) {
    Rehearsal rehearsal(
        "steps:\n- {id: a, shell: x}\n- {id: b, shell: y}\n- {id: w, wait_until: {shell: look, timeout: 1h}}\n"
        "- {id: s, shell: z, done_when: {shell: look}}\n- {id: z, shell: z}\n",
        "steps: {s: {sees: [yes]}}\n");
    ScriptedRun run(rehearsal.facts, rehearsal.scenario, rehearsal.unwatched);
    run.stop_after(last);
    const ScriptedResult result = run.run();
    CHECK(result.end.state == "interrupted");
    CHECK(result.end.why == fmt::format("stopped behind `{}`", last));
    CHECK(is_done(result.state.of(last).state));
    CHECK(result.effects.at("z") == 0);
  }
}

TEST_CASE("an unmet expectation names itself and its place") {
  Rehearsal rehearsal(vpc + "- {id: b, shell: y}\noutputs: {id: $steps.vpc.id}\n",
                      "steps: {b: {fails: 1}}\n"
                      "expect:\n"
                      "  state: succeeded\n"
                      "  steps: {b: succeeded, vpc: {state: succeeded, outputs: {id: vpc-2}}}\n"
                      "  outputs: {id: vpc-1}\n"
                      "  events: [asked b, ended b]\n"
                      "  order: [b, vpc]\n"
                      "  lasts: {at_least: 1h, at_most: 1s}\n");
  CHECK(rehearsal.unmet() ==
        "4:10: the run should be succeeded, and is failed at step `b`: it exited with 1\n"
        "5:14: step `b` should be succeeded, and is failed: it exited with 1\n"
        "5:63: output `id` of step `vpc` should be \"vpc-2\", and is \"vpc-1\"\n"
        "6:17: output `id` of the run should be \"vpc-1\", and is not there\n"
        "7:12: `asked b` should have happened, and did not\n"
        "8:10: the order should be b, vpc, and is vpc, b\n"
        "9:21: it should last 1h at least, and lasts 2s\n"
        "9:34: it should last 1s at most, and lasts 2s\n");
}

TEST_CASE("killed everywhere, steps that may be repeated or that can tell end the same, and nobody is asked") {
  Rehearsal rehearsal(
      "steps:\n- {id: a, shell: x, effect: idempotent}\n- {id: b, shell: y, done_when: {shell: look, decides: true}}\n"
      "- {id: w, wait_until: {shell: look, every: 1h, timeout: 3d}}\n- {id: r, exec: [r], effect: read, retry: {attempts: 4, "
      "delay: 1m}}\n",
      "steps: {w: {sees: [no, no]}, r: {fails: 2}}\n");
  const KillReport report = rehearsal.kill();
  CHECK(report.points > 20);
  CHECK(report.same == report.points);
  CHECK_MESSAGE(report.wrongs.empty(), report.wrongs.front());
}

TEST_CASE("killed everywhere, a step that can't tell is asked about, once it can have happened") {
  Rehearsal rehearsal(
      "steps:\n- {id: a, shell: x}\n- {id: b, shell: y, done_when: {shell: look}}\n- {id: c, title: C, shell: z, effect: "
      "irreversible}\n");
  const KillReport report = rehearsal.kill();
  CHECK(report.wrong == 0);
  CHECK(report.asked_about == std::map<std::string, int>{{"a", 2}, {"b", 1}, {"c", 2}});
  CHECK(report.same + report.asked == report.points);
}

TEST_CASE("killed everywhere, a done_when that lies is found out: its step would take effect twice") {
  Rehearsal rehearsal("steps:\n- {id: a, shell: x, done_when: {shell: look, timeout: 10s, every: 1s, decides: true}}\n",
                      "steps: {a: {sees: [no, yes]}}\n");
  rehearsal.scenario.steps.at("a").sees.assign(40, ScriptedLook{ScriptedLook::Answer::no, {}});
  rehearsal.scenario.steps.at("a").sees[1].answer = ScriptedLook::Answer::yes;
  const KillReport report = rehearsal.kill();
  CHECK(report.wrong > 0);
}

TEST_CASE("killed everywhere, a secret that is kept nowhere is found out") {
  const std::string use = "- {id: use, shell: fetch, env: {T: '${{ $steps.login.t }}'}}\n";
  const std::string login =
      "steps:\n- {id: login, shell: x, effect: idempotent, example: {t: secret-token}, outputs: {t: {value: stdout, secret: "
      "true";
  const KillReport lost = Rehearsal(login + "}}}\n" + use).kill();
  REQUIRE(lost.wrong > 0);
  CHECK_MESSAGE(lost.wrongs.front().find("the secret output `t` of step `login` is not there") != std::string::npos,
                lost.wrongs.front());
  CHECK(Rehearsal(login + ", keep: {file: t}}}}\n" + use).kill().wrong == 0);
}
