#pragma once
// What a Kubernetes object says about whether a wait for it is over. Pure: from the JSON of the API to an answer and a sentence. The rules
// of a rollout are those of `kubectl rollout status`; the fields are those of the API reference (apps/v1, batch/v1, core/v1).
#include <cstdint>
#include <optional>
#include <string>

#include "base/value.h"
#include "step/outcome.h"

namespace runbook {

// Of a Deployment, StatefulSet or DaemonSet. It fails when its progress deadline has passed, and where it never rolls out by itself.
Said said_of_rollout(const Value& object);

// Of a list of Pods: whether `min` of them are ready; none: whether there are some, and all are. Those that are being deleted don't count.
Said said_of_pods(const Value& list, std::optional<std::int64_t> min);

// Of a Job. It fails when the job has.
Said said_of_job(const Value& object);

// Of a Service of type LoadBalancer, or an Ingress: whether it has an address.
Said said_of_loadbalancer(const Value& object);

// What is wrong with a Pod: "web-5c9 (container web): ImagePullBackOff"; "" if nothing is, or nothing that can be seen yet.
std::string trouble_of_pod(const Value& pod);
bool is_pod_ready(const Value& pod);
bool is_pod_leaving(const Value& pod);

// The condition of that type: a map, or null.
Value condition_of(const Value& object, std::string_view type);

}  // namespace runbook
