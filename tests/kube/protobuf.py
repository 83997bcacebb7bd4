"""Bodies in protobuf, which typed clients send (kubectl 1.32 in `create`, `auth can-i` and others). protobuf.json says, by the numbers of
Kubernetes' generated.proto, what a field is: its name, and `[]` a list, `{}` a map,
`*` a pointer, whose zero is a value, `&` embedded."""

import base64
import functools
import json
import struct
import time
from pathlib import Path

MAGIC = b"k8s\x00"
META = "io.k8s.apimachinery.pkg."
NEWER = {"io.k8s.api.batch.v1.CronJob": "io.k8s.api.batch.v1beta1.CronJob",
         "io.k8s.api.policy.v1.Eviction": "io.k8s.api.policy.v1beta1.Eviction",
         "io.k8s.api.policy.v1.PodDisruptionBudget": "io.k8s.api.policy.v1beta1.PodDisruptionBudget"}


@functools.cache
def _messages():
    return json.loads((Path(__file__).parent / "protobuf.json").read_text())


def _varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        place, value, shift = place + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, place


def _fields(data):
    """Number and value (a number, or bytes) of each field."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = _varint(data, place)
        elif kind == 2:
            size, place = _varint(data, place)
            value, place = data[place:place + size], place + size
        else:
            size = 8 if kind == 1 else 4
            value, place = data[place:place + size], place + size
        yield number, value


def decode(data, definition_of):
    """The object in an envelope; definition_of(apiVersion, kind) names its type. ValueError where it is none."""
    if not data.startswith(MAGIC):
        raise ValueError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(_fields(data[len(MAGIC):]))
    head = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
    api_version, kind = head.get(1, ""), head.get(2, "")
    name = definition_of(api_version, kind)
    return {"apiVersion": api_version, "kind": kind} | _message(NEWER.get(name, name), envelope.get(2, b""))


def _message(name, data):
    known, found = _messages().get(name, {}), {}
    for number, value in _fields(data):
        if str(number) in known:
            key, _, kind = known[str(number)].partition(" ")
            _put(found, key, kind, value)
    return found


def _put(found, key, kind, value):
    if kind.startswith("&"):
        found.update(_message(kind[1:], value))
    elif kind.startswith("[]"):
        found.setdefault(key, []).append(_value(kind[2:], value))
    elif kind.startswith("{}"):
        entry = dict(_fields(value))
        found.setdefault(key, {})[entry.get(1, b"").decode()] = _value(kind[2:], entry.get(2, b""))
    else:
        made = _value(kind.lstrip("*"), value)
        if kind.startswith("*") or made not in ("", 0, False, None, {}):
            found[key] = made


def _value(kind, value):
    if kind == "string":
        return value.decode()
    if kind == "bool":
        return bool(value)
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind in ("int32", "int64"):
        return value - (1 << 64) if value >= 1 << 63 else value
    if kind == "double":
        return struct.unpack("<d", value)[0]
    return _special(kind, value)


def _special(kind, value):
    entry = dict(_fields(value))
    if kind == META + "api.resource.Quantity":
        return entry.get(1, b"0").decode()
    if kind == META + "util.intstr.IntOrString":
        return entry.get(3, b"").decode() if entry.get(1) else _value("int32", entry.get(2, 0))
    if kind in (META + "apis.meta.v1.Time", META + "apis.meta.v1.MicroTime"):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_value("int64", entry[1]))) if entry.get(1) else None
    if kind in (META + "runtime.RawExtension", META + "apis.meta.v1.FieldsV1"):
        return json.loads(entry.get(1) or b"null")
    return _message(kind, value)
