"""The description of the API: version 2 as JSON and as the protobuf that kubectl asks for, version 3 by group and version."""

import hashlib
import json

from . import schema
from .patch import APPLY, JSON, MERGE, STRATEGIC

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def _path(resource, version, is_named):
    start = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
    space = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"{start}{space}/{resource.name}" + ("/{name}" if is_named else "")


def _query(name, kind="string"):
    return {"name": name, "in": "query", "type": kind, "uniqueItems": True}


class OpenApi:
    def __init__(self, cluster):
        self.cluster = cluster
        self.cache = {}

    def _cached(self, name, make):
        key = name, len(self.cluster.kinds.all), self.cluster.custom_version
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    # Version 2

    def v2(self):
        return self._cached("v2", self._v2)

    def v2_protobuf(self):
        return self._cached("pb", lambda: _document(self.v2()))

    def _v2(self):
        paths, found = {}, dict(schema.definitions())
        for resource in self.cluster.kinds.all:
            for version in resource.versions:
                paths |= self._paths(resource, version)
                if resource.is_custom:
                    found[f"{resource.group}.{version}.{resource.kind}"] = self._custom(resource, version)
        return {"swagger": "2.0", "info": {"title": "Kubernetes", "version": self.cluster.version}, "paths": paths, "definitions": found}

    def _custom(self, resource, version):
        return schema.root(resource, version) | {schema.GVK: [{"group": resource.group, "version": version, "kind": resource.kind}]}

    def _kinds(self, resource):
        return [JSON, MERGE] + ([] if resource.is_custom else [STRATEGIC]) + [APPLY]

    def _queries(self, is_write):
        names = ["dryRun", "fieldManager"] + (["fieldValidation"] if self.cluster.is_modern else [])
        return [_query(name) for name in names] if is_write else []

    def _operation(self, resource, version, action, is_write):
        gvk = {"group": resource.group, "version": version, "kind": resource.kind}
        return {"description": f"{action} {resource.kind}", "parameters": self._queries(is_write),
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": action, schema.GVK: gvk}

    def _paths(self, resource, version):
        if "get" not in resource.verbs:
            return {_path(resource, version, False): {"post": self._operation(resource, version, "post", True)}}
        patch = self._operation(resource, version, "patch", True) | {"consumes": self._kinds(resource)}
        return {_path(resource, version, False): {"get": self._operation(resource, version, "list", False),
                                                  "post": self._operation(resource, version, "post", True)},
                _path(resource, version, True): {"get": self._operation(resource, version, "get", False), "patch": patch,
                                                 "put": self._operation(resource, version, "put", True),
                                                 "delete": self._operation(resource, version, "delete", False)}}

    # Version 3

    def v3_index(self, groups):
        paths = {}
        for group, versions in groups.items():
            for version in versions:
                name = f"apis/{group}/{version}" if group else f"api/{version}"
                digest = hashlib.sha256(json.dumps(self.v3(group, version)).encode()).hexdigest().upper()
                paths[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
        return {"paths": paths}

    def v3(self, group, version):
        return self._cached(f"v3 {group} {version}", lambda: self._v3(group, version))

    def _v3(self, group, version):
        paths, wanted = {}, {"io.k8s.apimachinery.pkg.apis.meta.v1.Status", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"}
        found = {}
        for resource in self.cluster.kinds.in_version(group, version):
            for path, item in self._paths(resource, version).items():
                paths[path] = {verb: self._v3_operation(resource, operation) for verb, operation in item.items()}
            if resource.is_custom:
                found[f"{resource.group}.{version}.{resource.kind}"] = self._custom(resource, version)
        wanted |= {name for name, each in schema.definitions().items()
                   if any(gvk["group"] == group and gvk["version"] == version for gvk in each.get(schema.GVK, ()))}
        found |= {name: schema.definitions()[name] for name in _closure(wanted, json.dumps(found))}
        text = json.dumps({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": self.cluster.version}, "paths": paths,
                           "components": {"schemas": found}})
        return json.loads(text.replace("#/definitions/", "#/components/schemas/"))

    def _v3_operation(self, resource, operation):
        parameters = [{"name": each["name"], "in": "query", "schema": {"type": "string", "uniqueItems": True}}
                      for each in operation["parameters"]]
        found = {key: value for key, value in operation.items() if key != "consumes"} | {"parameters": parameters}
        if "consumes" in operation:
            body = {"schema": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch"}}
            found["requestBody"] = {"content": {kind: body for kind in operation["consumes"]}, "required": True}
        return found


def _closure(names, text=""):
    """With everything that they refer to."""
    seen, waiting = set(), list(names) + _references(text)
    while waiting:
        name = waiting.pop()
        if name not in seen and name in schema.definitions():
            seen.add(name)
            waiting += _references(json.dumps(schema.definitions()[name]))
    return sorted(seen | {"io.k8s.apimachinery.pkg.apis.meta.v1.Patch"} & schema.definitions().keys())


def _references(text):
    return [part.partition('"')[0] for part in text.split("#/definitions/")[1:]]


# The protobuf of gnostic's OpenAPIv2.proto, as far as clients read it: numbers are its fields'

def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes(field, data):
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _bool(field, value):
    return _varint(field << 3) + _varint(int(value))


def _named(field, name, value):
    return _bytes(field, _bytes(1, name) + _bytes(2, value))


def _extensions(field, found):
    """NamedAny with YAML; JSON is YAML."""
    return b"".join(_named(field, key, _bytes(2, json.dumps(value) + "\n")) for key, value in sorted(found.items()) if key.startswith("x-"))


TEXTS = {"$ref": 1, "format": 2, "title": 3, "description": 4}


def _schema(node):
    out = b"".join(_bytes(number, node[key]) for key, number in TEXTS.items() if key in node)
    out += b"".join(_bytes(19, name) for name in node.get("required", ()))
    more = node.get("additionalProperties")
    if more is not None:
        out += _bytes(21, _bool(2, more) if isinstance(more, bool) else _bytes(1, _schema(more)))
    if "type" in node:
        out += _bytes(22, _bytes(1, node["type"]))
    if "items" in node:
        out += _bytes(23, _bytes(1, _schema(node["items"])))
    if "properties" in node:
        out += _bytes(25, b"".join(_named(1, name, _schema(each)) for name, each in sorted(node["properties"].items())))
    return out + _extensions(31, node)


def _parameter(each):
    query = _bytes(2, each["in"]) + _bytes(4, each["name"]) + _bytes(6, each["type"]) + _bool(20, True)
    return _bytes(1, _bytes(2, _bytes(3, query)))


def _operation(found):
    out = _bytes(3, found["description"])
    out += b"".join(_bytes(7, kind) for kind in found.get("consumes", ()))
    out += b"".join(_bytes(8, _parameter(each)) for each in found["parameters"])
    out += _bytes(9, b"".join(_named(1, code, _bytes(1, _bytes(1, each["description"]))) for code, each in found["responses"].items()))
    return out + _extensions(13, found)


OPERATIONS = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}


def _document(found):
    info = _bytes(1, found["info"]["title"]) + _bytes(2, found["info"]["version"])
    paths = b"".join(_named(2, path, b"".join(_bytes(OPERATIONS[verb], _operation(each)) for verb, each in item.items()))
                     for path, item in sorted(found["paths"].items()))
    types = b"".join(_named(1, name, _schema(each)) for name, each in sorted(found["definitions"].items()))
    return _bytes(1, found["swagger"]) + _bytes(2, info) + _bytes(8, paths) + _bytes(9, types)
