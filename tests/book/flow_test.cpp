// What branches, loops, watches, rescue, finally and undo are loaded as.
#include <doctest/doctest.h>

#include "base/json.h"
#include "book/value_scope.h"
#include "tests/book/world.h"

using namespace runbook;

namespace {

std::shared_ptr<const Runbook> loaded(const std::string& text) {
  const Loaded loaded = load("runbook: x\n" + text);
  REQUIRE_MESSAGE(loaded.errors == 0, problems_of("runbook: x\n" + text));
  return loaded.runbook;
}

const Section& section(const Section& of, std::size_t position) {
  return *std::get<std::unique_ptr<Section>>(of.children.at(position));
}

std::string ids(const Runbook& runbook) {
  std::string all;
  for (const Step* step : runbook.steps) all += (all.empty() ? "" : " ") + step->id;
  return all;
}

bool refuses(const std::string& text, const std::string& words) {
  const std::string shown = problems_of("runbook: x\n" + text);
  INFO(shown);
  const bool is_said = shown.find(words) != std::string::npos;
  CHECK(is_said);
  return is_said;
}

// A loop with these keys over one step.
std::string loop(const std::string& keys) {
  return "inputs: {servers: {type: list}, one: {}, more: {type: map}, n: {type: int}}\n"
         "vars: {text: a b, list: '${{ $inputs.servers }}'}\n"
         "steps: [{section: S, " +
         keys + ", steps: [{id: a, shell: ls}]}]\n";
}

}  // namespace

TEST_CASE("branches are the children of a parallel section") {
  const auto runbook =
      loaded("steps: [{section: S, parallel: [{id: a, shell: ls}, {section: T, steps: [{id: b, shell: ls}]}]}]\n");
  const Section& both = section(runbook->root, 0);
  CHECK(both.is_parallel);
  CHECK(both.children.size() == 2);
  CHECK(section(both, 1).path == "1.2");
  CHECK_FALSE(section(both, 1).is_parallel);
}

TEST_CASE("a loop has its list its name its key and its bounds") {
  const auto runbook =
      loaded(loop("for_each: $inputs.servers, as: server, key: $server.name, concurrency: 3, batch: [1, 25%], "
                  "max_failures: 10%, empty: ok"));
  const Section& all = section(runbook->root, 0);
  REQUIRE(all.loop);
  CHECK(to_json(all.loop->list.evaluate(ValueScope(object({{"inputs", object({{"servers", List{1, 2}}})}})))) == "[1,2]");
  CHECK(all.loop->as == "server");
  CHECK(all.loop->key->expression.text() == "$server.name");
  CHECK(all.loop->concurrency == 3);
  REQUIRE(all.loop->batches.size() == 2);
  CHECK(all.loop->batches[0].number == 1);
  CHECK_FALSE(all.loop->batches[0].is_percent);
  CHECK(all.loop->batches[1].number == 25);
  CHECK(all.loop->batches[1].is_percent);
  CHECK(all.loop->max_failures.is_percent);
  CHECK(all.loop->may_be_empty);
  CHECK(all.loops.empty());
  CHECK(runbook->find("a")->loops == std::vector<const Section*>{&all});
}

TEST_CASE("a loop that says no more does all items in one batch one after the other") {
  const auto runbook = loaded(loop("for_each: [a, {b: 1}], as: item, key: to_json($item)"));
  const Loop& plain = *section(runbook->root, 0).loop;
  CHECK(to_json(plain.list.evaluate(ValueScope())) == R"(["a",{"b":1}])");
  CHECK(plain.concurrency == 1);
  CHECK(plain.batches.empty());
  CHECK(plain.max_failures.number == 0);
  CHECK_FALSE(plain.may_be_empty);
}

TEST_CASE("steps come as written then watches rescue and finally wherever their keys stand") {
  const auto runbook = loaded(
      "finally: [{id: h, shell: ls}]\n"
      "steps:\n"
      "  - section: S\n"
      "    finally: [{id: f, shell: ls}]\n"
      "    rescue: [{section: R, steps: [{id: e, shell: ls}]}]\n"
      "    watch: [{id: b, shell: ls, on_trip: [{id: c, shell: ls}]}, {id: d, shell: ls}]\n"
      "    steps: [{id: a, shell: ls}]\n"
      "  - {id: g, shell: ls}\n");
  CHECK(ids(*runbook) == "a b c d e f g h");
  const Section& all = section(runbook->root, 0);
  CHECK(all.rescue->path == "1.rescue");
  CHECK(all.rescue->title == "S / rescue");
  CHECK(section(*all.rescue, 0).path == "1.rescue.1");
  CHECK(all.finally->path == "1.finally");
  CHECK(all.finally->title == "S / finally");
  CHECK(all.watches.at(0).on_trip->path == "1.b");
  CHECK(all.watches.at(0).on_trip->title == "S / b tripped");
  CHECK(runbook->root.finally->path == "finally");
  CHECK(runbook->root.finally->title == "finally");
}

TEST_CASE("a watch is a probe with an id") {
  const auto runbook = loaded(
      "env: {A: b}\n"
      "steps: [{section: S, watch: {id: w, exec: [ls], every: 5s, trips_after: 3, running: stop}, steps: [{id: a, shell: "
      "ls}]},\n"
      "        {section: T, watch: {id: v, exec: [ls]}, steps: [{id: b, shell: ls}]}]\n");
  const Watch& watch = section(runbook->root, 0).watches.at(0);
  CHECK(watch.step.get() == runbook->find("w"));
  CHECK(watch.step->kind == Step::Kind::watch);
  CHECK(watch.step->type == "watch");
  CHECK(watch.step->title == "w");
  CHECK(watch.step->probe->type == "exec");
  CHECK(watch.step->probe->every_ms == 5'000);
  CHECK(watch.step->env.size() == 1);
  CHECK(watch.trips_after == 3);
  CHECK(watch.stops_running);
  CHECK_FALSE(watch.on_trip);
  const Watch& plain = section(runbook->root, 1).watches.at(0);
  CHECK(plain.step->probe->every_ms == 2'000);
  CHECK(plain.trips_after == 1);
  CHECK_FALSE(plain.stops_running);
}

TEST_CASE("an undo is a step that has what is around its own") {
  const auto runbook = loaded(
      "env: {A: b}\n"
      "defaults: {exec: {timeout: 1m}}\n"
      "steps: [{id: a, title: Make it, shell: make, dir: /srv, env: {C: d}, on_failure: continue, outputs: {n: stdout}, "
      "undo: {exec: [unmake, '${{ $steps.a.n }}']}},\n"
      "        {id: b, manual: Do it, undo: {manual: Take it back}}]\n");
  const Step& made = *runbook->find("a");
  CHECK(made.continues_on_failure);
  REQUIRE(made.undo);
  CHECK(made.undo->id == "a:undo");
  CHECK(made.undo->title == "Undo: Make it");
  CHECK(made.undo->kind == Step::Kind::act);
  CHECK(made.undo->type == "exec");
  CHECK(made.undo->effect == Effect::once);
  CHECK(made.undo->env.size() == 2);
  CHECK(made.undo->dir->text.text() == "/srv");
  CHECK(made.undo->timeout_ms == 60'000);
  CHECK(runbook->find("b")->undo->kind == Step::Kind::manual);
  CHECK_FALSE(runbook->find("b")->continues_on_failure);
  CHECK(runbook->find("a:undo") == nullptr);
}

TEST_CASE("an undo sees what stood before only where its step recorded it") {
  loaded("steps: [{id: a, shell: ls, before: {shell: ls, outputs: {v: stdout}}, undo: {exec: [x, '${{ $before.v }}']}}]\n");
  refuses("steps: [{id: a, shell: ls, undo: {exec: [x, '${{ $before.v }}']}}]\n", "add `before:` beside `undo:`");
}

TEST_CASE("the item is seen inside its loop and not beside it") {
  loaded(
      "inputs: {all: {type: list}}\nsteps:\n"
      "  - {section: S, for_each: $inputs.all, as: server, env: {NAME: '${{ $server }}'}, dir: '/${{ $server }}', steps: [\n"
      "      {id: a, shell: 'echo \"$server\"', when: $server != 'x', done_when: {exec: [x, '${{ $server }}']}, undo: {shell: "
      "'rm \"$server\"'}},\n"
      "      {section: T, for_each: [1, 2], as: part, steps: [{id: b, exec: [x, '${{ $server }}', '${{ $part }}']}]}]}\n");
  const std::string head = "inputs: {all: {type: list}}\nsteps: [{section: S, for_each: $inputs.all, as: server, ";
  refuses(head + "steps: [{id: a, shell: ls}]}, {id: b, exec: [x, '${{ $server }}']}]\n",
          "`$server` is the item of the loop in line 3, and this stands outside");
  refuses(head + "steps: [{id: a, shell: ls}], rescue: [{id: b, exec: [x, '${{ $server }}']}]}]\n", "come once");
  refuses(head + "steps: [{id: a, exec: [x, '${{ $sever }}']}]}]\n", "did you mean `$server`?");
}

TEST_CASE("what stands beside a loop has its environment but for what is made of the item") {
  const auto runbook = loaded(
      "env: {A: outer, B: outer}\ndir: /outer\nsteps:\n"
      "  - {section: S, for_each: [a], as: one, env: {A: '${{ $one }}', C: section, D: '${{ $one }}'}, dir: '/${{ $one }}',\n"
      "     steps: [{id: a, shell: ls}], finally: [{id: b, shell: ls}]}\n");
  std::string shown;
  for (const EnvEntry& entry : runbook->find("b")->env) shown += entry.name + "=" + entry.value.text.text() + " ";
  CHECK(shown == "A=outer B=outer C=section ");
  CHECK(runbook->find("b")->dir->text.text() == "/outer");
  CHECK(runbook->find("b")->loops.empty());
  CHECK(runbook->find("a")->env.size() == 4);
}

TEST_CASE("what is known to be no list is refused as one") {
  refuses(loop("for_each: $inputs.one, as: a"), "`for_each` takes a list, and this is text");
  refuses(loop("for_each: $inputs.n, as: a"), "and this is one value");
  refuses(loop("for_each: $inputs.more, as: a"), "its values are `values($inputs.more)`");
  refuses(loop("for_each: $vars.text, as: a"), "text becomes a list by `lines($vars.text)`");
  refuses(loop("for_each: \"'a b'\", as: a"), "and this is text");
  refuses(loop("for_each: a b, as: a"), "error");
  refuses(loop("for_each: '${{ $inputs.servers }}', as: a"), "it takes no `${{ }}`");
  refuses(loop("for_each: {a: 1}, as: a"), "expected text, got a map");
  loaded(loop("for_each: $vars.list, as: a"));
}

TEST_CASE("batches of nothing and of too much are refused") {
  for (const char* batch : {"0", "0%", "200%", "-1", "abc", "''", "1.5", "101%", "[0]", "[1, 200%]"}) {
    CAPTURE(batch);
    refuses(loop(std::string("for_each: [a], as: b, batch: ") + batch), "1% to 100%; not `");
  }
  refuses(loop("for_each: [a], as: b, batch: []"), "`batch` is empty");
  refuses(loop("for_each: [a], as: b, max_failures: 101%"), "0% to 100%; not `101%`");
  refuses(loop("for_each: [a], as: b, concurrency: 0"), "from 1 to 1000");
  loaded(loop("for_each: [a], as: b, batch: 100%, max_failures: 0"));
}
