#include "plugins/kubernetes_waits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace runbook {

namespace {

Said yes(std::string says) { return {Said::Answer::yes, std::move(says)}; }
Said not_yet(std::string says) { return {Said::Answer::no, std::move(says)}; }
Said never(std::string says) { return {Said::Answer::no, std::move(says), true}; }

Value at(const Value& object, std::initializer_list<std::string_view> path) {
  Value value = object;
  for (const std::string_view key : path) value = value.get(key);
  return value;
}

List list_at(const Value& object, std::initializer_list<std::string_view> path) {
  const Value value = at(object, path);
  return value.is_list() ? value.as_list() : List();
}

std::string name_of(const Value& object) {
  std::string kind = object.text_or("kind", "object");
  for (char& c : kind) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return fmt::format("{}/{}", kind, object.get("metadata").text_or("name", "?"));
}

bool is_observed(const Value& object) {
  return object.get("status").int_or("observedGeneration", 0) >= object.get("metadata").int_or("generation", 0);
}

constexpr const char* unobserved = "its newest definition has not been taken up yet";

Said deployment(const Value& object) {
  const Value spec = object.get("spec"), status = object.get("status");
  if (!is_observed(object)) return not_yet(unobserved);
  const Value progress = condition_of(object, "Progressing");
  if (progress.text_or("reason", "") == "ProgressDeadlineExceeded")
    return never("it has exceeded its progress deadline: " + progress.text_or("message", "no reason is given"));
  const std::int64_t wanted = spec.int_or("replicas", 1), updated = status.int_or("updatedReplicas", 0);
  const std::int64_t all = status.int_or("replicas", 0), available = status.int_or("availableReplicas", 0);
  const std::string paused = spec.bool_or("paused", false) ? "; its rollout is paused" : "";
  if (updated < wanted) return not_yet(fmt::format("{} of {} replicas are updated{}", updated, wanted, paused));
  if (all > updated)
    return not_yet(fmt::format("{} old replica{} still there{}", all - updated, all - updated == 1 ? " is" : "s are", paused));
  if (available < updated) return not_yet(fmt::format("{} of {} updated replicas are available{}", available, updated, paused));
  return yes(fmt::format("all {} replicas are updated and available", updated));
}

constexpr const char* on_delete = "its update strategy is OnDelete: its pods are replaced only when somebody deletes them";

Said stateful_set(const Value& object) {
  const Value spec = object.get("spec"), status = object.get("status");
  if (spec.get("updateStrategy").text_or("type", "RollingUpdate") == "OnDelete") return never(on_delete);
  if (!is_observed(object)) return not_yet(unobserved);
  const std::int64_t wanted = spec.int_or("replicas", 1), ready = status.int_or("readyReplicas", 0);
  const std::int64_t updated = status.int_or("updatedReplicas", 0);
  if (ready < wanted) return not_yet(fmt::format("{} of {} replicas are ready", ready, wanted));
  const std::int64_t kept = at(spec, {"updateStrategy", "rollingUpdate"}).int_or("partition", 0);
  if (kept > 0 && updated < wanted - kept)
    return not_yet(fmt::format("{} of {} replicas beyond the partition are updated", updated, wanted - kept));
  if (kept > 0) return yes(fmt::format("all {} replicas beyond the partition are updated", wanted - kept));
  if (status.text_or("updateRevision", "") != status.text_or("currentRevision", ""))
    return not_yet(fmt::format("{} of {} replicas are updated", updated, wanted));
  return yes(fmt::format("all {} replicas are updated and ready", wanted));
}

Said daemon_set(const Value& object) {
  const Value status = object.get("status");
  if (at(object, {"spec", "updateStrategy"}).text_or("type", "RollingUpdate") == "OnDelete") return never(on_delete);
  if (!is_observed(object)) return not_yet(unobserved);
  const std::int64_t wanted = status.int_or("desiredNumberScheduled", 0);
  const std::int64_t updated = status.int_or("updatedNumberScheduled", 0), available = status.int_or("numberAvailable", 0);
  if (updated < wanted) return not_yet(fmt::format("{} of {} nodes have the new pod", updated, wanted));
  if (available < wanted) return not_yet(fmt::format("{} of {} nodes have an available pod", available, wanted));
  return yes(fmt::format("all {} nodes have the new pod", wanted));
}

// Those that come and go while all is well.
bool is_harmless(const std::string& reason) {
  return reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing" || reason == "Completed";
}

std::string trouble_of_container(const Value& status) {
  const Value waiting = at(status, {"state", "waiting"}), ended = at(status, {"state", "terminated"});
  if (std::string reason = waiting.text_or("reason", ""); !is_harmless(reason)) return reason;
  if (ended.int_or("exitCode", 0) == 0) return {};
  return fmt::format("{}, exit code {}", ended.text_or("reason", "ended"), ended.int_or("exitCode", 0));
}

}  // namespace

Value condition_of(const Value& object, std::string_view type) {
  for (const Value& each : list_at(object, {"status", "conditions"})) {
    if (each.text_or("type", "") == type) return each;
  }
  return {};
}

bool is_pod_ready(const Value& pod) { return condition_of(pod, "Ready").text_or("status", "") == "True"; }
bool is_pod_leaving(const Value& pod) { return !pod.get("metadata").get("deletionTimestamp").is_null(); }

std::string trouble_of_pod(const Value& pod) {
  const std::string name = pod.get("metadata").text_or("name", "?");
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Value& status : list_at(pod, {"status", list})) {
      const std::string trouble = trouble_of_container(status);
      if (!trouble.empty()) return fmt::format("{} (container {}): {}", name, status.text_or("name", "?"), trouble);
    }
  }
  const Value scheduled = condition_of(pod, "PodScheduled");
  if (scheduled.text_or("reason", "") == "Unschedulable")
    return fmt::format("{}: unschedulable: {}", name, scheduled.text_or("message", "no reason is given"));
  const Value status = pod.get("status");
  const std::string phase = status.text_or("phase", ""), reason = status.text_or("reason", "");
  return phase == "Failed" ? fmt::format("{}: {}", name, reason.empty() ? "failed" : reason) : "";
}

Said said_of_rollout(const Value& object) {
  const std::string kind = object.text_or("kind", "");
  if (kind == "Deployment") return deployment(object);
  if (kind == "StatefulSet") return stateful_set(object);
  if (kind == "DaemonSet") return daemon_set(object);
  return never(fmt::format("{} does not roll out: a Deployment, a StatefulSet and a DaemonSet do", name_of(object)));
}

Said said_of_pods(const Value& list, std::optional<std::int64_t> min) {
  std::int64_t count = 0, ready = 0;
  std::string trouble;
  for (const Value& pod : list_at(list, {"items"})) {
    if (is_pod_leaving(pod)) continue;
    ++count;
    if (is_pod_ready(pod)) ++ready;
    else if (trouble.empty()) trouble = trouble_of_pod(pod);
  }
  const std::int64_t wanted = min.value_or(std::max<std::int64_t>(count, 1));
  const std::string says =
      count == 0 ? "there are no such pods" : fmt::format("{} of {} pods are ready", ready, std::max(count, wanted));
  if (ready >= wanted) return yes(says);
  return not_yet(trouble.empty() ? says : fmt::format("{}; {}", says, trouble));
}

Said said_of_job(const Value& object) {
  if (object.text_or("kind", "") != "Job") return never(name_of(object) + " is no Job");
  if (condition_of(object, "Complete").text_or("status", "") == "True") return yes("it is complete");
  const Value failed = condition_of(object, "Failed"), status = object.get("status");
  if (failed.text_or("status", "") == "True")
    return never(
        fmt::format("it has failed: {}: {}", failed.text_or("reason", "no reason"), failed.text_or("message", "no message")));
  if (at(object, {"spec"}).bool_or("suspend", false)) return not_yet("it is suspended");
  return not_yet(fmt::format("{} of {} done, {} running, {} failed", status.int_or("succeeded", 0),
                             object.get("spec").int_or("completions", 1), status.int_or("active", 0),
                             status.int_or("failed", 0)));
}

Said said_of_loadbalancer(const Value& object) {
  const std::string kind = object.text_or("kind", ""), type = object.get("spec").text_or("type", "ClusterIP");
  if (kind != "Service" && kind != "Ingress")
    return never(fmt::format("{} has no load balancer: a Service and an Ingress have", name_of(object)));
  if (kind == "Service" && type != "LoadBalancer")
    return never(fmt::format("it is of type {}, and gets no load balancer", type));
  for (const Value& ingress : list_at(object, {"status", "loadBalancer", "ingress"})) {
    const std::string address = ingress.text_or("hostname", ingress.text_or("ip", ""));
    if (!address.empty()) return yes("its address is " + address);
  }
  return not_yet("it has no address yet");
}

}  // namespace runbook
