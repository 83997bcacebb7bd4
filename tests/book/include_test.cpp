// A runbook that is a step of another one.
#include <doctest/doctest.h>

#include "base/json.h"
#include "book/value_scope.h"
#include "tests/book/world.h"

using namespace runbook;

namespace {

Loaded loaded(const std::string& text, Texts texts) {
  return load_runbook(source_of("runbook: x\n" + text), test_types(), reader_of(std::move(texts)));
}

std::string problems(const std::string& text, Texts texts) {
  const SourcePtr source = source_of("runbook: x\n" + text);
  std::string shown;
  for (const Diagnostic& each : load_runbook(source, test_types(), reader_of(std::move(texts))).diagnostics)
    shown += render(each, *source);
  return shown;
}

void refuses(const std::string& text, Texts texts, const std::string& words) {
  const std::string shown = problems(text, std::move(texts));
  INFO(shown);
  CHECK(shown.find(words) != std::string::npos);
}

constexpr const char* plain = "runbook: y\nsteps: [{id: a, shell: ls, outputs: {o: stdout}}]\noutputs: {url: $steps.a.o}\n";

}  // namespace

TEST_CASE("an_included_runbook_is_a_step_with_its_outputs") {
  const Loaded all = loaded(
      "steps: [{id: a, include: {file: sub/db.yaml, with: {name: 012, n: 3, all: [1, '${{ $run.id }}']}}, when: $run.host != "
      "'x', on_failure: "
      "continue},\n"
      "        {id: b, exec: [x, \"${{ $steps.a.url || 'none' }}\"]}]\n",
      {{"sub/db.yaml",
        "runbook: db\ninputs: {name: {}, n: {type: int}, all: {type: list}, more: {default: x}}\nrequires: {tools: {psql: "
        "'>=9'}}\n"
        "steps: [{id: a, shell: ls, outputs: {o: stdout}}]\noutputs: {url: $steps.a.o}\n"}});
  REQUIRE(all.runbook);
  CHECK(all.warnings == 0);
  const Step& step = *all.runbook->find("a");
  CHECK(step.kind == Step::Kind::include);
  CHECK(step.type == "include");
  CHECK(step.continues_on_failure);
  CHECK(step.include->file == "sub/db.yaml");
  CHECK(step.include->runbook->name == "db");
  CHECK(step.output_names() == std::vector<std::string>{"url"});
  REQUIRE(step.include->with.size() == 3);
  CHECK(to_json(step.include->with[0].second.evaluate(ValueScope())) == "\"012\"");
  CHECK(to_json(step.include->with[1].second.evaluate(ValueScope())) == "3");
  REQUIRE(all.runbook->included.size() == 1);
  CHECK(all.runbook->included.begin()->first == "sub/db.yaml");
  REQUIRE(all.runbook->tools.size() == 1);
  CHECK(all.runbook->tools[0].tool == "psql");
  CHECK(all.runbook->steps.size() == 2);
}

TEST_CASE("paths_start_at_the_file_that_includes") {
  const Loaded all =
      loaded("steps: [{id: a, include: sub/one.yaml}, {id: b, include: ./top.yaml}]\n",
             {{"sub/one.yaml", "runbook: y\nsteps: [{id: a, include: two.yaml}, {id: b, include: ../top.yaml}]\n"},
              {"sub/two.yaml", plain},
              {"top.yaml", plain}});
  REQUIRE(all.runbook);
  std::string paths;
  for (const auto& [path, text] : all.runbook->included) paths += path + " ";
  CHECK(paths == "sub/one.yaml sub/two.yaml top.yaml ");
  const Runbook& one = *all.runbook->find("a")->include->runbook;
  CHECK(one.included.empty());
  CHECK(one.find("b")->include->runbook != all.runbook->find("b")->include->runbook);
}

TEST_CASE("a_mistake_in_an_included_runbook_is_shown_in_its_own_file") {
  const Texts texts = {{"y.yaml", "runbook: y\nsteps: [{id: a, shel: ls}]\n"}};
  const std::string shown = problems("steps: [{id: a, include: y.yaml}]\n", texts);
  CHECK(shown.starts_with("y.yaml:2:17: error: unknown key `shel`"));
  CHECK(shown.find("steps: [{id: a, shel: ls}]") != std::string::npos);
  CHECK_FALSE(loaded("steps: [{id: a, include: y.yaml}]\n", texts).runbook);
}

TEST_CASE("runbooks_that_include_each_other_in_a_circle_are_refused_with_the_way") {
  refuses("steps: [{id: a, include: test.yaml}]\n", {}, "test.yaml includes test.yaml");
  refuses("steps: [{id: a, include: y.yaml}]\n",
          {{"y.yaml", "runbook: y\nsteps: [{id: a, include: z.yaml}]\n"},
           {"z.yaml", "runbook: z\nsteps: [{id: a, include: y.yaml}]\n"}},
          "test.yaml includes y.yaml includes z.yaml includes y.yaml");
}

TEST_CASE("ten_deep_is_accepted_and_eleven_is_not") {
  Texts texts;
  for (int i = 1; i <= 11; ++i)
    texts[std::to_string(i) + ".yaml"] =
        "runbook: y\nsteps: [{id: a, " + (i == 11 ? "shell: ls" : "include: " + std::to_string(i + 1) + ".yaml") + "}]\n";
  refuses("steps: [{id: a, include: 1.yaml}]\n", texts, "more than 10 deep");
  texts["10.yaml"] = plain;
  CHECK(loaded("steps: [{id: a, include: 1.yaml}]\n", texts).runbook);
}

TEST_CASE("includes_that_multiply_are_refused_before_they_fill_the_memory") {
  Texts texts;
  for (int i = 1; i <= 5; ++i) {
    std::string steps;
    for (int j = 0; j < 10; ++j) steps += "  - {id: a" + std::to_string(j) + ", include: " + std::to_string(i + 1) + ".yaml}\n";
    texts[std::to_string(i) + ".yaml"] = "runbook: y\nsteps:\n" + steps;
  }
  texts["6.yaml"] = plain;
  refuses("steps: [{id: a, include: 1.yaml}]\n", texts, "more than 1000 runbooks are included in all");
}

TEST_CASE("without_files_beside_it_a_runbook_can_include_none") {
  CHECK(problems_of("runbook: x\nsteps: [{id: a, include: y.yaml}]\n").find("`include` can't be followed here") !=
        std::string::npos);
}

TEST_CASE("a_secret_is_handed_on_as_it_is_or_not_at_all") {
  const Texts texts = {
      {"y.yaml",
       "runbook: y\ninputs: {token: {type: secret}}\nsteps: [{id: a, shell: ls, env: {T: '${{ $inputs.token }}'}}]\n"},
      {"waits.yaml", "runbook: y\ninputs: {token: {type: secret}}\nsteps: [{id: w, manual: Wait}]\n"}};
  const std::string head =
      "inputs: {pw: {type: secret}, text: {}}\nsteps: [{id: s, shell: ls, outputs: {t: {value: stdout, secret: true}, p: "
      "stdout}},\n";
  CHECK(loaded(head + "{id: a, include: {file: y.yaml, with: {token: '${{ $inputs.pw }}'}}}]\n", texts).runbook);
  CHECK(loaded(head + "{id: a, include: {file: y.yaml, with: {token: '${{ $steps.s.t }}'}}}]\n", texts).runbook);
  refuses(head + "{id: a, include: {file: y.yaml, with: {token: '${{ $inputs.text }}'}}}]\n", texts,
          "is secret, and this is none");
  refuses(head + "{id: a, include: {file: y.yaml, with: {token: '${{ $steps.s.p }}'}}}]\n", texts,
          "is secret, and this is none");
  refuses(head + "{id: a, include: {file: y.yaml, with: {token: 'x${{ $inputs.pw }}'}}}]\n", texts,
          "is secret, and this is none");
  refuses(head + "{id: a, include: {file: y.yaml, with: {token: hunter22}}}]\n", texts, "is secret, and this is none");
  refuses(head + "{id: a, include: {file: waits.yaml, with: {token: '${{ $steps.s.t }}'}}}]\n", texts,
          "may be gone in waits.yaml");
}

TEST_CASE("both_demands_on_a_tool_hold_and_the_same_one_once") {
  const std::string needs = "runbook: y\nrequires: {tools: {psql: '>=9', ls: '*'}}\nsteps: [{id: a, shell: ls}]\n";
  const Loaded all =
      loaded("requires: {tools: {psql: '<12', ls: '*'}}\nsteps: [{id: a, include: y.yaml}, {id: b, include: y.yaml}]\n",
             {{"y.yaml", needs}});
  REQUIRE(all.runbook);
  std::string tools;
  for (const ToolRequirement& each : all.runbook->tools) tools += each.tool + each.wanted.text() + " ";
  CHECK(tools == "psql<12 ls* psql>=9 ");
}
