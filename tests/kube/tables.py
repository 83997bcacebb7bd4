"""Tables, as `kubectl get` asks for them (application/json;as=Table)."""

import calendar
import time


def age(found):
    return duration_since(found["metadata"].get("creationTimestamp"))


def duration_since(stamp):
    if not stamp:
        return "<unknown>"
    seconds = max(0, int(time.time() - calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))))
    return duration(seconds)


def duration(seconds):
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    return f"{days}d" + (f"{hours % 24}h" if days < 8 and hours % 24 else "")


def _spec(path, default=""):
    def look(found):
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return default if found is None else found
    return look


def _template(found):
    """The pod of a workload, or the pod itself."""
    spec = found["spec"]
    return spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec.get("template", found)


def _containers(what):
    def look(found):
        spec = _template(found)["spec"]
        return ",".join(container.get(what, "") for container in spec["containers"])
    return look


def _selector(found):
    selector = found["spec"].get("selector") or {}
    labels = selector.get("matchLabels", {}) if "matchLabels" in selector or "matchExpressions" in selector else selector
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def pod_status(found):
    """As `kubectl get pods` says it."""
    state = found.get("status", {})
    reason = state.get("reason") or state.get("phase", "Unknown")
    for each in state.get("containerStatuses", []):
        waiting, ended = each.get("state", {}).get("waiting", {}), each.get("state", {}).get("terminated", {})
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended:
            reason = ended.get("reason") or f"ExitCode:{ended.get('exitCode')}"
    return "Terminating" if found["metadata"].get("deletionTimestamp") else reason


def _ready(found):
    statuses = found.get("status", {}).get("containerStatuses", [])
    return f"{sum(bool(each.get('ready')) for each in statuses)}/{len(found['spec']['containers'])}"


def _restarts(found):
    count = sum(each.get("restartCount", 0) for each in found.get("status", {}).get("containerStatuses", []))
    return count


def _replicas(found):
    return f"{found['status'].get('readyReplicas', 0)}/{found['spec'].get('replicas', 1)}"


def _external(found):
    spec = found["spec"]
    if spec["type"] == "LoadBalancer":
        given = [each.get("ip") or each.get("hostname", "") for each in found.get("status", {}).get("loadBalancer", {}).get("ingress", [])]
        return ",".join(given) or "<pending>"
    return spec.get("externalName") or ",".join(spec.get("externalIPs", [])) or "<none>"


def _ports(found):
    return ",".join(f"{port['port']}" + (f":{port['nodePort']}" if port.get("nodePort") else "") + f"/{port['protocol']}"
                    for port in found["spec"].get("ports", [])) or "<none>"


def _hosts(found):
    return ",".join(rule["host"] for rule in found["spec"].get("rules", []) if rule.get("host")) or "*"


def _given(found):
    return ",".join(each.get("ip") or each.get("hostname", "")
                    for each in found.get("status", {}).get("loadBalancer", {}).get("ingress", []))


def _completions(found):
    return f"{found['status'].get('succeeded', 0)}/{found['spec'].get('completions', 1)}"


def _job_duration(found):
    start, end = found["status"].get("startTime"), found["status"].get("completionTime")
    if not start:
        return ""
    seconds = [calendar.timegm(time.strptime(each, "%Y-%m-%dT%H:%M:%SZ")) for each in (start, end) if each]
    return duration(seconds[1] - seconds[0]) if end else duration_since(start)


def _roles(found):
    roles = [key.partition("/")[2] for key in found["metadata"].get("labels", {}) if key.startswith("node-role.kubernetes.io/")]
    return ",".join(sorted(roles)) or "<none>"


def _node_status(found):
    words = [each["type"] if each["status"] == "True" else "Not" + each["type"]
             for each in found["status"].get("conditions", []) if each["type"] == "Ready"] or ["Unknown"]
    return ",".join(words + (["SchedulingDisabled"] if found.get("spec", {}).get("unschedulable") else []))


def _address(kind):
    return lambda found: next((each["address"] for each in found["status"].get("addresses", []) if each["type"] == kind), "<none>")


def _last_seen(found):
    return duration_since(found.get("lastTimestamp") or found["metadata"].get("creationTimestamp"))


def _object(found):
    about = found["involvedObject"]
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _role(found):
    return f"{found['roleRef']['kind']}/{found['roleRef']['name']}"


def _subjects(kind):
    return lambda found: ", ".join((f"{each['namespace']}/" if each.get("namespace") else "") + each["name"]
                                   for each in found.get("subjects", []) if each["kind"] == kind)


def _last_schedule(found):
    last = found.get("status", {}).get("lastScheduleTime")
    return duration_since(last) if last else "<none>"


def _endpoints(found):
    pairs = [f"{address['ip']}:{port['port']}" for subset in found.get("subsets", []) for address in subset.get("addresses", [])
             for port in subset.get("ports", [])]
    return ",".join(pairs[:3]) + (f" + {len(pairs) - 3} more..." if len(pairs) > 3 else "") or "<none>"


def _count(found):
    return len(found.get("data") or {}) + len(found.get("binaryData") or {})


NAME, AGE = ("Name", lambda found: found["metadata"]["name"]), ("Age", age)
CONTAINERS = [("Containers", _containers("name"), 1), ("Images", _containers("image"), 1)]
SUBJECTS = [("Users", _subjects("User"), 1), ("Groups", _subjects("Group"), 1), ("ServiceAccounts", _subjects("ServiceAccount"), 1)]
SELECTING = [*CONTAINERS, ("Selector", _selector, 1)]

COLUMNS = {
    "pods": [NAME, ("Ready", _ready), ("Status", pod_status), ("Restarts", _restarts), AGE, ("IP", _spec("status.podIP", "<none>"), 1),
             ("Node", _spec("spec.nodeName", "<none>"), 1), ("Nominated Node", _spec("status.nominatedNodeName", "<none>"), 1),
             ("Readiness Gates", lambda found: "<none>", 1)],
    "deployments": [NAME, ("Ready", _replicas), ("Up-to-date", _spec("status.updatedReplicas", 0)),
                    ("Available", _spec("status.availableReplicas", 0)), AGE, *SELECTING],
    "replicasets": [NAME, ("Desired", _spec("spec.replicas", 1)), ("Current", _spec("status.replicas", 0)),
                    ("Ready", _spec("status.readyReplicas", 0)), AGE, *SELECTING],
    "statefulsets": [NAME, ("Ready", _replicas), AGE, *CONTAINERS],
    "daemonsets": [NAME, ("Desired", _spec("status.desiredNumberScheduled", 0)), ("Current", _spec("status.currentNumberScheduled", 0)),
                   ("Ready", _spec("status.numberReady", 0)), ("Up-to-date", _spec("status.updatedNumberScheduled", 0)),
                   ("Available", _spec("status.numberAvailable", 0)), ("Node Selector", lambda found: "<none>"), AGE, *SELECTING],
    "services": [NAME, ("Type", _spec("spec.type")), ("Cluster-IP", _spec("spec.clusterIP", "<none>")), ("External-IP", _external),
                 ("Port(s)", _ports), AGE, ("Selector", _selector, 1)],
    "ingresses": [NAME, ("Class", _spec("spec.ingressClassName", "<none>")), ("Hosts", _hosts), ("Address", _given),
                  ("Ports", lambda found: "80, 443" if found["spec"].get("tls") else "80"), AGE],
    "namespaces": [NAME, ("Status", _spec("status.phase")), AGE],
    "nodes": [NAME, ("Status", _node_status), ("Roles", _roles), AGE, ("Version", _spec("status.nodeInfo.kubeletVersion")),
              ("Internal-IP", _address("InternalIP"), 1), ("External-IP", _address("ExternalIP"), 1),
              ("OS-Image", _spec("status.nodeInfo.osImage", "<unknown>"), 1),
              ("Kernel-Version", _spec("status.nodeInfo.kernelVersion", "<unknown>"), 1),
              ("Container-Runtime", _spec("status.nodeInfo.containerRuntimeVersion", "<unknown>"), 1)],
    "configmaps": [NAME, ("Data", _count), AGE],
    "secrets": [NAME, ("Type", _spec("type")), ("Data", _count), AGE],
    "serviceaccounts": [NAME, ("Secrets", lambda found: len(found.get("secrets", []))), AGE],
    "jobs": [NAME, ("Completions", _completions), ("Duration", _job_duration), AGE, *SELECTING],
    "cronjobs": [NAME, ("Schedule", _spec("spec.schedule")), ("Suspend", lambda found: "True" if found["spec"].get("suspend") else "False"),
                 ("Active", lambda found: len(found["status"].get("active", []))),
                 ("Last Schedule", _last_schedule), AGE, *SELECTING],
    "events": [("Last Seen", _last_seen), ("Type", _spec("type")), ("Reason", _spec("reason")), ("Object", _object),
               ("Subobject", _spec("involvedObject.fieldPath"), 1), ("Source", _spec("source.component"), 1), ("Message", _spec("message")),
               ("First Seen", _last_seen, 1), ("Count", _spec("count", 1), 1), ("Name", lambda found: found["metadata"]["name"], 1)],
    "endpoints": [NAME, ("Endpoints", _endpoints), AGE],
    "persistentvolumeclaims": [NAME, ("Status", _spec("status.phase")), ("Volume", _spec("spec.volumeName")),
                               ("Capacity", _spec("status.capacity.storage")),
                               ("Access Modes", lambda found: ",".join(found["spec"].get("accessModes", []))),
                               ("StorageClass", _spec("spec.storageClassName")), AGE, ("VolumeMode", _spec("spec.volumeMode"), 1)],
    "roles": [NAME, ("Created At", _spec("metadata.creationTimestamp"))],
           "clusterroles": [NAME, ("Created At", _spec("metadata.creationTimestamp"))],
    "rolebindings": [NAME, ("Role", _role), AGE, *SUBJECTS], "clusterrolebindings": [NAME, ("Role", _role), AGE, *SUBJECTS],
    "poddisruptionbudgets": [NAME, ("Min Available", _spec("spec.minAvailable", "N/A")),
                             ("Max Unavailable", _spec("spec.maxUnavailable", "N/A")),
                             ("Allowed Disruptions", _spec("status.disruptionsAllowed", 0)), AGE],
    "customresourcedefinitions": [NAME, ("Created At", _spec("metadata.creationTimestamp"))],
    "controllerrevisions": [NAME, ("Controller", lambda found: ",".join(f"{each['kind'].lower()}.apps/{each['name']}"
                                                                        for each in found["metadata"].get("ownerReferences", []))),
                            ("Revision", _spec("revision")), AGE],
}
PLAIN = [NAME, ("Created At", _spec("metadata.creationTimestamp"))]
TYPES = {"integer": {"pods Restarts", "replicasets Desired", "replicasets Current", "replicasets Ready", "daemonsets Desired",
                     "daemonsets Current",
                     "daemonsets Ready", "daemonsets Up-to-date", "daemonsets Available", "cronjobs Active",
                     "poddisruptionbudgets Allowed Disruptions"},
         "boolean": {"cronjobs Suspend"}, "date": {"roles Created At", "clusterroles Created At"}}


def table(request, objects, meta, version):
    resource = request.resource
    columns = COLUMNS.get(resource.name) if not resource.is_custom else [NAME, AGE]
    included = request.param("includeObject", "Metadata") or "Metadata"
    rows = [{"cells": [column[1](found) for column in columns or PLAIN]} | _object_of(request, found, included, version)
            for found in objects]
    definitions = [{"name": column[0], "type": _type(resource, column[0]), "format": "name" if column[0] == "Name" else "",
                    "description": f"{column[0]} of the object.", "priority": column[2] if len(column) > 2 else 0} for column in columns
                   or PLAIN]
    return {"kind": "Table", "apiVersion": f"meta.k8s.io/{version}", "metadata": meta, "columnDefinitions": definitions, "rows": rows}


def _type(resource, column):
    return next((kind for kind, columns in TYPES.items() if f"{resource.name} {column}" in columns), "string")


def _object_of(request, found, included, version):
    if included == "None":
        return {"object": None}
    if included == "Object":
        return {"object": found | {"kind": request.resource.kind, "apiVersion": request.resource.api_version(request.version)}}
    return {"object": partial(found, version)}


def partial(found, version):
    return {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}", "metadata": found["metadata"]}
