// When a wait for something in a cluster is over, by what the API says of it.
#include "plugins/kubernetes_waits.h"

#include <doctest/doctest.h>

#include "base/json.h"

using namespace runbook;

namespace {

Value json(const std::string& text) { return parse_json(text); }

std::string text_of(const Said& said) {
  const char* answer = said.answer == Said::Answer::yes ? "yes" : said.answer == Said::Answer::no ? "no" : "can't tell";
  return std::string(said.fails ? "never" : answer) + ": " + said.says;
}

std::string rollout(const std::string& kind, const std::string& spec, const std::string& status, int generation = 2) {
  return text_of(
      said_of_rollout(json(R"({"kind": ")" + kind + R"(", "metadata": {"name": "web", "generation": )" +
                           std::to_string(generation) + R"(}, "spec": {)" + spec + R"(}, "status": {)" + status + "}}")));
}

std::string pod(const std::string& name, const std::string& status, const std::string& more = "") {
  return R"({"metadata": {"name": ")" + name + "\"" + more + R"(}, "status": {)" + status + "}}";
}

const std::string ready = R"("conditions": [{"type": "Ready", "status": "True"}])";
const std::string unready = R"("conditions": [{"type": "Ready", "status": "False"}])";

std::string pods(const std::string& items, std::optional<std::int64_t> min = {}) {
  return text_of(said_of_pods(json(R"({"kind": "PodList", "items": [)" + items + "]}"), min));
}

}  // namespace

TEST_CASE("a_deployment_has_rolled_out_when_all_its_new_replicas_are_available_and_no_old_one_is_left") {
  const std::string spec = R"("replicas": 3)", observed = R"("observedGeneration": 2, )";
  CHECK(
      rollout("Deployment", spec, R"("observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3)") ==
      "no: its newest definition has not been taken up yet");
  CHECK(rollout("Deployment", spec, observed + R"("replicas": 3, "updatedReplicas": 1, "availableReplicas": 3)") ==
        "no: 1 of 3 replicas are updated");
  CHECK(rollout("Deployment", spec, observed + R"("replicas": 4, "updatedReplicas": 3, "availableReplicas": 3)") ==
        "no: 1 old replica is still there");
  CHECK(rollout("Deployment", spec, observed + R"("replicas": 3, "updatedReplicas": 3, "availableReplicas": 2)") ==
        "no: 2 of 3 updated replicas are available");
  CHECK(rollout("Deployment", spec, observed + R"("replicas": 3, "updatedReplicas": 3, "availableReplicas": 3)") ==
        "yes: all 3 replicas are updated and available");
  CHECK(rollout("Deployment", R"("replicas": 0)", R"("observedGeneration": 2)") ==
        "yes: all 0 replicas are updated and available");
  CHECK(rollout("Deployment", spec + R"(, "paused": true)", R"("observedGeneration": 2)") ==
        "no: 0 of 3 replicas are updated; its rollout is paused");
}

TEST_CASE("a_deployment_whose_progress_deadline_has_passed_is_waited_for_no_longer") {
  const std::string late =
      R"("conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "stuck"}])";
  CHECK(rollout("Deployment", R"("replicas": 3)", R"("observedGeneration": 2, )" + late) ==
        "never: it has exceeded its progress deadline: stuck");
  // What an older definition ran into says nothing about the newest.
  CHECK(rollout("Deployment", R"("replicas": 3)", R"("observedGeneration": 1, )" + late) ==
        "no: its newest definition has not been taken up yet");
}

TEST_CASE("a_stateful_set_has_rolled_out_when_its_revision_is_the_current_one_or_all_beyond_the_partition_are") {
  const std::string spec = R"("replicas": 3)";
  const std::string all = R"("observedGeneration": 2, "readyReplicas": 3, )";
  CHECK(rollout("StatefulSet", spec, R"("observedGeneration": 2, "readyReplicas": 2)") == "no: 2 of 3 replicas are ready");
  CHECK(rollout("StatefulSet", spec, all + R"("updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a")") ==
        "no: 1 of 3 replicas are updated");
  CHECK(rollout("StatefulSet", spec, all + R"("updatedReplicas": 3, "updateRevision": "b", "currentRevision": "b")") ==
        "yes: all 3 replicas are updated and ready");
  const std::string kept = spec + R"(, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})";
  CHECK(rollout("StatefulSet", kept, all + R"("updatedReplicas": 0, "updateRevision": "b", "currentRevision": "a")") ==
        "no: 0 of 1 replicas beyond the partition are updated");
  CHECK(rollout("StatefulSet", kept, all + R"("updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a")") ==
        "yes: all 1 replicas beyond the partition are updated");
  CHECK(rollout("StatefulSet", spec + R"(, "updateStrategy": {"type": "OnDelete"})", R"("readyReplicas": 3)")
            .rfind("never: ", 0) == 0);
}

TEST_CASE("a_daemon_set_has_rolled_out_when_every_node_has_the_new_pod_and_it_is_available") {
  const std::string wanted = R"("observedGeneration": 2, "desiredNumberScheduled": 4, )";
  CHECK(rollout("DaemonSet", "", wanted + R"("updatedNumberScheduled": 3, "numberAvailable": 4)") ==
        "no: 3 of 4 nodes have the new pod");
  CHECK(rollout("DaemonSet", "", wanted + R"("updatedNumberScheduled": 4, "numberAvailable": 3)") ==
        "no: 3 of 4 nodes have an available pod");
  CHECK(rollout("DaemonSet", "", wanted + R"("updatedNumberScheduled": 4, "numberAvailable": 4)") ==
        "yes: all 4 nodes have the new pod");
}

TEST_CASE("what_never_rolls_out_is_not_waited_for") {
  CHECK(rollout("Service", "", "") == "never: service/web does not roll out: a Deployment, a StatefulSet and a DaemonSet do");
}

TEST_CASE("pods_are_ready_when_enough_of_those_that_stay_are") {
  CHECK(pods("") == "no: there are no such pods");
  CHECK(pods("", 0) == "yes: there are no such pods");
  CHECK(pods(pod("a", ready) + "," + pod("b", unready)) == "no: 1 of 2 pods are ready");
  CHECK(pods(pod("a", ready) + "," + pod("b", ready)) == "yes: 2 of 2 pods are ready");
  CHECK(pods(pod("a", ready) + "," + pod("b", ready), 3) == "no: 2 of 3 pods are ready");
  CHECK(pods(pod("a", ready) + "," + pod("b", unready), 1) == "yes: 1 of 2 pods are ready");
  CHECK(pods(pod("a", ready) + "," + pod("b", ready, R"(, "deletionTimestamp": "2026-01-01T00:00:00Z")"), 2) ==
        "no: 1 of 2 pods are ready");
}

TEST_CASE("a_pod_that_gets_nowhere_says_why") {
  const auto waiting = [](const std::string& reason) {
    return unready + R"(, "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": ")" + reason + R"("}}}])";
  };
  CHECK(pods(pod("a", ready) + "," + pod("b", waiting("ImagePullBackOff"))) ==
        "no: 1 of 2 pods are ready; b (container web): ImagePullBackOff");
  CHECK(pods(pod("b", waiting("ContainerCreating"))) == "no: 0 of 1 pods are ready");
  CHECK(trouble_of_pod(json(pod(
            "a", R"("containerStatuses": [{"name": "x", "state": {"terminated": {"reason": "Error", "exitCode": 3}}}])"))) ==
        "a (container x): Error, exit code 3");
  CHECK(
      trouble_of_pod(
          json(pod(
              "a",
              R"("initContainerStatuses": [{"name": "x", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}])")))
          .empty());
  CHECK(
      trouble_of_pod(json(pod(
          "a",
          R"("phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}])"))) ==
      "a: unschedulable: 0/3 nodes");
  CHECK(trouble_of_pod(json(pod("a", R"("phase": "Failed", "reason": "Evicted")"))) == "a: Evicted");
}

TEST_CASE("a_job_is_waited_for_until_it_is_complete_or_has_failed") {
  const auto job = [](const std::string& status) {
    return text_of(said_of_job(
        json(R"({"kind": "Job", "metadata": {"name": "sync"}, "spec": {"completions": 2}, "status": {)" + status + "}}")));
  };
  CHECK(job(R"("active": 1, "succeeded": 1, "failed": 3)") == "no: 1 of 2 done, 1 running, 3 failed");
  CHECK(job(R"("conditions": [{"type": "Complete", "status": "True"}])") == "yes: it is complete");
  CHECK(
      job(R"("conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}])") ==
      "never: it has failed: BackoffLimitExceeded: too often");
  CHECK(text_of(said_of_job(json(R"({"kind": "Pod", "metadata": {"name": "x"}})"))) == "never: pod/x is no Job");
}

TEST_CASE("a_load_balancer_is_there_when_it_has_an_address") {
  const auto service = [](const std::string& type, const std::string& status) {
    return text_of(said_of_loadbalancer(json(R"({"kind": "Service", "metadata": {"name": "in"}, "spec": {"type": ")" + type +
                                             R"("}, "status": {)" + status + "}}")));
  };
  CHECK(service("LoadBalancer", R"("loadBalancer": {})") == "no: it has no address yet");
  CHECK(service("LoadBalancer", R"("loadBalancer": {"ingress": [{"hostname": "elb.example.org"}]})") ==
        "yes: its address is elb.example.org");
  CHECK(service("LoadBalancer", R"("loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]})") == "yes: its address is 192.0.2.7");
  CHECK(service("ClusterIP", "") == "never: it is of type ClusterIP, and gets no load balancer");
  CHECK(
      text_of(said_of_loadbalancer(json(
          R"({"kind": "Ingress", "metadata": {"name": "i"}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.8"}]}}})"))) ==
      "yes: its address is 192.0.2.8");
}
