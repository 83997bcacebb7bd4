"""What pods can do besides being stored: logs, exec and attach, eviction, binding."""

import calendar
import time

from . import exec_, logs, selectors, status
from .controllers import is_ending, is_ready
from .request import Answer, Stream, Upgrade

POLL = 0.5


class Pods:
    def __init__(self, cluster, server):
        self.cluster, self.server = cluster, server

    def answer(self, request):
        name = request.subresource
        if name == "eviction":
            return self._evict(request)
        pod = self.cluster.rest.existing(request)
        if name == "log":
            return self._log(request, pod)
        if name in ("exec", "attach"):
            return self._exec(request, pod)
        raise status.ApiError(501, "NotImplemented", f"this server of the tests has no {name}", {})

    def _container(self, request, pod):
        names = [each["name"] for each in pod["spec"]["containers"] + pod["spec"].get("initContainers", [])]
        asked = request.param("container")
        if asked and asked not in names:
            raise status.bad_request(f"container {asked} is not valid for pod {request.name}")
        if not asked and len(pod["spec"]["containers"]) > 1:
            listed = " ".join(each["name"] for each in pod["spec"]["containers"])
            raise status.bad_request(f"a container name must be specified for pod {request.name}, choose one of: [{listed}]")
        return asked or names[0]

    # Logs

    def _log(self, request, pod):
        if request.method != "GET":
            raise status.method_not_allowed()
        name = self._container(request, pod)
        state = next((each for each in pod["status"].get("containerStatuses", []) if each["name"] == name), None)
        is_previous = request.param("previous") == "true"
        run = self.cluster.logs.run_of(request.namespace, request.name, name, is_previous)
        if is_previous and not run:
            raise status.bad_request(f'previous terminated container "{name}" in pod "{request.name}" not found')
        if not run:
            why = state["state"]["waiting"]["reason"] if state and "waiting" in state["state"] else "ContainerCreating"
            words = "trying and failing to pull image" if why == "ImagePullBackOff" else why
            raise status.bad_request(f'container "{name}" in pod "{request.name}" is waiting to start: {words}')
        return Stream(self._lines(request, run), "text/plain")

    def _lines(self, request, run):
        stamps, position = request.param("timestamps") == "true", len(run.lines)
        chosen = self._chosen(request, run.lines[:position])
        limit = int(request.param("limitBytes")) if request.param("limitBytes") else None
        if chosen:
            yield logs.text(chosen, stamps, limit)
        if request.param("follow") != "true":
            return
        is_over = False
        while not is_over:
            with self.cluster.logs.changed:
                self.cluster.logs.changed.wait_for(lambda: len(run.lines) > position or run.is_over or request.is_cut(), POLL)
                fresh, position = run.lines[position:], len(run.lines)
                is_over = run.is_over or request.is_cut()      # what was printed before a cut comes before it
            yield logs.text(fresh, stamps) if fresh else b""

    @staticmethod
    def _chosen(request, lines):
        since, seconds, tail = request.param("sinceTime"), request.param("sinceSeconds"), request.param("tailLines")
        if seconds:
            if int(seconds) < 1:
                raise status.bad_request("sinceSeconds must be positive")
            since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - int(seconds)))
        if since:
            after = _instant(since)
            lines = [(when, line) for when, line in lines if _instant(when) >= after]
        return lines[max(0, len(lines) - int(tail)):] if tail else lines

    # Exec

    def _exec(self, request, pod):
        name = self._container(request, pod)
        if pod["status"].get("phase") in ("Succeeded", "Failed"):
            raise status.ApiError(500, "InternalError",
                                  f"cannot exec into a container in a completed pod; current phase is {pod['status']['phase']}", {})
        if request.subresource == "exec" and not request.query.get("command"):
            raise status.ApiError(400, "BadRequest", "you must specify at least 1 command for the container")
        if not any(request.param(stream) in ("true", "1") for stream in ("stdin", "stdout", "stderr")):
            raise status.bad_request("you must specify at least 1 of stdin, stdout, stderr")
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise exec_.not_a_websocket(request)
        return Upgrade(exec_.Exec(self.server, request, pod, name))

    # Eviction

    def _evict(self, request):
        if request.method != "POST":
            raise status.method_not_allowed()
        found = request.json() or {}
        with self.cluster.store.changed:
            pod = self.cluster.rest.existing(request)
            if pod["status"].get("phase") == "Running" and not is_ending(pod):
                self._ask_budgets(pod)
            if not request.is_dry_run:
                self.cluster.delete("pods", pod, **found.get("deleteOptions", {}))
        return Answer(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def _ask_budgets(self, pod):
        """Only what runs and is ready uses up a disruption."""
        budgets = [each for each in self.cluster.all("poddisruptionbudgets", pod["metadata"]["namespace"])
                   if each["spec"].get("selector") is not None
                   and selectors.matches(each["spec"]["selector"], pod["metadata"].get("labels") or {})]
        if len(budgets) > 1:
            raise status.ApiError(500, None, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
                                  "support.")
        for budget in budgets:
            state = budget.get("status", {})
            if is_ready(pod) or not 0 < state.get("desiredHealthy", 0) <= state.get("currentHealthy", 0):
                self._refuse_disruption(budget)

    @staticmethod
    def _refuse_disruption(budget):
        state = budget.get("status", {})
        if state.get("disruptionsAllowed", 0) < 1:
            message = (f"The disruption budget {budget['metadata']['name']} needs {state.get('desiredHealthy', 0)} healthy pods and has "
                       f"{state.get('currentHealthy', 0)} currently")
            raise status.ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                                  {"causes": [{"reason": "DisruptionBudget", "message": message}]})


def _instant(text):
    """Seconds and nanoseconds, to compare by."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    try:
        seconds = calendar.timegm(time.strptime(whole[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise status.bad_request(f"invalid time: {text}") from error
    return seconds, int(fraction.ljust(9, "0")[:9] or 0) if fraction.isdigit() else 0
