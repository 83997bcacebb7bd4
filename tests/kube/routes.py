"""From a path to what answers it."""

import json

from . import metrics, reviews, status
from .discovery import AGGREGATED, asked_aggregated
from .openapi import PROTOBUF
from .pods import Pods
from .request import Answer, Stream
from .scale import Scale
from .tables import partial, table
from .watch import Watch

VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Routes:
    def __init__(self, cluster, server):
        self.cluster, self.server, self.rest = cluster, server, cluster.rest
        self.pods, self.scale = Pods(cluster, server), Scale(cluster)

    def answer(self, request):
        parts = [part for part in request.path.split("/") if part]
        if parts[:1] == ["api"] and len(parts) > 2 and parts[1] == "v1":
            return self._resource(request, "", "v1", parts[2:])
        if parts[:1] == ["apis"] and len(parts) > 3:
            return self._resource(request, parts[1], parts[2], parts[3:])
        if request.method not in ("GET", "HEAD"):
            raise status.method_not_allowed() if self._is_known(parts) else status.PageNotFound
        return self._document(request, parts)

    def _is_known(self, parts):
        return parts[:1] in (["api"], ["apis"], ["version"], ["openapi"])

    # Documents

    def _document(self, request, parts):
        discovery, accept = self.cluster.discovery, request.headers.get("Accept", "")
        aggregated = asked_aggregated(accept) if self.cluster.is_modern else None
        if parts in (["api"], ["apis"]) and aggregated:
            return Answer(200, discovery.aggregated(parts == ["api"], aggregated), {}, AGGREGATED.format(version=aggregated))
        if parts == ["api"]:
            return Answer(200, discovery.versions())
        if parts == ["apis"]:
            return Answer(200, discovery.group_list())
        if parts[:1] == ["api"] and len(parts) == 2:
            return Answer(200, discovery.resources("", parts[1]))
        if parts[:1] == ["apis"]:
            return Answer(200, discovery.group(parts[1]) if len(parts) == 2 else discovery.resources(parts[1], parts[2]))
        if parts == ["version"]:
            return Answer(200, _version(self.cluster.version))
        if parts in (["healthz"], ["livez"], ["readyz"]):
            return Answer(200, "ok", {}, "text/plain; charset=utf-8")
        return self._openapi(parts, accept)

    def _openapi(self, parts, accept):
        openapi = self.cluster.openapi
        if parts == ["openapi", "v2"]:
            if PROTOBUF in accept or "v2.v1+protobuf" in accept or "v2@v1.0+protobuf" in accept:
                return Answer(200, openapi.v2_protobuf(), {}, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            return Answer(200, openapi.v2())
        if parts[:2] == ["openapi", "v3"] and self.cluster.is_modern:
            groups = self.cluster.discovery.groups()
            if len(parts) == 2:
                return Answer(200, openapi.v3_index(groups))
            group, version = ("", parts[3]) if parts[2] == "api" else (parts[3], parts[4]) if len(parts) == 5 else (None, None)
            if version in groups.get(group, ()):
                return Answer(200, openapi.v3(group, version))
        raise status.PageNotFound

    # Resources

    def _resource(self, request, group, version, parts):
        if version not in self.cluster.discovery.groups().get(group, ()):
            raise status.PageNotFound
        self._locate(request, parts)
        request.version, request.resource = version, self.cluster.kinds.find(group, version, request.resource)
        if not request.resource or len(parts) > 5 or request.namespace and not request.resource.namespaced:
            raise status.no_such_resource()
        if request.subresource and request.subresource not in request.resource.subresources:
            raise status.no_such_resource()
        self.server.access.check(request, self._verb(request))
        if request.subresource and request.subresource not in ("status", "finalize"):
            return self._below(request)
        return self._verbs(request)

    @staticmethod
    def _locate(request, parts):
        """Namespace, resource, name and subresource."""
        if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in ("status", "finalize"):
            request.namespace, parts = parts[1], parts[2:]
        request.resource, *more = parts
        request.name = more[0] if more else None
        request.subresource = "/".join(more[1:]) or None

    @staticmethod
    def _verb(request):
        """As permissions name it."""
        if request.method == "GET" and not request.name:
            return "watch" if request.param("watch") in ("true", "1") else "list"
        return "deletecollection" if request.method == "DELETE" and not request.name else VERBS.get(request.method, request.method.lower())

    def _below(self, request):
        name = request.subresource
        if name == "scale":
            return self.scale.answer(request)
        if name == "token":
            return reviews.token(self.cluster, request)
        return self.pods.answer(request)

    def _verbs(self, request):
        resource, verb = request.resource, self._verb(request)
        if verb not in resource.verbs:
            raise status.method_not_allowed()
        if resource.group == "metrics.k8s.io":
            return self._metrics(request)
        if resource.verbs == ("create",):
            return reviews.answer(self.server, request)
        if bool(request.name) != (verb in ("get", "update", "patch",
                                           "delete")) or resource.namespaced and not request.namespace and verb not in (
                "list", "watch"):
            raise status.method_not_allowed()
        return getattr(self, f"_{verb}")(request)

    def _metrics(self, request):
        answer = metrics.answer(self.cluster, request)
        if not answer:
            raise status.not_found(request.resource, request.name)
        return answer

    def _get(self, request):
        form, version = request.accepted()
        found = self.rest.existing(request)
        if form == "Table":
            return Answer(200, table(request, [found], {"resourceVersion": found["metadata"]["resourceVersion"]}, version))
        return Answer(200, partial(found, version)) if form == "PartialObjectMetadata" else self.rest.get(request)

    def _list(self, request):
        form, version = request.accepted()
        found, meta = self.rest.list(request)
        if form == "Table":
            return Answer(200, table(request, found, meta, version))
        if form:
            return Answer(200, {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{version}", "metadata": meta,
                                "items": [partial(each, version) for each in found]})
        return self._listed(request, found, meta)

    @staticmethod
    def _listed(request, found, meta):
        keeps = request.resource.is_custom
        items = [each if keeps else {key: value for key, value in each.items() if key not in ("kind", "apiVersion")} for each in found]
        return Answer(200, {"kind": f"{request.resource.kind}List", "apiVersion": request.resource.api_version(request.version),
                            "metadata": meta, "items": items})

    def _watch(self, request):
        return Stream(Watch(self.cluster, request).chunks())

    def _create(self, request):
        return self.rest.create(request)

    def _update(self, request):
        if request.subresource == "finalize":
            return self.rest.get(request)
        return self.rest.update(request)

    def _patch(self, request):
        return self.rest.patch(request)

    def _delete(self, request):
        return self.rest.delete(request)

    def _deletecollection(self, request):
        return self._listed(request, *self.rest.delete_collection(request))


def _version(version):
    major, minor = version.lstrip("v").split(".")[:2]
    return {"major": major, "minor": minor, "gitVersion": version, "gitCommit": "0" * 40, "gitTreeState": "clean",
            "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.19", "compiler": "gc", "platform": "linux/amd64"}


def text_of(body):
    """A body for the record of requests."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
