"""What stands behind the API: the store, the kinds, and controllers that bring what is towards what is wanted. They run inside the
write that gives them work, until nothing is left to do or what is left is held; no time passes by itself."""

import random

from .controllers import Controllers
from .kubelet import Kubelet
from .logs import Logs
from .managers import now
from .resources import Kinds
from .rest import SUFFIX, Rest
from .store import Store

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Cluster:
    def __init__(self, version, nodes, has_controllers=True):
        self.version, self.has_controllers = version, has_controllers
        self.minor = int(version.lstrip("v").split(".")[1])
        self.is_modern = self.minor >= 27
        self.address, self.custom_version = "", 0
        self.store, self.kinds, self.logs = Store(), Kinds(self.is_modern), Logs()
        self.chance = random.Random(11)
        self.rest = Rest(self)
        self.kubelet, self.controllers = Kubelet(self), Controllers(self)
        self.is_settling = False
        self._begin(nodes)

    def _begin(self, nodes):
        for name in NAMESPACES:
            self.make("namespaces", {"metadata": {"name": name}})
        for number in range(1, nodes + 1):
            self.make("nodes", _node(f"node-{number}", number, self.version))
        self.make("services", {"metadata": {"name": "kubernetes", "namespace": "default",
                                            "labels": {"component": "apiserver", "provider": "kubernetes"}},
                               "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"],
                                        "ports": [{"name": "https", "port": 443, "targetPort": 6443}]}})

    # For controllers and tests: objects by the plural name of their kind

    def make(self, kind, found, owner=None):
        resource = self.kinds.named(kind)
        found = {"kind": resource.kind, "apiVersion": resource.api_version()} | found
        if owner:
            found["metadata"]["ownerReferences"] = [{"apiVersion": owner["apiVersion"], "kind": owner["kind"],
                                                     "name": owner["metadata"]["name"],
                                                     "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]
        state = found.get("status")
        self.rest.born(resource, found)
        if state:
            found["status"] = state
        stored = self.store.put(resource.key, found)
        self.changed(resource)
        return stored

    def all(self, kind, namespace=None):
        return self.store.list(self.kinds.named(kind).key, namespace)

    def find(self, kind, name, namespace="default"):
        resource = self.kinds.named(kind)
        return self.store.get(resource.key, namespace if resource.namespaced else None, name)

    def put(self, kind, found):
        """Writes, if anything is different; says whether it was."""
        resource = self.kinds.named(kind)
        old = self.store.get(resource.key, found["metadata"].get("namespace"), found["metadata"]["name"])
        if old == found:
            return False
        self.store.put(resource.key, found)
        self.changed(resource)
        return True

    def set_status(self, kind, found, state):
        return self.put(kind, found | {"status": state})

    def delete(self, kind, found, **options):
        return self.rest.remove(self.kinds.named(kind), found, options)

    def owned(self, kind, owner):
        return [each for each in self.all(kind, owner["metadata"].get("namespace"))
                if any(ref["uid"] == owner["metadata"]["uid"] for ref in each["metadata"].get("ownerReferences", []))]

    def suffix(self, length=5):
        return "".join(self.chance.choice(SUFFIX) for _ in range(length))

    def event(self, about, reason, message, kind="Normal", component="kubelet", path=""):
        """Said once; again it counts."""
        meta = about["metadata"]
        space = meta.get("namespace", "default")
        for each in self.all("events", space):
            if each["involvedObject"].get("uid") == meta["uid"] and (each["reason"], each["message"]) == (reason, message):
                return self.put("events", each | {"count": each["count"] + 1, "lastTimestamp": now()})
        involved = {"kind": about["kind"], "namespace": space, "name": meta["name"], "uid": meta["uid"], "apiVersion": about["apiVersion"],
                    "resourceVersion": meta.get("resourceVersion", "")} | ({"fieldPath": path} if path else {})
        name = f"{meta['name']}.{self.chance.getrandbits(64):016x}"
        self.make("events", {"metadata": {"name": name, "namespace": space}, "involvedObject": involved, "reason": reason,
                             "message": message,
                             "source": {"component": component}, "firstTimestamp": now(), "lastTimestamp": now(), "count": 1, "type": kind,
                             "eventTime": None, "reportingComponent": component, "reportingInstance": ""})
        return True

    # Progress

    def changed(self, resource):
        if resource.name != "events":
            self.settle()

    def removed(self, resource, found):
        self.controllers.orphaned(resource, found)
        self.changed(resource)

    def settle(self):
        """Until nothing changes any more."""
        with self.store.changed:
            if self.is_settling or not self.has_controllers:
                return
            self.is_settling = True
            try:
                for _ in range(500):
                    before = self.store.revision
                    self.controllers.turn()
                    self.kubelet.turn()
                    if self.store.revision == before:
                        return
                raise RuntimeError("the controllers come to no end")
            finally:
                self.is_settling = False


def _node(name, number, version):
    resources = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
                   "lastHeartbeatTime": now(), "lastTransitionTime": now()}]
    info = {"kubeletVersion": version, "kubeProxyVersion": version, "osImage": "Debian GNU/Linux 12 (bookworm)", "architecture": "amd64",
            "operatingSystem": "linux", "containerRuntimeVersion": "containerd://1.6.20", "kernelVersion": "6.1.0", "bootID": "",
            "machineID": "",
            "systemUUID": ""}
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}}, "spec": {},
            "status": {"capacity": resources, "allocatable": resources, "conditions": conditions, "nodeInfo": info,
                       "addresses": [{"type": "InternalIP", "address": f"10.1.0.{number}"}, {"type": "Hostname", "address": name}]}}
