"""metrics.k8s.io, for `kubectl top`: invented, and always the same."""

from .managers import now
from .request import Answer

CPU, MEMORY = "12m", "34Mi"


def answer(cluster, request):
    kind = "pods" if request.resource.kind == "PodMetrics" else "nodes"
    found = [each for each in cluster.all(kind, request.namespace if kind == "pods" else None) if not request.name
             or each["metadata"]["name"] == request.name]
    holds = cluster.rest.selected(request)
    items = [_of(request.resource.kind, each) for each in found if holds(each)]
    if request.name:
        return Answer(200, items[0]) if items else None
    return Answer(200, {"kind": f"{request.resource.kind}List", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items})


def _of(kind, found):
    meta = {key: found["metadata"][key] for key in ("name", "namespace", "creationTimestamp") if key in found["metadata"]}
    usage = {"cpu": CPU, "memory": MEMORY}
    body = {"containers": [{"name": each["name"], "usage": usage}
                           for each in found["spec"]["containers"]]} if kind == "PodMetrics" else {"usage": usage}
    return {"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": meta, "timestamp": now(), "window": "30s"} | body
