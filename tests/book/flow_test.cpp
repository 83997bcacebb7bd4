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

TEST_CASE("branches_are_the_children_of_a_parallel_section") {
  const auto runbook =
      loaded("steps: [{section: S, parallel: [{id: a, shell: ls}, {section: T, steps: [{id: b, shell: ls}]}]}]\n");
  const Section& both = section(runbook->root, 0);
  CHECK(both.is_parallel);
  CHECK(both.children.size() == 2);
  CHECK(section(both, 1).path == "1.2");
  CHECK_FALSE(section(both, 1).is_parallel);
}

TEST_CASE("a_loop_has_its_list_its_name_its_key_and_its_bounds") {
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

TEST_CASE("a_loop_that_says_no_more_does_all_items_in_one_batch_one_after_the_other") {
  const auto runbook = loaded(loop("for_each: [a, {b: 1}], as: item, key: to_json($item)"));
  const Loop& plain = *section(runbook->root, 0).loop;
  CHECK(to_json(plain.list.evaluate(ValueScope())) == R"(["a",{"b":1}])");
  CHECK(plain.concurrency == 1);
  CHECK(plain.batches.empty());
  CHECK(plain.max_failures.number == 0);
  CHECK_FALSE(plain.may_be_empty);
}

TEST_CASE("steps_come_as_written_then_watches_rescue_and_finally_wherever_their_keys_stand") {
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

TEST_CASE("a_watch_is_a_probe_with_an_id") {
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

TEST_CASE("an_undo_is_a_step_that_has_what_is_around_its_own") {
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

TEST_CASE("an_undo_sees_what_stood_before_only_where_its_step_recorded_it") {
  loaded("steps: [{id: a, shell: ls, before: {shell: ls, outputs: {v: stdout}}, undo: {exec: [x, '${{ $before.v }}']}}]\n");
  refuses("steps: [{id: a, shell: ls, undo: {exec: [x, '${{ $before.v }}']}}]\n", "add `before:` beside `undo:`");
}

TEST_CASE("the_item_is_seen_inside_its_loop_and_not_beside_it") {
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

TEST_CASE("what_stands_beside_a_loop_has_its_environment_but_for_what_is_made_of_the_item") {
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

TEST_CASE("what_is_known_to_be_no_list_is_refused_as_one") {
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

TEST_CASE("batches_of_nothing_and_of_too_much_are_refused") {
  for (const char* batch : {"0", "0%", "200%", "-1", "abc", "''", "1.5", "101%", "[0]", "[1, 200%]"}) {
    CAPTURE(batch);
    refuses(loop(std::string("for_each: [a], as: b, batch: ") + batch), "1% to 100%; not `");
  }
  refuses(loop("for_each: [a], as: b, batch: []"), "`batch` is empty");
  refuses(loop("for_each: [a], as: b, max_failures: 101%"), "0% to 100%; not `101%`");
  refuses(loop("for_each: [a], as: b, concurrency: 0"), "from 1 to 1000");
  loaded(loop("for_each: [a], as: b, batch: 100%, max_failures: 0"));
}

TEST_CASE("from_outside_a_loop_there_are_only_the_items_of_its_steps") {
  const std::string head =
      "steps: [{section: S, for_each: [1, 2], as: n, steps: [{id: a, shell: ls, outputs: {o: stdout}}, {id: b, exec: [x, "
      "'${{ $steps.a.o }}']}]},\n";
  loaded(head +
         "{id: c, exec: [x, \"${{ join(' ', $steps.a.items[].o) }}\", \"${{ to_json($steps.a.items[?state == "
         "'failed'].key) }}\"]}]\n");
  refuses(head + "{id: c, exec: [x, '${{ $steps.a.o }}']}]\n", "`$steps.a.items[].o`");
  refuses(head + "{id: c, when: $steps.a.state == 'failed', shell: ls}]\n", "`$steps.a.items[].state`");
  refuses(head + "{id: c, exec: [x, \"${{ join(' ', $steps.a.items[].p) }}\"]}]\n", "step `a` has no output `p`");
}

TEST_CASE("from_outside_a_loop_within_a_loop_there_are_items_of_items") {
  const std::string head =
      "steps: [{section: S, for_each: [1, 2], as: n, steps: [{section: T, for_each: [3, 4], as: m, steps: [{id: a, shell: ls, "
      "outputs: {o: stdout}}]},\n  {id: b, exec: [x, \"${{ join(' ', $steps.a.items[].o) }}\"]}]},\n";
  const auto with_last = [&](const std::string& words) { return head + "{id: c, exec: [x, \"${{ " + words + " }}\"]}]\n"; };
  loaded(with_last("join(' ', $steps.a.items[].items[].o)"));
  loaded(with_last("to_json($steps.a.items[].key)"));
  loaded(with_last("to_json($steps.a.items)"));
  refuses(with_last("join(' ', $steps.a.items[].o)"), "write `$steps.a.items[].items[].o`");
  refuses(with_last("join(' ', $steps.a.items[].items[].p)"), "step `a` has no output `p`");
}

TEST_CASE("a_secret_of_a_loop_stays_where_secrets_may_be") {
  const std::string head =
      "steps: [{section: S, for_each: [1, 2], as: n, steps: [{id: a, shell: ls, outputs: {o: {value: stdout, secret: "
      "true}}}]},\n";
  refuses(head + "{id: c, exec: [x, \"${{ join(' ', $steps.a.items[].key) }}\"]}]\n", "as a whole holds a secret");
  refuses(head + "{section: T, for_each: '$steps.a.items[].o', as: m, steps: [{id: c, shell: ls}]}]\n",
          "as a whole holds a secret");
}

TEST_CASE("branches_do_not_see_each_other_and_what_is_behind_sees_all") {
  const std::string head =
      "steps: [{section: S, parallel: [{section: A, steps: [{section: B, steps: [{id: a, shell: ls, outputs: {o: "
      "stdout}}]}]},\n";
  refuses(head + "{section: C, steps: [{id: b, exec: [x, '${{ $steps.a.o }}']}]}]}]\n", "another branch");
  refuses(head + "{section: C, when: $steps.a.state == 'failed', steps: [{id: b, shell: ls}]}]}]\n", "another branch");
  loaded(head + "{id: b, shell: ls}]}, {id: c, exec: [x, '${{ $steps.a.o }}']}]\n");
}

TEST_CASE("what_stands_beside_a_section_is_warned_once_of_what_may_not_have_run") {
  const auto warnings = [](const std::string& exec) {
    return load(
               "runbook: x\nsteps: [{section: S, steps: [{id: a, shell: ls, outputs: {o: stdout}}], rescue: [{id: b, exec: "
               "[x, " +
               exec + "]}]}]\n")
        .warnings;
  };
  CHECK(warnings("'${{ $steps.a.o }}'") == 1);
  CHECK(warnings("'${{ $steps.a.o }}', '${{ $steps.a.o }}'") == 1);
  CHECK(warnings("'${{ $steps.a.state }}'") == 0);
  CHECK(warnings("\"${{ $steps.a.o || 'none' }}\"") == 0);
  CHECK(warnings("'${{ $run.id }}'") == 0);
}
