// What is told of a cluster when something did not come to be: few lines, in an order that helps, and nothing of a Secret.
#include "plugins/kubernetes_findings.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/json.h"

using namespace runbook;

namespace {

// Answers by the first words; remembers what was asked.
struct Cluster {
  std::vector<std::pair<std::string, std::string>> answers;
  std::vector<std::string> asked;

  std::string findings(const std::string& object) {
    return findings_about(parse_json(object), [this](const std::vector<std::string>& words) -> std::optional<std::string> {
      std::string line;
      for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
      asked.push_back(line);
      for (const auto& [beginning, answer] : answers) {
        if (line.rfind(beginning, 0) == 0) return answer;
      }
      return std::nullopt;
    });
  }
};

const std::string deployment =
    R"({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web", "tier": "front"}}}})";

std::string pod(const std::string& name, const std::string& container) {
  return R"({"metadata": {"name": ")" + name + R"("}, "status": {"phase": "Running", "containerStatuses": [)" + container +
         "]}}";
}
const std::string crashing =
    R"({"name": "app", "ready": false, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}})";

std::string event(int number, const std::string& message) {
  return R"({"reason": "Failed", "message": ")" + message +
         R"(", "lastTimestamp": "2026-01-01T00:00:00Z", "metadata": {"resourceVersion": ")" + std::to_string(number) + "\"}}";
}

}  // namespace

TEST_CASE("of_a_workload_its_events_and_its_failing_pods_are_told_with_what_they_wrote_before_they_ended") {
  Cluster cluster;
  cluster.answers = {{"get pods --selector app=web,tier=front", R"({"items": [)" + pod("web-1", crashing) + "]}"},
                     {"get events --field-selector involvedObject.name=web-1",
                      R"({"items": [)" + event(10, "later") + "," + event(9, "sooner") + "]}"},
                     {"logs web-1 --container app --tail=8 --previous", "first\nno \033[31mdatabase\n"}};
  CHECK(cluster.findings(deployment) ==
        "pod web-1 (container app): CrashLoopBackOff\n"
        "  2026-01-01T00:00:00Z Failed: sooner\n"
        "  2026-01-01T00:00:00Z Failed: later\n"
        "  | first\n"
        "  | no  [31mdatabase\n");
}

TEST_CASE("of_many_pods_and_events_only_some_are_told") {
  std::string pods, events;
  for (int i = 0; i < 50; ++i) {
    pods += (i ? "," : "") + pod("web-" + std::to_string(i), crashing);
    events += (i ? "," : "") + event(i, "message " + std::to_string(i) + std::string(1000, 'x'));
  }
  Cluster cluster;
  cluster.answers = {{"get pods", R"({"items": [)" + pods + "]}"}, {"get events", R"({"items": [)" + events + "]}"}};
  const std::string told = cluster.findings(deployment);
  CHECK(std::count(told.begin(), told.end(), '\n') == 4 + 3 * (1 + 4));
  CHECK(told.size() < 8'000);
  CHECK(told.find("message 49") != std::string::npos);
  CHECK(told.find("message 45") == std::string::npos);
}

TEST_CASE("where_the_cluster_does_not_answer_there_is_nothing_to_tell") {
  Cluster cluster;
  CHECK(cluster.findings(deployment).empty());
  cluster.answers = {{"get", "no JSON"}};
  CHECK(cluster.findings(deployment).empty());
}

TEST_CASE("of_a_secret_nothing_is_asked_and_nothing_told") {
  Cluster cluster;
  CHECK(cluster.findings(R"({"kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}})").empty());
  CHECK(cluster.asked.empty());
}
