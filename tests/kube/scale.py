"""The scale subresource: how many, seen apart from what."""

import dataclasses

from . import managers, patch, schema, status
from .request import Answer


class Scale:
    def __init__(self, cluster):
        self.cluster, self.rest = cluster, cluster.rest

    def answer(self, request):
        with self.cluster.store.changed:
            found = self.cluster.store.get(request.resource.key, request.namespace, request.name)
            if not found:
                raise status.not_found(dataclasses.replace(request.resource, name=f"{request.resource.name}/scale"), request.name)
            if request.method == "GET":
                return Answer(200, _view(found))
            wanted = self._wanted(request, _view(found))
            version = wanted["metadata"].get("resourceVersion")
            if version and version != found["metadata"]["resourceVersion"]:
                raise status.conflict(request.resource, request.name)
            count = wanted.get("spec", {}).get("replicas", 0)
            if count < 0:
                error = status.wrong("spec.replicas", count, "must be greater than or equal to 0")
                raise status.ApiError(422, "Invalid", f'Scale.autoscaling "{request.name}" is invalid: {error}',
                                      {"name": request.name, "group": "autoscaling", "kind": "Scale",
                                       "causes": [{"reason": error.reason, "message": error.message, "field": error.field}]})
            return Answer(200, _view(self._scaled(request, found, count)))

    def _wanted(self, request, view):
        if request.method == "PUT":
            return request.json()
        if request.method != "PATCH":
            raise status.method_not_allowed()
        kind = request.content_type()
        change = patch.parse(request.body, kind)
        if kind == patch.JSON:
            return patch.json_patch(view, change)
        if kind == patch.MERGE:
            return patch.merge(view, change)
        if kind == patch.STRATEGIC:
            return patch.strategic(view, change, schema.definitions()["io.k8s.api.autoscaling.v1.Scale"])
        raise status.unsupported_media_type((patch.JSON, patch.MERGE, patch.STRATEGIC, patch.APPLY))

    def _scaled(self, request, found, count):
        if found["spec"].get("replicas") == count or request.is_dry_run:
            return found | {"spec": found["spec"] | {"replicas": count}}
        changed = found | {"spec": found["spec"] | {"replicas": count}}
        meta = found["metadata"] | {"generation": found["metadata"].get("generation", 1) + 1}
        meta["managedFields"] = managers.after_update(schema.root(request.resource, request.version), found, changed,
                                                      managers.manager_of(request),
                                                      request.resource.api_version(request.version),
                                                      "scale" if self.cluster.is_modern else "")
        return self.rest.save(request.resource, changed | {"metadata": meta})


def _view(found):
    meta = {key: found["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            if key in found["metadata"]}
    selector = found["spec"].get("selector", {}).get("matchLabels", {})
    state = {"replicas": found.get("status", {}).get("replicas", 0),
             "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items()))}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": {"replicas": found["spec"]["replicas"]}
            if found["spec"].get("replicas") else {}, "status": state}
