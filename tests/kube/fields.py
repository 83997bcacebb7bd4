"""Who manages which field: sets of paths, as managedFields writes them. A path is a tuple of elements: `f:name` of a member,
`k:{...}` of an element of a list by its keys, `v:...` of a set."""

import json

from . import schema

# What belongs to the server and to nobody.
STRIPPED = {("f:apiVersion",), ("f:kind",), ("f:metadata",)} | {("f:metadata", f"f:{name}") for name in (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion",
    "deletionTimestamp", "deletionGracePeriodSeconds")}


def _compact(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def element_of(node, value, keys):
    """How a list names one of its elements."""
    if not keys:
        return "v:" + _compact(value)
    found = {}
    for key in keys:
        if key in value:
            found[key] = value[key]
        elif key == "protocol":
            found[key] = "TCP"          # its default, which the real schema carries
    return "k:" + _compact(found)


def elements(node, value, keys):
    """The elements of an associative list by name."""
    return {element_of(node, each, keys): each for each in value if not keys or isinstance(each, dict)}


def paths(node, value, path=()):
    """The leaves of a value, and the elements of its lists."""
    node = schema.resolved(node)
    keys = schema.list_keys(node) if isinstance(value, list) else None
    if isinstance(value, dict) and value and not schema.is_atomic_map(node):
        for key, member in value.items():
            yield from paths(schema.child(node, key) or {"opaque": True}, member, (*path, f"f:{key}"))
    elif isinstance(value, list) and value and keys is not None:
        for name, each in elements(node, value, keys).items():
            yield (*path, name)
            if keys:
                yield from paths(schema.element(node), each, (*path, name))
    elif path and value is not None:
        yield path


def owned(node, value):
    return {path for path in paths(node, value) if path not in STRIPPED}


def values(node, value, path=()):
    """The value at each path of `paths`; an element of a list by keys has none of its own."""
    node = schema.resolved(node)
    keys = schema.list_keys(node) if isinstance(value, list) else None
    if isinstance(value, dict) and value and not schema.is_atomic_map(node):
        for key, member in value.items():
            yield from values(schema.child(node, key) or {"opaque": True}, member, (*path, f"f:{key}"))
    elif isinstance(value, list) and value and keys is not None:
        for name, each in elements(node, value, keys).items():
            yield (*path, name), None
            if keys:
                yield from values(schema.element(node), each, (*path, name))
    elif path and value is not None:
        yield path, value


def changed(node, old, new):
    """The paths that were added or have another value, and those that are gone."""
    before, after = dict(values(node, old)), dict(values(node, new))
    touched = {path for path, value in after.items() if path not in before or before[path] != value}
    return touched - STRIPPED, set(before) - set(after)


def to_json(found):
    """As fieldsV1."""
    tree = {}
    for path in sorted(found):
        place = tree
        for element in path:
            place = place.setdefault(element, {})
        if any(other[:len(path)] == path and other != path for other in found):
            place["."] = {}
    return tree


def from_json(tree, path=()):
    found = set()
    below = {key: value for key, value in tree.items() if key != "."}
    if path and ("." in tree or not below):
        found.add(path)
    for key, value in below.items():
        found |= from_json(value, (*path, key))
    return found


def words(path):
    """As a conflict names it."""
    text = ""
    for element in path:
        kind, _, name = element.partition(":")
        if kind == "f":
            text += f".{name}"
        elif kind == "k":
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in sorted(json.loads(name).items())) + "]"
        else:
            text += f"[={name}]"
    return text
