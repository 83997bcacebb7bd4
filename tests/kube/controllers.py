"""The controllers but for deployments: replica sets, stateful and daemon sets, jobs, services, namespaces, owners and what they own."""

import copy

from . import selectors
from .deployments import Deployments
from .managers import now
from .resources import Resource

WORKLOADS = ("deployments", "replicasets", "statefulsets", "daemonsets", "jobs")


def is_ready(pod):
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod.get("status", {}).get("conditions", []))


def is_ending(found):
    return bool(found["metadata"].get("deletionTimestamp"))


def is_over(pod):
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


class Controllers:
    def __init__(self, cluster):
        self.cluster = cluster
        self.deployments = Deployments(cluster)
        self.held = set()            # of load_balancers, claims
        self.jobs_done = {}

    def turn(self):
        self._definitions()
        self._service_accounts()
        self.deployments.turn()
        for each in self.cluster.all("replicasets"):
            self._replica_set(each)
        for each in self.cluster.all("statefulsets"):
            self._stateful_set(each)
        for each in self.cluster.all("daemonsets"):
            self._daemon_set(each)
        for each in self.cluster.all("jobs"):
            self._job(each)
        self._services()
        self._budgets()
        self._namespaces()
        self._finalizers()

    # Pods of a workload

    def pods_of(self, owner):
        return [pod for pod in self.cluster.owned("pods", owner) if not is_over(pod)]

    def create_pod(self, owner, template, name, component, labels=None):
        meta = copy.deepcopy(template.get("metadata", {}))
        meta.pop("creationTimestamp", None)
        meta |= {"name": name, "namespace": owner["metadata"]["namespace"]}
        if labels:
            meta["labels"] = meta.get("labels", {}) | labels
        if name.startswith(owner["metadata"]["name"] + "-") and component != "statefulset-controller":
            meta["generateName"] = owner["metadata"]["name"] + "-"
        pod = self.cluster.make("pods", {"metadata": meta, "spec": copy.deepcopy(template["spec"])}, owner)
        self.cluster.event(owner, "SuccessfulCreate", f"Created pod: {name}" if component != "statefulset-controller" else
                           f"create Pod {name} in StatefulSet {owner['metadata']['name']} successful", component=component)
        return pod

    def delete_pod(self, owner, pod, component):
        self.cluster.event(owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", component=component)
        self.cluster.delete("pods", pod)

    def _replica_set(self, found):
        if is_ending(found):
            return
        pods = [pod for pod in self.pods_of(found) if not is_ending(pod)]
        wanted = found["spec"]["replicas"]
        for _ in range(wanted - len(pods)):
            self.create_pod(found, found["spec"]["template"], f"{found['metadata']['name']}-{self.cluster.suffix()}",
                            "replicaset-controller")
        for pod in sorted(pods, key=is_ready)[:max(0, len(pods) - wanted)]:
            self.delete_pod(found, pod, "replicaset-controller")
        pods = [pod for pod in self.pods_of(found) if not is_ending(pod)]
        ready = sum(map(is_ready, pods))
        state = {"replicas": len(pods), "fullyLabeledReplicas": len(pods), "readyReplicas": ready, "availableReplicas": ready,
                 "observedGeneration": found["metadata"].get("generation", 1)}
        self._report("replicasets", found, {key: value for key, value in state.items() if value or key == "replicas"})

    def _report(self, kind, found, state):
        current = self.cluster.find(kind, found["metadata"]["name"], found["metadata"]["namespace"])
        if current:
            self.cluster.set_status(kind, current, state)

    # Stateful sets, one pod after the other

    def revision_of(self, found):
        """The revision (an object) of a set's template; made if it is new."""
        data = {"spec": {"template": found["spec"]["template"] | {"$patch": "replace"}}}
        known = self.cluster.owned("controllerrevisions", found)
        same = next((each for each in known if each["data"] == data), None)
        newest = max((each["revision"] for each in known), default=0)
        if same and same["revision"] < newest:
            same = same | {"revision": newest + 1}
            self.cluster.put("controllerrevisions", same)
        if not same:
            name = f"{found['metadata']['name']}-{self.cluster.suffix(10)}"
            labels = found["spec"]["template"]["metadata"].get("labels", {})
            cause = {key: value for key, value in found["metadata"].get("annotations", {}).items() if key == "kubernetes.io/change-cause"}
            same = self.cluster.make("controllerrevisions",
                                     {"metadata": {"name": name, "namespace": found["metadata"]["namespace"], "labels": dict(labels)} |
                                     ({"annotations": cause} if cause else {}), "data": data, "revision": newest + 1}, found)
        return same

    def _stateful_set(self, found):
        if is_ending(found):
            return
        revision = self.revision_of(found)["metadata"]["name"]
        wanted = found["spec"]["replicas"]
        pods = {int(pod["metadata"]["name"].rpartition("-")[2]): pod for pod in self.pods_of(found)}
        self._step_stateful(found, pods, revision)
        alive = [pod for pod in self.pods_of(found) if not is_ending(pod)]
        updated = [pod for pod in alive if pod["metadata"]["labels"].get("controller-revision-hash") == revision]
        ready = sum(map(is_ready, alive))
        is_done = len(updated) == wanted == len(alive) and ready == wanted
        state = {"observedGeneration": found["metadata"]["generation"], "replicas": len(alive), "readyReplicas": ready,
                 "availableReplicas": ready,
                 "currentReplicas": len(alive) if is_done else len(alive) - len(updated), "updatedReplicas": len(updated),
                 "updateRevision": revision,
                 "currentRevision": revision if is_done else found["status"].get("currentRevision", revision), "collisionCount": 0}
        self._report("statefulsets", found, {key: value for key, value in state.items() if value or key in ("replicas", "collisionCount")})

    def _step_stateful(self, found, pods, revision):
        name, wanted = found["metadata"]["name"], found["spec"]["replicas"]
        is_parallel = found["spec"]["podManagementPolicy"] == "Parallel"
        for number in range(wanted):
            if number not in pods:
                labels = {"controller-revision-hash": revision, "statefulset.kubernetes.io/pod-name": f"{name}-{number}"}
                self.create_pod(found, found["spec"]["template"], f"{name}-{number}", "statefulset-controller", labels)
            if not is_parallel and (number not in pods or not is_ready(pods[number])) and not self._is_outdated(pods.get(number), revision):
                return
        above = [number for number in sorted(pods, reverse=True) if number >= wanted]
        outdated = [number for number in sorted(pods, reverse=True) if self._is_outdated(pods[number], revision)
                    and number >= found["spec"]["updateStrategy"].get("rollingUpdate", {}).get("partition", 0)]
        for number in (above or (outdated if found["spec"]["updateStrategy"]["type"] == "RollingUpdate" else []))[:1]:
            if not is_ending(pods[number]) and (is_parallel or above
                                                or all(is_ready(pod) or number == other for other, pod in pods.items())):
                self.delete_pod(found, pods[number], "statefulset-controller")

    @staticmethod
    def _is_outdated(pod, revision):
        return bool(pod) and pod["metadata"]["labels"].get("controller-revision-hash") != revision

    # Daemon sets, one pod a node

    def _daemon_set(self, found):
        if is_ending(found):
            return
        revision = self.revision_of(found)["metadata"]["name"]
        pods = {pod["spec"].get("nodeName"): pod for pod in self.pods_of(found)}
        nodes = [node["metadata"]["name"] for node in self.cluster.all("nodes")]
        for node in nodes:
            if node not in pods:
                template = found["spec"]["template"] | {"spec": found["spec"]["template"]["spec"] | {"nodeName": node}}
                self.create_pod(found, template, f"{found['metadata']['name']}-{self.cluster.suffix()}", "daemonset-controller",
                                {"controller-revision-hash": revision})
        outdated = [pod for pod in pods.values() if self._is_outdated(pod, revision)]
        is_calm = len(pods) == len(nodes) and all(is_ready(pod) and not is_ending(pod) or self._is_outdated(pod, revision)
                                                  for pod in pods.values())
        if found["spec"]["updateStrategy"]["type"] == "RollingUpdate" and is_calm and not any(map(is_ending, outdated)):
            for pod in outdated[:1]:
                self.delete_pod(found, pod, "daemonset-controller")
        pods = [pod for pod in self.pods_of(found) if not is_ending(pod)]
        ready = sum(map(is_ready, pods))
        state = {"currentNumberScheduled": len(pods), "numberMisscheduled": 0, "desiredNumberScheduled": len(nodes), "numberReady": ready,
                 "numberAvailable": ready, "numberUnavailable": len(nodes) - ready, "observedGeneration": found["metadata"]["generation"],
                 "updatedNumberScheduled": sum(not self._is_outdated(pod, revision) for pod in pods)}
        shown = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
        self._report("daemonsets", found, {key: value for key, value in state.items() if value or key in shown})

    # Jobs

    def _job(self, found):
        state = found.get("status", {})
        if is_ending(found) or any(each["status"] == "True" for each in state.get("conditions", [])):
            return
        pods = self.cluster.owned("pods", found)
        active = [pod for pod in pods if not is_over(pod)]
        succeeded = sum(pod["status"]["phase"] == "Succeeded" for pod in pods)
        failed = sum(pod["status"]["phase"] == "Failed" for pod in pods)
        wanted = found["spec"].get("completions") or 1
        conditions = self._job_end(found, succeeded, failed, wanted, active)
        for pod in active if conditions and conditions[0]["type"] == "Failed" else ():
            if not is_ending(pod):
                self.delete_pod(found, pod, "job-controller")
        if not conditions:
            for _ in range(min(found["spec"]["parallelism"], wanted - succeeded) - len(active)):
                active.append(self.create_pod(found, found["spec"]["template"], f"{found['metadata']['name']}-{self.cluster.suffix()}",
                                              "job-controller"))
        counts = {"active": len(active) if not conditions else 0, "succeeded": succeeded, "failed": failed}
        state = {"startTime": state.get("startTime", now())} | {key: value for key, value in counts.items() if value}
        if conditions:
            state |= {"conditions": conditions} | ({"completionTime": now()} if conditions[0]["type"] == "Complete" else {})
        self._report("jobs", found, state)

    def _job_end(self, found, succeeded, failed, wanted, active):
        def condition(kind, **more):
            return [{"type": kind, "status": "True", "lastProbeTime": now(), "lastTransitionTime": now()} | more]
        if succeeded >= wanted:
            self.cluster.event(found, "Completed", "Job completed", component="job-controller")
            return condition("Complete")
        retries = sum(each["restartCount"] for pod in active for each in pod["status"].get("containerStatuses", [])
                      if pod["spec"]["restartPolicy"] == "OnFailure")
        if failed > found["spec"]["backoffLimit"] or retries and retries >= found["spec"]["backoffLimit"]:
            self.cluster.event(found, "BackoffLimitExceeded", "Job has reached the specified backoff limit", "Warning", "job-controller")
            return condition("Failed", reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit")
        return []

    def start_cron_job(self, found):
        """As when its time has come."""
        template = copy.deepcopy(found["spec"]["jobTemplate"])
        meta = template.get("metadata", {})
        meta.pop("creationTimestamp", None)
        name = f"{found['metadata']['name']}-{self.cluster.chance.randrange(10**7, 10**8)}"
        job = self.cluster.make("jobs", {"metadata": meta | {"name": name, "namespace": found["metadata"]["namespace"]},
                                         "spec": template["spec"]}, found)
        current = self.cluster.find("cronjobs", found["metadata"]["name"], found["metadata"]["namespace"])
        self.cluster.set_status("cronjobs", current, current.get("status", {}) | {"lastScheduleTime": now()})
        return job["metadata"]["name"]

    # Services, ingresses, claims

    def _services(self):
        for each in self.cluster.all("services"):
            self._endpoints(each)
            each = self.cluster.find("services", each["metadata"]["name"], each["metadata"]["namespace"])
            is_waiting = each["spec"]["type"] == "LoadBalancer" and not each["status"]["loadBalancer"].get("ingress")
            if is_waiting and "load_balancers" not in self.held:
                self.cluster.event(each, "EnsuredLoadBalancer", "Ensured load balancer", component="service-controller")
                self.cluster.set_status("services", each,
                                        {"loadBalancer": {"ingress": [{"hostname": f"{each['metadata']['name']}.elb.example.org"}]}})
        for each in self.cluster.all("ingresses"):
            if not each.get("status", {}).get("loadBalancer", {}).get("ingress") and "load_balancers" not in self.held:
                self.cluster.set_status("ingresses", each, {"loadBalancer": {"ingress": [{"hostname": "ingress.elb.example.org"}]}})
        for each in self.cluster.all("persistentvolumeclaims"):
            if is_ending(each):
                self._release(each)
            elif each["status"]["phase"] == "Pending" and "claims" not in self.held:
                self.cluster.set_status("persistentvolumeclaims", each,
                                        {"phase": "Bound", "accessModes": each["spec"].get("accessModes", []),
                                        "capacity": each["spec"].get("resources", {}).get("requests", {})})

    def _release(self, claim):
        """A claim that no pod uses any more loses its protection."""
        meta = claim["metadata"]
        used = any(volume.get("persistentVolumeClaim", {}).get("claimName") == meta["name"]
                   for pod in self.cluster.all("pods", meta["namespace"]) for volume in pod["spec"].get("volumes", []))
        left = [each for each in meta.get("finalizers", []) if used or each != "kubernetes.io/pvc-protection"]
        if left != meta.get("finalizers", []):
            self._finish(self.cluster.kinds.named("persistentvolumeclaims"), claim | {"metadata": meta | {"finalizers": left}}, left)

    def _endpoints(self, service):
        selector, meta = service["spec"].get("selector"), service["metadata"]
        if not selector or is_ending(service):
            return
        pods = [pod for pod in self.cluster.all("pods", meta["namespace"])
                if selectors.matches({"matchLabels": selector}, pod["metadata"].get("labels") or {}) and pod["status"].get("podIP")
                and not is_over(pod)]
        ports = [{"name": port.get("name", ""), "port": port["targetPort"] if isinstance(port["targetPort"], int) else port["port"],
                  "protocol": port["protocol"]} for port in service["spec"].get("ports", [])]
        ready = [{"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"],
                  "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": meta["namespace"],
                                "uid": pod["metadata"]["uid"]}}
                 for pod in pods if is_ready(pod) and not is_ending(pod)]
        subsets = [{"addresses": ready, "ports": ports}] if ready else []
        self._keep("endpoints", service, meta["name"], {"subsets": subsets})
        if not self.cluster.is_modern:
            return
        slices = [{"addresses": [each["ip"]], "conditions": {"ready": True}, "nodeName": each["nodeName"], "targetRef": each["targetRef"]}
                  for each in ready]
        self._keep("endpointslices", service, f"{meta['name']}-slice", {"addressType": "IPv4", "endpoints": slices, "ports": ports},
                   {"kubernetes.io/service-name": meta["name"]})

    def _keep(self, kind, owner, name, content, labels=None):
        found = self.cluster.find(kind, name, owner["metadata"]["namespace"])
        if found:
            self.cluster.put(kind, found | content)
        else:
            meta = {"name": name, "namespace": owner["metadata"]["namespace"]} | ({"labels": labels} if labels else {})
            self.cluster.make(kind, {"metadata": meta} | content, owner)

    def _budgets(self):
        for each in self.cluster.all("poddisruptionbudgets"):
            pods = [pod for pod in self.cluster.all("pods", each["metadata"]["namespace"])
                    if each["spec"].get("selector") is not None and not is_over(pod)
                    and selectors.matches(each["spec"]["selector"], pod["metadata"].get("labels") or {})]
            healthy = sum(is_ready(pod) and not is_ending(pod) for pod in pods)
            least = _share(each["spec"]["minAvailable"], len(pods)) if "minAvailable" in each["spec"] else len(pods) - _share(
                each["spec"].get("maxUnavailable", 0), len(pods))
            self.cluster.set_status("poddisruptionbudgets", each,
                                    {"currentHealthy": healthy, "desiredHealthy": least, "expectedPods": len(pods),
                                    "disruptionsAllowed": max(0, healthy - least), "observedGeneration": each["metadata"]["generation"]})

    def _service_accounts(self):
        for each in self.cluster.all("namespaces"):
            name = each["metadata"]["name"]
            if not is_ending(each) and not self.cluster.find("serviceaccounts", "default", name):
                self.cluster.make("serviceaccounts", {"metadata": {"name": "default", "namespace": name}})

    # Custom resources

    def _definitions(self):
        for each in self.cluster.all("customresourcedefinitions"):
            if not each.get("status", {}).get("conditions"):
                self._establish(each)

    def _establish(self, found):
        spec = found["spec"]
        names = spec["names"]
        versions = [version for version in spec["versions"] if version.get("served")]
        subresources = [name for name in ("status", "scale") if name in versions[0].get("subresources", {})]
        schemas = {version["name"]: version["schema"]["openAPIV3Schema"] for version in versions}
        self.cluster.kinds.set_custom(Resource(spec["group"], tuple(schemas), names["plural"], names["kind"], spec["scope"] == "Namespaced",
                                               tuple(names.get("shortNames", ())), "", tuple(subresources),
                                               tuple(names.get("categories", ())),
                                               singular=names["singular"], schema=schemas))
        self.cluster.custom_version += 1
        conditions = [{"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now()} for kind, reason,
                      message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
                                  ("Established", "InitialNamesAccepted", "the initial names have been accepted"))]
        self.cluster.set_status("customresourcedefinitions", found, {
            "conditions": conditions, "acceptedNames": names, "storedVersions": [v["name"] for v in versions if v.get("storage")]})

    def orphaned(self, resource, found):
        """Something is gone: what it owned goes too, unless it was orphaned."""
        uid = found["metadata"]["uid"]
        if resource.name == "customresourcedefinitions":
            self._forget_custom(found)
        for each, kind in [(each, kind) for kind in self.cluster.kinds.all for each in self.cluster.store.list(kind.key)]:
            references = each["metadata"].get("ownerReferences", [])
            if any(ref["uid"] == uid for ref in references) and not is_ending(each):
                self.cluster.rest.remove(kind, each)

    def _forget_custom(self, found):
        spec = found["spec"]
        key = spec["group"], spec["names"]["plural"]
        resource = self.cluster.kinds.find(key[0], spec["versions"][0]["name"], key[1])
        for each in self.cluster.store.list(key):
            self.cluster.store.remove(key, each)
        if resource:
            self.cluster.kinds.drop_custom(*key)
            self.cluster.custom_version += 1

    def _finalizers(self):
        """orphan and foregroundDeletion are the collector's own."""
        for resource in self.cluster.kinds.all:
            for each in self.cluster.store.list(resource.key):
                finalizers = each["metadata"].get("finalizers", [])
                if is_ending(each) and ("orphan" in finalizers or "foregroundDeletion" in finalizers):
                    self._collect(resource, each, finalizers)

    def _collect(self, resource, found, finalizers):
        uid, left = found["metadata"]["uid"], False
        for kind in self.cluster.kinds.all:
            for each in self.cluster.store.list(kind.key):
                references = each["metadata"].get("ownerReferences", [])
                if not any(ref["uid"] == uid for ref in references):
                    continue
                if "orphan" in finalizers:
                    kept = [ref for ref in references if ref["uid"] != uid]
                    meta = {key: value for key, value in each["metadata"].items() if key != "ownerReferences"} | ({"ownerReferences": kept}
                                                                                                                  if kept else {})
                    self.cluster.store.put(kind.key, each | {"metadata": meta})
                else:
                    left = True
                    if not is_ending(each):
                        self.cluster.rest.remove(kind, each, {"propagationPolicy": "Foreground"} if kind.name in WORKLOADS else {})
        if not left:
            others = [each for each in finalizers if each not in ("orphan", "foregroundDeletion")]
            meta = {key: value for key, value in found["metadata"].items() if key != "finalizers"} | ({"finalizers": others} if others
                                                                                                      else {})
            self._finish(resource, found | {"metadata": meta}, others)

    def _finish(self, resource, found, finalizers):
        current = self.cluster.store.get(resource.key, found["metadata"].get("namespace"), found["metadata"]["name"])
        if current and finalizers:
            self.cluster.store.put(resource.key, found)
        elif current:
            self.cluster.rest.gone(resource, found)

    def _namespaces(self):
        for each in self.cluster.all("namespaces"):
            if is_ending(each):
                self._empty(each["metadata"]["name"], each)

    def _empty(self, name, found):
        is_empty = True
        for resource in self.cluster.kinds.all:
            for each in self.cluster.store.list(resource.key, name) if resource.namespaced else ():
                if not is_ending(each):
                    self.cluster.rest.remove(resource, each)
                is_empty = is_empty and not self.cluster.store.get(resource.key, name, each["metadata"]["name"])
        if is_empty and not found["metadata"].get("finalizers"):
            self.cluster.rest.gone(self.cluster.kinds.named("namespaces"), found)


def _share(value, total):
    if isinstance(value, int):
        return value
    return -(-total * int(value.rstrip("%")) // 100)
