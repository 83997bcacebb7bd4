"""The kinds that the server has, as a table."""

from dataclasses import dataclass, replace

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    group: str
    versions: tuple
    name: str
    kind: str
    namespaced: bool = True
    short: tuple = ()
    definition: str = ""             # in definitions.json, of the first version; "": a custom resource
    subresources: tuple = ("status",)
    categories: tuple = ()
    verbs: tuple = ALL_VERBS
    singular: str = ""
    schema: object = None            # of a custom resource: openAPIV3Schema by version
    keeps_unknown: bool = False

    @property
    def full_name(self):
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def key(self):
        return self.group, self.name

    @property
    def is_custom(self):
        return not self.definition

    def api_version(self, version=None):
        version = version or self.versions[0]
        return f"{self.group}/{version}" if self.group else version


def _api(folder, kind):
    return f"io.k8s.api.{folder}.{kind}"


ONLY_CREATE = ("create",)
NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")

BUILT_IN = [
    Resource("", ("v1",), "bindings", "Binding", definition=_api("core.v1", "Binding"), subresources=(), verbs=ONLY_CREATE),
    Resource("", ("v1",), "configmaps", "ConfigMap", True, ("cm",), _api("core.v1", "ConfigMap"), ()),
    Resource("", ("v1",), "endpoints", "Endpoints", True, ("ep",), _api("core.v1", "Endpoints"), ()),
    Resource("", ("v1",), "events", "Event", True, ("ev",), _api("core.v1", "Event"), ()),
    Resource("", ("v1",), "limitranges", "LimitRange", True, ("limits",), _api("core.v1", "LimitRange"), ()),
    Resource("", ("v1",), "namespaces", "Namespace", False, ("ns",), _api("core.v1", "Namespace"), ("status", "finalize"),
             verbs=NO_COLLECTION),
    Resource("", ("v1",), "nodes", "Node", False, ("no",), _api("core.v1", "Node")),
    Resource("", ("v1",), "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), _api("core.v1", "PersistentVolumeClaim")),
    Resource("", ("v1",), "persistentvolumes", "PersistentVolume", False, ("pv",), _api("core.v1", "PersistentVolume")),
    Resource("", ("v1",), "pods", "Pod", True, ("po",), _api("core.v1", "Pod"),
             ("status", "log", "exec", "attach", "portforward", "eviction", "binding", "ephemeralcontainers"), ("all",)),
    Resource("", ("v1",), "replicationcontrollers", "ReplicationController", True, ("rc",), _api("core.v1", "ReplicationController"),
             ("status", "scale"), ("all",)),
    Resource("", ("v1",), "resourcequotas", "ResourceQuota", True, ("quota",), _api("core.v1", "ResourceQuota")),
    Resource("", ("v1",), "secrets", "Secret", True, (), _api("core.v1", "Secret"), ()),
    Resource("", ("v1",), "serviceaccounts", "ServiceAccount", True, ("sa",), _api("core.v1", "ServiceAccount"), ("token",)),
    Resource("", ("v1",), "services", "Service", True, ("svc",), _api("core.v1", "Service"), ("status",), ("all",)),
    Resource("apps", ("v1",), "controllerrevisions", "ControllerRevision", True, (), _api("apps.v1", "ControllerRevision"), ()),
    Resource("apps", ("v1",), "daemonsets", "DaemonSet", True, ("ds",), _api("apps.v1", "DaemonSet"), ("status",), ("all",)),
    Resource("apps", ("v1",), "deployments", "Deployment", True, ("deploy",), _api("apps.v1", "Deployment"), ("status", "scale"), ("all",)),
    Resource("apps", ("v1",), "replicasets", "ReplicaSet", True, ("rs",), _api("apps.v1", "ReplicaSet"), ("status", "scale"), ("all",)),
    Resource("apps", ("v1",), "statefulsets", "StatefulSet", True, ("sts",), _api("apps.v1", "StatefulSet"), ("status", "scale"), ("all",)),
    Resource("batch", ("v1",), "jobs", "Job", True, (), _api("batch.v1", "Job"), ("status",), ("all",)),
    Resource("batch", ("v1", "v1beta1"), "cronjobs", "CronJob", True, ("cj",), _api("batch.v1", "CronJob"), ("status",), ("all",)),
    Resource("autoscaling", ("v1",), "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ("hpa",),
             _api("autoscaling.v1", "HorizontalPodAutoscaler"), ("status",), ("all",)),
    Resource("networking.k8s.io", ("v1",), "ingresses", "Ingress", True, ("ing",), _api("networking.v1", "Ingress")),
    Resource("networking.k8s.io", ("v1",), "ingressclasses", "IngressClass", False, (), _api("networking.v1", "IngressClass"), ()),
    Resource("networking.k8s.io", ("v1",), "networkpolicies", "NetworkPolicy", True, ("netpol",), _api("networking.v1", "NetworkPolicy"),
             ()),
    Resource("policy", ("v1", "v1beta1"), "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",),
             _api("policy.v1", "PodDisruptionBudget")),
    Resource("rbac.authorization.k8s.io", ("v1",), "clusterrolebindings", "ClusterRoleBinding", False, (),
             _api("rbac.v1", "ClusterRoleBinding"), ()),
    Resource("rbac.authorization.k8s.io", ("v1",), "clusterroles", "ClusterRole", False, (), _api("rbac.v1", "ClusterRole"), ()),
    Resource("rbac.authorization.k8s.io", ("v1",), "rolebindings", "RoleBinding", True, (), _api("rbac.v1", "RoleBinding"), ()),
    Resource("rbac.authorization.k8s.io", ("v1",), "roles", "Role", True, (), _api("rbac.v1", "Role"), ()),
    Resource("storage.k8s.io", ("v1",), "storageclasses", "StorageClass", False, ("sc",), _api("storage.v1", "StorageClass"), ()),
    Resource("scheduling.k8s.io", ("v1",), "priorityclasses", "PriorityClass", False, ("pc",), _api("scheduling.v1", "PriorityClass"), ()),
    Resource("discovery.k8s.io", ("v1",), "endpointslices", "EndpointSlice", True, (), _api("discovery.v1", "EndpointSlice"), ()),
    Resource("apiextensions.k8s.io", ("v1",), "customresourcedefinitions", "CustomResourceDefinition", False, ("crd", "crds"),
             "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition", ("status",), ("api-extensions",)),
    Resource("authorization.k8s.io", ("v1",), "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, (),
             _api("authorization.v1", "SelfSubjectAccessReview"), (), (), ONLY_CREATE),
    Resource("authorization.k8s.io", ("v1",), "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, (),
             _api("authorization.v1", "SelfSubjectRulesReview"), (), (), ONLY_CREATE),
    Resource("authentication.k8s.io", ("v1",), "selfsubjectreviews", "SelfSubjectReview", False, (),
             _api("authentication.v1", "SelfSubjectReview"), (), (), ONLY_CREATE),
]

# Kind, group and version that a subresource takes where it isn't its parent's.
SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction"), "binding": ("", "v1", "Binding"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"), "exec": ("", "v1", "PodExecOptions"),
    "attach": ("", "v1", "PodAttachOptions"), "portforward": ("", "v1", "PodPortForwardOptions"),
}
SUBRESOURCE_VERBS = {"status": ("get", "patch", "update"), "scale": ("get", "patch", "update"), "finalize": ("update",),
                     "log": ("get",), "exec": ("create", "get"), "attach": ("create", "get"), "portforward": ("create", "get"),
                     "eviction": ("create",), "binding": ("create",), "token": ("create",),
                     "ephemeralcontainers": ("get", "patch", "update")}


# Served, not stored.
METRICS = [Resource("metrics.k8s.io", ("v1beta1",), "nodes", "NodeMetrics", False, (), "", (), (), ("get", "list")),
           Resource("metrics.k8s.io", ("v1beta1",), "pods", "PodMetrics", True, (), "", (), (), ("get", "list"))]
NEWER = ("endpointslices", "selfsubjectreviews")     # than 1.20


def _older(resource):
    """As 1.20 has it."""
    if resource.name == "services":
        return replace(resource, verbs=NO_COLLECTION)
    return replace(resource, versions=("v1beta1",)) if "v1beta1" in resource.versions else resource


class Kinds:
    """The table, with the custom resources that stand in it for now."""

    def __init__(self, is_modern):
        self.all = [each if is_modern else _older(each) for each in BUILT_IN if is_modern or each.name not in NEWER] + METRICS

    def find(self, group, version, name):
        return next((each for each in self.all if each.group == group and each.name == name and version in each.versions), None)

    def of_kind(self, api_version, kind):
        group, _, version = api_version.rpartition("/")
        return next((each for each in self.all if each.group == group and version in each.versions and each.kind == kind), None)

    def named(self, name):
        """By plural, singular, short or full name."""
        return next(each for each in self.all if name in (each.name, each.kind.lower(), each.full_name, *each.short))

    def groups(self):
        """Versions by group, in the table's order."""
        found = {}
        for each in self.all:
            versions = found.setdefault(each.group, [])
            versions += [version for version in each.versions if version not in versions]
        return found

    def in_version(self, group, version):
        return [each for each in self.all if each.group == group and version in each.versions]

    def set_custom(self, resource):
        self.drop_custom(resource.group, resource.name)
        self.all.append(resource)

    def drop_custom(self, group, name):
        self.all = [each for each in self.all if not (each.is_custom and each.key == (group, name))]
