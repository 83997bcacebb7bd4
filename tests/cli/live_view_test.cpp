#include "cli/live_view.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/live_world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

constexpr std::int64_t minute = 60;

const std::string cluster = R"(
runbook: imrt_aws
title: Deploy IMRT on AWS
steps:
  - section: Deploy the Kubernetes cluster
    steps:
      - {id: state_bucket, title: Create the state bucket, shell: "true"}
      - {id: apply_cluster, title: Create the cluster in AWS, shell: "true", undo: {shell: "true"}}
      - {id: cluster_valid, title: Wait until the cluster validates, wait_until: {shell: "true", every: 30s, timeout: 60m}}
  - section: Services
    steps:
      - {id: graylog, title: Deploy Graylog and wait for its log, shell: "true"}
      - {id: curator, title: Fetch the newest image of the curator, shell: "true"}
)";

const std::string side_by_side = R"(
runbook: both
title: Cluster and database
steps:
  - section: Both
    parallel:
      - section: Cluster
        steps:
          - {id: apply_cluster, title: Create the cluster in AWS, shell: "true"}
          - {id: nodes, title: Label the nodes, shell: "true"}
      - section: Database
        steps:
          - {id: create_database, title: Create the database and its subnets, shell: "true"}
          - {id: load_schema, title: Load the schema, shell: "true"}
  - {id: announce, title: Announce it, shell: "true"}
)";

const std::string rolling = R"(
runbook: rolling
title: Update the web servers
inputs:
  servers: {type: list}
steps:
  - section: One after the other
    for_each: $inputs.servers
    as: server
    concurrency: 2
    steps:
      - {id: drain, title: Take it out of the balancer, shell: "true"}
      - {id: update, title: Install the new version, shell: "true"}
  - {id: announce, title: Announce it, shell: "true"}
)";

const PastDurations past = {{"state_bucket", {3'000, 4'000, 5}},
                            {"apply_cluster", {245'000, 290'000, 5}},
                            {"cluster_valid", {480'000, 900'000, 5}},
                            {"graylog", {120'000, 130'000, 5}},
                            {"curator", {15'000, 15'000, 1}}};

// Each picture at 60, 80 and 200 columns, as it stands in tests/golden/live. RUNBOOK_UPDATE_GOLDEN=1 writes them anew.
void check_screens(const std::string& name, LiveStory& story, std::int64_t at_s, Charset charset = Charset::utf8) {
  std::string shown;
  for (const auto& [columns, rows] : {std::pair{60, 24}, {80, 24}, {200, 50}}) {
    shown += fmt::format("{} columns\n", columns);
    const Screen screen{columns - 1, std::max(4, rows / 3), Paint::none, charset};
    const std::vector<std::string> lines = story.lines(at_s, screen);
    CHECK(lines.size() <= static_cast<std::size_t>(screen.rows));
    for (const std::string& line : lines) {
      CHECK(cells_of(line) < static_cast<std::size_t>(columns));
      shown += line + "\n";
    }
  }
  const auto path = std::filesystem::path(RUNBOOK_TESTS_FOLDER) / "golden" / "live" / (name + ".txt");
  if (std::getenv("RUNBOOK_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << shown;
  std::ifstream file(path, std::ios::binary);
  std::stringstream expected;
  expected << file.rdbuf();
  CHECK(shown == expected.str());
}

LiveStory in_the_middle(PastDurations known) {
  LiveStory story(cluster, std::move(known));
  story.done(0, 3, "state_bucket").tell(3, event::intent, "apply_cluster");
  story.model.wrote("apply_cluster", "I1129 00:55:01 executor.go:91] Tasks: 0 done / 77 total; 30 can run\n");
  story.model.wrote("apply_cluster",
                    "\x1b[32mI1129\x1b[0m 00:55:03 Tasks: 30 done / 77 total\ndownloading 10%\rdownloading 95%");
  return story;
}

}  // namespace

TEST_CASE("a_run_in_the_middle") {
  LiveStory known = in_the_middle(past), unknown = in_the_middle({}), plain = in_the_middle(past);
  check_screens("sequential", known, 2 * minute + 4);
  check_screens("sequential_without_history", unknown, 2 * minute + 4);
  check_screens("ascii", plain, 2 * minute + 4, Charset::ascii);
}

TEST_CASE("what_a_wait_waits_for_how_often_it_looked_and_what_it_saw_last") {
  LiveStory story(cluster, past);
  story.pinned("main.aws", "aws 162812345678 us-east-2").pinned("main.kubernetes", "context dev.imrt.org");
  story.done(0, 3, "state_bucket").done(3, 4 * minute, "apply_cluster");
  story.tell(4 * minute, event::waiting, "cluster_valid", object({{"deadline_ms", 1'000'000 + 1000 * 64 * minute}}));
  for (int i = 0; i < 12; ++i) story.model.saw("cluster_valid", "no: 2 of 5 nodes are ready");
  check_screens("wait", story, 9 * minute + 30);
}

TEST_CASE("two_branches_side_by_side") {
  LiveStory story(side_by_side, {{"apply_cluster", {245'000, 290'000, 5}}, {"nodes", {2'000, 2'000, 5}}});
  story.tell(1, event::intent, "apply_cluster").tell(2, event::intent, "create_database");
  for (int i = 1; i <= 20; ++i) {
    story.model.wrote("apply_cluster", fmt::format("Tasks: {} done / 77 total; {} can run\n", i, 77 - i));
    story.model.wrote("create_database", fmt::format("creating... ({} s)\n", 10 * i));
  }
  check_screens("branches", story, 3 * minute);
}

TEST_CASE("items_of_a_loop_at_work_together") {
  LiveStory story(rolling,
                  {{"drain", {30'000, 40'000, 10}}, {"update", {60'000, 70'000, 10}}, {"announce", {1'000, 1'000, 3}}});
  story.tell(1, event::section_entered, "1", object({{"batches", Value(List{Value(5)})}}));
  story.done(1, 30, "drain[web-1]").tell(30, event::intent, "update[web-1]").tell(2, event::intent, "drain[web-2]");
  story.model.wrote("update[web-1]", "Unpacking web (2.4.1)\n");
  check_screens("loop", story, 45);
}

TEST_CASE("more_steps_at_work_than_there_are_lines") {
  LiveStory story(rolling);
  story.tell(1, event::section_entered, "1", object({{"batches", Value(List{Value(40)})}}));
  for (int i = 10; i < 50; ++i) story.tell(1, event::intent, fmt::format("drain[web-{}]", i));
  check_screens("crowd", story, 45);
}

TEST_CASE("an_undo") {
  LiveStory story(cluster, past);
  story.done(0, 3, "state_bucket").done(3, 4 * minute, "apply_cluster");
  story.tell(5 * minute, event::undoing).tell(5 * minute, event::intent, "apply_cluster:undo");
  story.model.wrote("apply_cluster:undo", "deleting 77 resources\n");
  check_screens("undo", story, 6 * minute);
}

TEST_CASE("a_step_that_is_tried_again_one_in_doubt_and_one_that_asks") {
  LiveStory story(side_by_side);
  story.tell(1, event::intent, "apply_cluster")
      .tell(5, event::ended, "apply_cluster",
            object({{"result", "failed"}, {"why", "it exited with 1"}, {"retry_at_ms", 1'000'000 + 30'000}}));
  story.tell(1, event::intent, "create_database")
      .tell(4, event::doubted, "create_database", object({{"why", "its supervisor died"}}));
  check_screens("retry_and_doubt", story, 10);
  story.tell(
      11, event::asked, "create_database",
      object({{"question", "q"}, {"about", "doubt"}, {"text", "Did `create_database` take effect before it was lost?"}}));
  check_screens("retry_and_question", story, 12);
}

TEST_CASE("colours_only_repeat_what_the_words_say") {
  LiveStory story = in_the_middle(past);
  const std::vector<std::string> plain = story.lines(60, {79, 8, Paint::none, Charset::utf8});
  const std::vector<std::string> coloured = story.lines(60, {79, 8, Paint::colours, Charset::utf8});
  REQUIRE(plain.size() == coloured.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(harmless(coloured[i], Charset::utf8) == plain[i]);
    CHECK(coloured[i] != plain[i]);
  }
}

TEST_CASE("nothing_changes_within_a_second") {
  LiveStory story = in_the_middle(past);
  const Screen screen{79, 8};
  const auto at = [&](std::int64_t now_ms) { return live_lines(story.model.picture(now_ms), now_ms, screen); };
  CHECK(at(1'060'000) == at(1'060'990));
  CHECK(at(1'060'000) != at(1'061'000));
}

TEST_CASE("the_last_lines_are_what_a_terminal_would_show_at_last") {
  const auto last = [](const std::string& text) { return last_lines(text, 3, Charset::utf8); };
  CHECK(last("a\nb\nc\nd\n") == std::vector<std::string>{"b", "c", "d"});
  CHECK(last("10%\r50%\r100%") == std::vector<std::string>{"100%"});
  CHECK(last("one\r\n\r\n\ntwo\r\n") == std::vector<std::string>{"one", "two"});
  CHECK(last("\x1b[2J\x1b[31m  red\x1b[0m\n") == std::vector<std::string>{"  red"});
  CHECK(last("").empty());
}
