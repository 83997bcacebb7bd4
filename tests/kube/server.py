"""The tests' own Kubernetes API server, and everything that a test can do to it. README.md shows how."""

import json
import shutil
import ssl
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from . import certificate, kubeconfig
from .access import Access
from .cluster import Cluster
from .connection import Listener, kept_port
from .discovery import Discovery
from .faults import Fault, Faults, Watches
from .openapi import OpenApi
from .routes import Routes, text_of


@dataclass
class Recorded:
    """One request that came in."""
    method: str
    path: str
    query: dict
    user_agent: str
    body: object
    status: int = 0                  # 0: not answered (yet)
    fault: str = ""


class KubeServer:
    """A context manager; it listens while the context lasts. State stays in memory over stop() and start_again()."""

    def __init__(self, version="v1.32.4", nodes=2, tls=True, controllers=True, token="token-of-ana", user="ana"):
        self.folder = Path(tempfile.mkdtemp(prefix="runbook-kube-"))
        self.token, self.place, self.listener = token, kept_port(), None
        self.port = self.place.getsockname()[1]
        self.cluster = Cluster(version, nodes, controllers)
        self.cluster.bookmarks = 0
        self.cluster.discovery, self.cluster.openapi = Discovery(self.cluster), OpenApi(self.cluster)
        self.access, self.faults, self.watches = Access(self.cluster, {token: user}, None if tls else user), Faults(), Watches()
        self.routes = Routes(self.cluster, self)
        self.requests, self.failures, self.commands = [], [], []
        self.certificate = self.key = None
        if tls:
            self.certificate, self.key = certificate.make(self.folder)

    def __enter__(self):
        self.start_again()
        return self

    def __exit__(self, kind, *_):
        self.stop()
        self.place.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert kind or not self.failures, f"the server itself failed: {self.failures}"

    # Life and death

    def start_again(self):
        """On the same port, with the same state."""
        context = None
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key)
        self.listener = Listener(("127.0.0.1", self.port), self, context)
        self.cluster.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Dead: open connections break, new ones are refused."""
        if self.listener:
            self.listener.end()
            self.listener = None
            self.faults.clear()
            self.cut_watches()

    @property
    def url(self):
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def renew_certificate(self):
        """Another authority, as when a cluster was made anew under its old name; takes effect with start_again()."""
        self.certificate, self.key = certificate.make(self.folder)

    def kubeconfig(self, path, context="test", token=None, **options):
        """Adds a context to a file (and makes it the current one, unless `current=False`); **options takes `namespace`, and more members
        of the cluster, such as insecure-skip-tls-verify."""
        return kubeconfig.write(path, self.url, self.certificate, token or self.token, context, **options)

    def environment(self, folder, **options):
        """For a process that is to use kubectl."""
        return kubeconfig.environment(self, folder, **options)

    # What was asked

    def record(self, request):
        """Called by the connection."""
        body = None if request.path.endswith("/exec") else text_of(request.body)
        recorded = Recorded(request.method, request.path, request.query, request.headers.get("User-Agent", ""), body)
        self.requests.append(recorded)
        return recorded

    def asked(self, method, path):
        """The requests of a method whose path contains a text."""
        return [each for each in list(self.requests) if each.method == method and path in each.path]

    def writes(self):
        """The requests that would change something."""
        return [each for each in list(self.requests) if each.method != "GET" and "selfsubject" not in each.path
                and "dryRun" not in each.query]

    # Faults

    def fail(self, status=503, next=1, path="", method="", message="", retry_after=0):
        """The next requests that match (a regular expression of the path) are refused."""
        return self.faults.add(Fault(next, method, path, status, message, retry_after))

    def break_off(self, next=1, path="", method=""):
        """They end without an answer; nothing was done."""
        return self.faults.add(Fault(next, method, path, cut=True))

    def lose_answers(self, next=1, path="", method=""):
        """They are done, and end without an answer."""
        return self.faults.add(Fault(next, method, path, lose_answer=True))

    def delay(self, next=1, path="", method=""):
        """They wait until the test opens the gate that is returned: `.set()`."""
        return self.faults.add(Fault(next, method, path, gate=threading.Event())).gate

    def mend(self):
        self.faults.clear()

    def cut_watches(self):
        """Watches and log streams whose requests have come in break off in the middle, or where they begin."""
        self.watches.cut()
        for changed in (self.cluster.store.changed, self.cluster.logs.changed):
            with changed:
                changed.notify_all()

    def forget_history(self):
        """Watches and lists that go on from an older version get 410."""
        self.cluster.store.forget()

    def bookmark(self):
        """Every watch that allows bookmarks gets one."""
        with self.cluster.store.changed:
            self.cluster.bookmarks += 1
            self.cluster.store.changed.notify_all()

    def revoke(self, token=None):
        """401 for whoever comes with it."""
        self.cluster.tokens.pop(token or self.token, None)

    def forbid(self, verb=None, resource=None, namespace=None):
        """403, and `auth can-i` says no. `resource` is a plural; None matches everything."""
        self.access.forbid(verb, resource, namespace)

    def allow(self):
        self.access.allow()

    # The cluster

    def get(self, kind, name, namespace="default"):
        """An object as it is stored; None if there is none."""
        return self.cluster.find(kind, name, namespace)

    def list(self, kind, namespace=None):
        return list(self.cluster.all(kind, namespace))

    def pods(self, prefix="", namespace="default"):
        """The names of pods."""
        return [pod["metadata"]["name"] for pod in self.cluster.all("pods", namespace) if pod["metadata"]["name"].startswith(prefix)]

    def change(self, kind, name, edit, namespace="default"):
        """Somebody else's write: edit(object) changes a copy in place."""
        with self.cluster.store.changed:
            found = json.loads(json.dumps(self.cluster.find(kind, name, namespace)))
            before = found.get("spec")
            before = json.dumps(before)
            edit(found)
            if json.dumps(found.get("spec")) != before and "generation" in found["metadata"]:
                found["metadata"]["generation"] += 1
            self.cluster.put(kind, found)

    def _settle(self):
        with self.cluster.store.changed:
            self.cluster.settle()

    def set_image_broken(self, image, why="manifest unknown: manifest unknown"):
        """Pods with it come to ImagePullBackOff."""
        self.cluster.kubelet.broken[image] = f"rpc error: code = NotFound desc = {why}"
        self._settle()

    def set_image_crashing(self, image, code=1):
        """Pods with it come to CrashLoopBackOff."""
        self.cluster.kubelet.crashing[image] = code
        self._settle()

    def set_image_unready(self, image):
        """Pods with it run and never get ready."""
        self.cluster.kubelet.unready.add(image)
        self._settle()

    def set_image_well(self, image):
        kubelet = self.cluster.kubelet
        kubelet.broken.pop(image, None)
        kubelet.crashing.pop(image, None)
        kubelet.unready.discard(image)
        self._settle()

    def hold_rollout(self):
        """Nothing happens to pods any more, until step() or release_rollout()."""
        with self.cluster.store.changed:
            self.cluster.kubelet.allowance = 0

    def step(self, count=1):
        """Lets so many actions of pods through: one got ready, one has ended. Says whether all of them were there to be done."""
        with self.cluster.store.changed:
            self.cluster.kubelet.allowance = count
            self._settle()
            left, self.cluster.kubelet.allowance = self.cluster.kubelet.allowance, 0
            return left == 0

    def release_rollout(self):
        with self.cluster.store.changed:
            self.cluster.kubelet.allowance = None
            self._settle()

    def exceed_deadline(self, name, namespace="default"):
        """As if progressDeadlineSeconds had passed for a deployment's rollout."""
        with self.cluster.store.changed:
            self.cluster.controllers.deployments.exceed_deadline(self.cluster.find("deployments", name, namespace))
            self._settle()

    def set_outcome(self, name, code):
        """How pods end that have this image, or belong to this job; None: they run until finish_pod()."""
        self.cluster.kubelet.outcomes[name] = code
        self._settle()

    def finish_pod(self, name, code=0, namespace="default"):
        self.cluster.kubelet.told[namespace, name] = code
        self._settle()

    def start_cron_job(self, name, namespace="default"):
        """As when its time has come; returns the job's name."""
        with self.cluster.store.changed:
            return self.cluster.controllers.start_cron_job(self.cluster.find("cronjobs", name, namespace))

    def hold_load_balancers(self):
        """No address for services and ingresses until release_load_balancers()."""
        self.cluster.controllers.held.add("load_balancers")

    def release_load_balancers(self):
        self.cluster.controllers.held.discard("load_balancers")
        self._settle()

    # What containers print and run

    def set_logs(self, lines, part=""):
        """What containers print first whose image or pod's name contains a part; for those that start from now on."""
        self.cluster.logs.set_first(part, lines)

    def log(self, pod, line, container=None, namespace="default"):
        """One more line, now."""
        container = container or self.cluster.find("pods", pod, namespace)["spec"]["containers"][0]["name"]
        self.cluster.logs.write(namespace, pod, container, line)

    def on_exec(self, function):
        """function(pod, container, words, stdin) answers (stdout, stderr, exit code), or None to leave it to others."""
        self.commands.insert(0, function)

    def execute(self, pod, container, words, stdin):
        """Called by the connection."""
        for function in self.commands:
            answer = function(pod["metadata"]["name"], container, words, stdin)
            if answer is not None:
                return answer
        return _program(words, stdin)


def _program(words, stdin):
    """The few programs that every container has."""
    if words[:1] == ["echo"]:
        return " ".join(words[1:]) + "\n", "", 0
    if words == ["cat"]:
        return stdin, "", 0
    if words in (["true"], ["false"]):
        return "", "", int(words == ["false"])
    name = words[0] if words else ""
    return "", f'exec: "{name}": executable file not found in $PATH\n', 127
