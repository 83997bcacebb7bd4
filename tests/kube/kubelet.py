"""What happens to pods: scheduled, started, ready, crashing, finished, gone. One small action at a time, so that a test can hold them
and let through as many as it wants."""

import copy

from .controllers import is_ending, is_over
from .managers import now


class Kubelet:
    def __init__(self, cluster):
        self.cluster = cluster
        self.broken = {}             # image -> why it can't be pulled
        self.crashing = {}           # image -> exit code
        self.unready = set()         # images that start and never get ready
        self.outcomes = {}           # image or owner's name -> exit code; None: runs until it is told
        self.allowance = None        # actions that may still be done; None: any number
        self.told = {}               # (namespace, pod) -> exit code
        self.addresses = 0

    def turn(self):
        for pod in self.cluster.all("pods"):
            self._schedule(pod)
        while (self.allowance is None or self.allowance > 0) and self._act():
            if self.allowance is not None:
                self.allowance -= 1
            self.cluster.controllers.turn()

    def _act(self):
        """The next action; whether there was one."""
        for pod in sorted(self.cluster.all("pods"), key=lambda each: (not is_ending(each), each["metadata"]["creationTimestamp"])):
            if self._progress(pod):
                return True
        return False

    def _schedule(self, pod):
        if pod["spec"].get("nodeName") or is_ending(pod):
            return
        nodes = [node["metadata"]["name"] for node in self.cluster.all("nodes") if not node["spec"].get("unschedulable")]
        if not nodes:
            if not pod["status"].get("conditions"):
                count = len(self.cluster.all("nodes"))
                message = f"0/{count} nodes are available: {count} node(s) were unschedulable."
                self.cluster.event(pod, "FailedScheduling", message, "Warning", "default-scheduler")
                self._set(pod, conditions=[_condition("PodScheduled", False, "Unschedulable", message)])
            return
        load = {name: 0 for name in nodes}
        for other in self.cluster.all("pods"):
            if other["spec"].get("nodeName") in load:
                load[other["spec"]["nodeName"]] += 1
        node, meta = min(nodes, key=lambda name: load[name]), pod["metadata"]
        self.cluster.put("pods", pod | {"spec": pod["spec"] | {"nodeName": node}})
        self.cluster.event(pod, "Scheduled", f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}",
                           component="default-scheduler")

    def _set(self, pod, **state):
        current = self.cluster.find("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        return self.cluster.set_status("pods", current, current["status"] | state)

    def _progress(self, pod):
        place = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if is_ending(pod):
            return self._end(pod)
        if is_over(pod) or not pod["spec"].get("nodeName"):
            return False
        if place in self.told:
            return self._finish(pod, self.told.pop(place))
        wanted = self._wanted(pod)
        current = [_shape(each) for each in pod["status"].get("containerStatuses", [])]
        if [_shape(each) for each in wanted] != current:
            return self._start(pod, wanted)
        code = self._outcome(pod)
        return self._finish(pod, code) if code is not None and pod["status"]["phase"] == "Running" else False

    def _outcome(self, pod):
        """The exit code that a pod comes to by itself; None: it runs on."""
        owner = next((ref for ref in pod["metadata"].get("ownerReferences", []) if ref["kind"] == "Job"), None)
        names = [container["image"] for container in pod["spec"]["containers"]] + ([owner["name"]] if owner
                                                                                   else []) + [pod["metadata"]["name"]]
        known = [name for name in names if name in self.outcomes]
        if known:
            return self.outcomes[known[-1]]
        return 0 if owner else None

    def _wanted(self, pod):
        before = {each["name"]: each for each in pod["status"].get("containerStatuses", [])}
        return [self._container(pod, container, before.get(container["name"])) for container in pod["spec"]["containers"]]

    def _container(self, pod, container, before):
        image, since = container["image"], now()
        base = {"name": container["name"], "image": image, "imageID": "", "ready": False, "restartCount": 0, "started": False,
                "lastState": {}}
        if image in self.broken:
            return base | {"state": {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}}}
        identity = {"imageID": f"docker-pullable://{image}@sha256:0", "containerID": f"containerd://{pod['metadata']['uid']}"}
        if image in self.crashing and pod["spec"]["restartPolicy"] != "Never":
            code = self.crashing[image]
            ended = {"exitCode": code, "reason": "Error", "startedAt": since, "finishedAt": since, "containerID": identity["containerID"]}
            count = max(1, (before or {}).get("restartCount", 0))
            waiting = {"reason": "CrashLoopBackOff", "message": f"back-off 10s restarting failed container={container['name']} "
                       f"pod={pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"}
            return base | identity | {"restartCount": count, "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
        is_ready = image not in self.unready
        return base | identity | {"ready": is_ready, "started": True, "restartCount": (before or {}).get("restartCount", 0),
                                  "state": {"running": {"startedAt": since}}, "lastState": (before or {}).get("lastState", {})}

    def _start(self, pod, statuses):
        is_waiting = any("waiting" in each["state"] and each["state"]["waiting"]["reason"] == "ImagePullBackOff" for each in statuses)
        state = {"phase": "Pending" if is_waiting else "Running", "hostIP": "10.1.0.1", "containerStatuses": statuses,
                 "startTime": pod["status"].get("startTime", now())}
        if not is_waiting:
            state["podIP"] = pod["status"].get("podIP") or self._address()
            state["podIPs"] = [{"ip": state["podIP"]}]
        is_ready = all(each["ready"] for each in statuses)
        why = f"containers with unready status: [{' '.join(each['name'] for each in statuses if not each['ready'])}]"
        state["conditions"] = [_condition("Initialized", True)] + [
            _condition(kind, is_ready, *(() if is_ready else ("ContainersNotReady", why))) for kind in ("Ready", "ContainersReady")] + [
            _condition("PodScheduled", True)]
        for each in statuses:
            self._tell(pod, each)
        return self._set(pod, **state)

    def _address(self):
        self.addresses += 1
        return f"10.2.{self.addresses // 250}.{self.addresses % 250 + 1}"

    def _tell(self, pod, container):
        """Events and logs of a container that came into a state."""
        name, image, path = container["name"], container["image"], f"spec.containers{{{container['name']}}}"
        waiting = container["state"].get("waiting", {}).get("reason")
        say = lambda reason, message, kind="Normal": self.cluster.event(pod, reason, message, kind, path=path)
        say("Pulling", f'Pulling image "{image}"')
        if waiting == "ImagePullBackOff":
            say("Failed", f'Failed to pull image "{image}": {self.broken[image]}', "Warning")
            say("Failed", "Error: ErrImagePull", "Warning")
            say("BackOff", f'Back-off pulling image "{image}"')
            say("Failed", "Error: ImagePullBackOff", "Warning")
            return
        say("Pulled", f'Successfully pulled image "{image}"')
        say("Created", f"Created container {name}")
        say("Started", f"Started container {name}")
        self.cluster.logs.started(pod, name, image)
        if waiting == "CrashLoopBackOff":
            self.cluster.logs.ended(pod, name)
            say("BackOff", "Back-off restarting failed container", "Warning")

    def _finish(self, pod, code):
        ended = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "startedAt": now(), "finishedAt": now()}
        policy = pod["spec"]["restartPolicy"]
        for each in pod["spec"]["containers"]:
            self.cluster.logs.ended(pod, each["name"])
        if policy == "Always" or policy == "OnFailure" and code != 0:
            return self._restart(pod, ended)
        statuses = [each | {"ready": False, "started": False, "state": {"terminated": ended}}
                    for each in pod["status"].get("containerStatuses", [])]
        conditions = [_condition("Initialized", True), _condition("Ready", False, "PodCompleted"),
                      _condition("ContainersReady", False, "PodCompleted"),
                      _condition("PodScheduled", True)]
        return self._set(pod, phase="Succeeded" if code == 0 else "Failed", containerStatuses=statuses, conditions=conditions)

    def _restart(self, pod, ended):
        statuses = [each | {"restartCount": each["restartCount"] + 1, "lastState": {"terminated": ended}}
                    for each in pod["status"]["containerStatuses"]]
        for each in statuses:
            self.cluster.logs.started(pod, each["name"], each["image"])
        return self._set(pod, containerStatuses=statuses)

    def _end(self, pod):
        if pod["metadata"].get("finalizers"):
            return False
        for container in pod["spec"]["containers"]:
            self.cluster.event(pod, "Killing", f"Stopping container {container['name']}", path=f"spec.containers{{{container['name']}}}")
        self.cluster.logs.removed(pod)
        self.cluster.rest.gone(self.cluster.kinds.named("pods"), copy.deepcopy(pod))
        return True


def _condition(kind, holds, reason="", message=""):
    found = {"type": kind, "status": str(holds), "lastProbeTime": None, "lastTransitionTime": now()}
    return found | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})


def _shape(container):
    """What tells two states of a container apart."""
    state = container["state"]
    return container["name"], container["image"], next(iter(state)), state.get("waiting", {}).get("reason"), container["ready"]
