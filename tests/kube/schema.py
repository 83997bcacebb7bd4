"""The types of the API: definitions.json (Kubernetes' own, see README.md), and what is newer than it."""

import functools
import json
import re
from pathlib import Path

LIST_TYPE, LIST_KEYS, MAP_TYPE = "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"
MERGE_KEY, STRATEGY = "x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy"
GVK = "x-kubernetes-group-version-kind"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
OPAQUE = {"io.k8s.apimachinery.pkg.runtime.RawExtension", "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"}


def _renamed(definitions, old, new, group, version, kind):
    """Newer versions of the same types."""
    for suffix in ("", "List", "Spec", "Status"):
        name = old + suffix
        if name not in definitions:
            continue
        text = json.dumps(definitions[name]).replace(f'{old}"', f'{new}"').replace(f'{old}Spec"', f'{new}Spec"').replace(f'{old}Status"',
                                                                                                                         f'{new}Status"')
        copied = json.loads(text)
        if GVK in copied:
            copied[GVK] = [{"group": group, "version": version, "kind": kind + suffix}]
        definitions[new + suffix] = copied


def _top(group, version, kind, **properties):
    meta = {"$ref": f"#/definitions/{META}"}
    return {"type": "object", "description": f"{kind} of {group}/{version}.", GVK: [{"group": group, "version": version, "kind": kind}],
            "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": meta} | properties}


def _text(**more):
    return {"type": "string"} | more


def _slices():
    strings = {"type": "array", "items": _text(), LIST_TYPE: "set"}
    condition = {"type": "object", "properties": {each: {"type": "boolean"} for each in ("ready", "serving", "terminating")}}
    endpoint = {"type": "object", "required": ["addresses"], "properties": {
        "addresses": strings, "conditions": condition, "hostname": _text(), "nodeName": _text(), "zone": _text(),
        "targetRef": {"$ref": "#/definitions/io.k8s.api.core.v1.ObjectReference"}}}
    port = {"type": "object", "properties": {"name": _text(), "protocol": _text(), "appProtocol": _text(),
                                             "port": {"type": "integer", "format": "int32"}}}
    return _top("discovery.k8s.io", "v1", "EndpointSlice", addressType=_text(),
                endpoints={"type": "array", "items": endpoint, LIST_TYPE: "atomic"},
                ports={"type": "array", "items": port, LIST_TYPE: "atomic"}) | {"required": ["addressType", "endpoints"]}


def _list_of(name, group, version, kind):
    listed = _top(group, version, kind + "List", items={"type": "array", "items": {"$ref": f"#/definitions/{name}"}})
    listed["properties"]["metadata"] = {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"}
    return listed | {"required": ["items"]}


@functools.cache
def definitions():
    found = json.loads((Path(__file__).parent / "definitions.json").read_text())
    _renamed(found, "io.k8s.api.batch.v1beta1.CronJob", "io.k8s.api.batch.v1.CronJob", "batch", "v1", "CronJob")
    _renamed(found, "io.k8s.api.policy.v1beta1.PodDisruptionBudget", "io.k8s.api.policy.v1.PodDisruptionBudget", "policy", "v1",
             "PodDisruptionBudget")
    _renamed(found, "io.k8s.api.policy.v1beta1.Eviction", "io.k8s.api.policy.v1.Eviction", "policy", "v1", "Eviction")
    found["io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry"]["properties"]["subresource"] = _text()
    found["io.k8s.api.discovery.v1.EndpointSlice"] = _slices()
    found["io.k8s.api.discovery.v1.EndpointSliceList"] = _list_of("io.k8s.api.discovery.v1.EndpointSlice", "discovery.k8s.io", "v1",
                                                                  "EndpointSlice")
    found["io.k8s.api.authentication.v1.SelfSubjectReview"] = _top("authentication.k8s.io", "v1", "SelfSubjectReview",
                                                                   status={"type": "object"})
    return found


@functools.cache
def _by_kind():
    return {(f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"], gvk["kind"]): name
            for name, each in definitions().items() for gvk in each.get(GVK, ())}


def definition_of(api_version, kind):
    """The name of a type; "" if there is none."""
    return _by_kind().get((api_version, kind), "")


def resolved(node):
    """What a node refers to, with what stands beside the reference."""
    ref = node.get("$ref")
    if not ref:
        return node
    name = ref.rpartition("/")[2]
    found = {key: value for key, value in node.items() if key != "$ref"} | definitions()[name]
    return found | {"opaque": True} if name in OPAQUE or name.endswith((".JSON", ".JSONSchemaPropsOrArray", ".JSONSchemaPropsOrBool",
                                                                        ".JSONSchemaPropsOrStringArray")) else found


def root(resource, version=None):
    """The type of a resource's objects."""
    if resource.is_custom:
        schema = (resource.schema or {}).get(version or resource.versions[0]) or {"type": "object", "opaque": True}
        properties = dict(schema.get("properties", {}))
        properties |= {"apiVersion": _text(), "kind": _text(), "metadata": {"$ref": f"#/definitions/{META}"}}
        return schema | {"properties": properties}
    return definitions()[resource.definition]


def child(node, key):
    """The type of a member; None if there is no such member."""
    node = resolved(node)
    properties = node.get("properties")
    if properties and key in properties:
        return resolved(properties[key])
    more = node.get("additionalProperties")
    if isinstance(more, dict):
        return resolved(more)
    if more is True or node.get("opaque") or node.get("x-kubernetes-preserve-unknown-fields") or not (properties or "type" in node):
        return {"opaque": True}
    return {"opaque": True} if node.get("type") == "object" and properties is None else None


def element(node):
    return resolved(resolved(node).get("items", {"opaque": True}))


def merge_keys(node):
    """Of a list for strategic merge: its key; "" for a set; None if it is replaced."""
    if "merge" not in node.get(STRATEGY, "").split(","):
        return None
    return node.get(MERGE_KEY, "")


def list_keys(node):
    """Of a list for field managers: its keys; () for a set; None if it is atomic."""
    kind = node.get(LIST_TYPE)
    if kind == "map":
        return tuple(node[LIST_KEYS])
    if kind == "set":
        return ()
    if kind == "atomic":
        return None
    merge = merge_keys(node)
    return None if merge is None else (merge,) if merge else ()


def is_atomic_map(node):
    return node.get(MAP_TYPE) == "atomic" or node.get("opaque", False)


# Decoding

GO_TYPES = {"integer": "int64", "number": "float64", "boolean": "bool", "string": "string"}
INTEGER_OR_TEXT = ("int-or-string",)
QUANTITY = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\d+))?$")


class Decoding:
    """What is wrong with the form of a body: types (always refused) and members that the type doesn't have (as asked)."""

    def __init__(self):
        self.wrong, self.unknown = [], []

    def check(self, node, value, path="", holder=""):
        node = resolved(node)
        if value is None or node.get("opaque"):
            return
        kind = node.get("type", "object" if "properties" in node else None)
        if node.get("x-kubernetes-int-or-string") or node.get("format") in INTEGER_OR_TEXT:
            self._expect(isinstance(value, (int, str)) and not isinstance(value, bool), value, path, "intstr.IntOrString", holder)
        elif _is_quantity(node):
            self._quantity(value, path, holder)
        elif kind == "object":
            self._object(node, value, path, holder)
        elif kind == "array":
            self._array(node, value, path, holder)
        elif kind in GO_TYPES:
            go_type = node.get("format") if node.get("format", "").startswith("int") else GO_TYPES[kind]
            self._expect(_is_of(kind, value), value, path, go_type, holder)

    def _object(self, node, value, path, holder):
        if not self._expect(isinstance(value, dict), value, path, "object", holder):
            return
        for key, member in value.items():
            below = f"{path}.{key}" if path else key
            known = child(node, key)
            if known is None:
                self.unknown.append(below)
            else:
                self.check(known, member, below, holder)

    def _array(self, node, value, path, holder):
        if self._expect(isinstance(value, list), value, path, "[]object", holder):
            for index, each in enumerate(value):
                self.check(element(node), each, f"{path}[{index}]", holder)

    def _quantity(self, value, path, holder):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, str) and QUANTITY.match(value)):
            self.wrong.append("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")

    def _expect(self, holds, value, path, go_type, holder):
        if not holds:
            found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
            plain = re.sub(r"\[\d+\]", "", path)
            self.wrong.append(f"json: cannot unmarshal {found} into Go struct field {holder}.{plain} of type {go_type}")
        return holds


def _is_quantity(node):
    return node.get("description", "").startswith("Quantity is a fixed-point")


def _is_of(kind, value):
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) or isinstance(value, float) and value.is_integer()
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)


def missing(node, value, path=""):
    """The paths of required members that aren't there."""
    node = resolved(node)
    if node.get("opaque"):
        return
    if isinstance(value, dict):
        for key in node.get("required", ()):
            if value.get(key) in (None, "", []) and not (path == "" and key in ("metadata", "apiVersion", "kind")):
                yield f"{path}.{key}" if path else key
        for key, member in value.items():
            known = child(node, key)
            if known and not (path == "" and key == "status"):
                yield from missing(known, member, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from missing(element(node), each, f"{path}[{index}]")


def without_nulls(value):
    """As Go decodes: a null is nothing."""
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def pruned(node, value):
    """Without the members that the type doesn't have."""
    node = resolved(node)
    if node.get("opaque"):
        return value
    if isinstance(value, dict):
        kept = {key: (child(node, key), member) for key, member in value.items()}
        return {key: pruned(known, member) for key, (known, member) in kept.items() if known is not None}
    return [pruned(element(node), each) for each in value] if isinstance(value, list) else value
