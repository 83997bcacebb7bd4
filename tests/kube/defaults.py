"""What the server fills in where a body says nothing."""

import base64
import hashlib


def fill(resource, found):
    """What decoding adds; in place."""
    FILLERS.get(resource.full_name, lambda found: None)(found)


def prepare(resource, found, is_modern=True):
    """What the server adds to what it stores, on nobody's behalf: identities, addresses, protections."""
    PREPARERS.get(resource.full_name, lambda found: None)(found)
    if resource.name == "namespaces" and is_modern:
        found["metadata"].setdefault("labels", {}).setdefault("kubernetes.io/metadata.name", found["metadata"]["name"])


def _set(found, **values):
    for key, value in values.items():
        found.setdefault(key, value)


def _pod_spec(spec):
    _set(spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst", securityContext={},
         schedulerName="default-scheduler")
    if "serviceAccountName" in spec:
        _set(spec, serviceAccount=spec["serviceAccountName"])
    for container in spec.get("containers", []) + spec.get("initContainers", []):
        _container(container)
    for volume in spec.get("volumes", []):
        for kind in ("configMap", "secret", "projected", "downwardAPI"):
            if kind in volume:
                _set(volume[kind], defaultMode=420)
        if "hostPath" in volume:
            _set(volume["hostPath"], type="")
        if not set(volume) - {"name"}:
            volume["emptyDir"] = {}


def _container(container):
    _set(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={})
    image = container.get("image", "").partition("@")[0]
    is_latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    _set(container, imagePullPolicy="Always" if is_latest and "@" not in container.get("image", "") else "IfNotPresent")
    for port in container.get("ports", []):
        _set(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])
    for variable in container.get("env", []):
        reference = variable.get("valueFrom", {}).get("fieldRef")
        if reference:
            _set(reference, apiVersion="v1")


def _probe(probe):
    _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        _set(probe["httpGet"], path="/", scheme="HTTP")


def _template(found):
    _set(found["spec"], template={})
    template = found["spec"]["template"]
    _set(template, metadata={})
    template["metadata"].setdefault("creationTimestamp", None)
    if "spec" in template:
        _pod_spec(template["spec"])


def _deployment(found):
    spec = found.setdefault("spec", {})
    _set(spec, replicas=1, strategy={}, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    _set(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _set(spec["strategy"], rollingUpdate={})
        _set(spec["strategy"]["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    _template(found)


def _replica_set(found):
    _set(found.setdefault("spec", {}), replicas=1)
    _template(found)


def _stateful_set(found):
    spec = found.setdefault("spec", {})
    _set(spec, replicas=1, podManagementPolicy="OrderedReady", updateStrategy={}, revisionHistoryLimit=10)
    _set(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _set(spec["updateStrategy"], rollingUpdate={})
        _set(spec["updateStrategy"]["rollingUpdate"], partition=0)
    for claim in spec.get("volumeClaimTemplates", []):
        _set(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _set(claim["spec"], volumeMode="Filesystem")
    _template(found)


def _daemon_set(found):
    found["metadata"].setdefault("annotations", {}).setdefault("deprecated.daemonset.template.generation", "1")
    spec = found.setdefault("spec", {})
    _set(spec, updateStrategy={}, revisionHistoryLimit=10)
    _set(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _set(spec["updateStrategy"], rollingUpdate={})
        _set(spec["updateStrategy"]["rollingUpdate"], maxUnavailable=1)
    _template(found)


def _job_spec(found):
    spec = found.setdefault("spec", {})
    if "completions" not in spec and "parallelism" not in spec:
        spec |= {"completions": 1, "parallelism": 1}
    _set(spec, parallelism=1, backoffLimit=6)
    _template(found)


def _job(found):
    """A job selects its pods by a label of its own."""
    spec, uid = found["spec"], found["metadata"].get("uid")
    if uid and not spec.get("manualSelector") and "selector" not in spec:
        spec["selector"] = {"matchLabels": {"controller-uid": uid}}
        labels = spec["template"]["metadata"].setdefault("labels", {})
        labels |= {"controller-uid": uid, "job-name": found["metadata"]["name"]}
        found["metadata"].setdefault("labels", dict(labels))


def _cron_job(found):
    spec = found.setdefault("spec", {})
    _set(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    inner = template.setdefault("spec", {})
    if "template" in inner:
        _template({"spec": inner})


def _pod(found):
    _pod_spec(found.setdefault("spec", {}))
    _set(found["spec"], enableServiceLinks=True)
    for container in found["spec"].get("containers", []):
        resources = container["resources"]
        if resources.get("limits"):
            resources["requests"] = resources["limits"] | resources.get("requests", {})


def _pod_admitted(found):
    _set(found["spec"], priority=0, preemptionPolicy="PreemptLowerPriority",
         tolerations=[{"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                      for name in ("not-ready", "unreachable")])


def _address(seed, prefix):
    digest = hashlib.sha256(seed.encode()).digest()
    return f"{prefix}.{digest[0]}.{digest[1] % 254 + 1}"


def _service(found):
    spec = found.setdefault("spec", {})
    _set(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports", []):
        _set(port, protocol="TCP")
        if "port" in port:
            _set(port, targetPort=port["port"])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set(spec, externalTrafficPolicy="Cluster")


def _service_addresses(found):
    spec = found["spec"]
    if spec["type"] != "ExternalName":
        _set(spec, clusterIP=_address(found["metadata"].get("uid", ""), "10.0"))
        _set(spec, clusterIPs=[spec["clusterIP"]])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        for index, port in enumerate(spec.get("ports", [])):
            _set(port, nodePort=30000 + (int(_address(found["metadata"].get("uid", ""), "0").rpartition(".")[2]) * 10 + index) % 2768)


def _secret(found):
    _set(found, type="Opaque")
    for key, value in (found.pop("stringData", None) or {}).items():
        found.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _namespace(found):
    _set(found.setdefault("status", {}), phase="Active")


def _namespace_held(found):
    _set(found.setdefault("spec", {}), finalizers=["kubernetes"])


def _claim_held(found):
    finalizers = found["metadata"].setdefault("finalizers", [])
    if "kubernetes.io/pvc-protection" not in finalizers and not found["metadata"].get("deletionTimestamp"):
        finalizers.append("kubernetes.io/pvc-protection")


def _event(found):
    _set(found, eventTime=None, firstTimestamp=None, lastTimestamp=None, reportingComponent="", reportingInstance="", source={})


def _claim(found):
    _set(found.setdefault("spec", {}), volumeMode="Filesystem")
    _set(found.setdefault("status", {}), phase="Pending")


def _binding(found):
    _set(found.get("roleRef", {}), apiGroup="rbac.authorization.k8s.io")
    for subject in found.get("subjects", []):
        if subject.get("kind") in ("User", "Group"):
            _set(subject, apiGroup="rbac.authorization.k8s.io")


def _definition(found):
    spec = found.get("spec", {})
    names = spec.get("names", {})
    if "kind" in names:
        _set(names, singular=names["kind"].lower(), listKind=names["kind"] + "List")
    _set(spec, conversion={"strategy": "None"})


FILLERS = {"deployments.apps": _deployment, "replicasets.apps": _replica_set, "statefulsets.apps": _stateful_set,
           "daemonsets.apps": _daemon_set, "jobs.batch": _job_spec, "cronjobs.batch": _cron_job, "pods": _pod, "services": _service,
           "secrets": _secret, "namespaces": _namespace, "persistentvolumeclaims": _claim,
           "rolebindings.rbac.authorization.k8s.io": _binding, "clusterrolebindings.rbac.authorization.k8s.io": _binding,
           "customresourcedefinitions.apiextensions.k8s.io": _definition}
PREPARERS = {"jobs.batch": _job, "services": _service_addresses, "namespaces": _namespace_held, "persistentvolumeclaims": _claim_held,
             "pods": _pod_admitted, "events": _event}
