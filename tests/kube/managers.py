"""managedFields: what a write makes of them, and server-side apply."""

import copy
import time

from . import fields, schema
from .status import apply_conflict


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def manager_of(request):
    """fieldManager, or what the User-Agent begins with."""
    return request.param("fieldManager") or request.headers.get("User-Agent", "unknown").partition("/")[0][:128]


class Managers:
    """The entries of one object: (manager, operation, subresource) -> (apiVersion, time, paths)."""

    def __init__(self, found):
        self.entries = {}
        for each in found.get("metadata", {}).get("managedFields", ()):
            key = each.get("manager", ""), each["operation"], each.get("subresource", "")
            self.entries[key] = each["apiVersion"], each.get("time"), fields.from_json(each.get("fieldsV1", {}))

    def set(self, key, api_version, paths):
        previous = self.entries.get(key)
        if not paths:
            self.entries.pop(key, None)
        elif not previous or previous[2] != paths:
            self.entries[key] = api_version, now(), set(paths)

    def others(self, key):
        return {other: entry for other, entry in self.entries.items() if other != key}

    def give_up(self, key, paths, gone=()):
        """What the others no longer own."""
        for other, (api_version, when, owned) in list(self.others(key).items()):
            left = {path for path in owned - set(paths) if not any(path[:len(each)] == each for each in gone)}
            if left != owned:
                self.entries[other] = api_version, when, left
            if not left:
                del self.entries[other]

    def written(self):
        found = []
        for (manager, operation, subresource), (api_version, when, owned) in self.entries.items():
            entry = {"manager": manager, "operation": operation, "apiVersion": api_version, "time": when, "fieldsType": "FieldsV1",
                     "fieldsV1": fields.to_json(owned)}
            found.append(entry | ({"subresource": subresource} if subresource else {}))
        order = {"Apply": 0, "Update": 1}
        return sorted(found, key=lambda each: (order[each["operation"]], each["time"] or "", each["manager"]))


def after_update(node, old, new, manager, api_version, subresource=""):
    """The managedFields of `new`, which a manager wrote over `old`."""
    asked = new.get("metadata", {}).get("managedFields")
    if asked == [{}]:
        return []                                    # the documented way to clear them
    if old and not old["metadata"].get("managedFields") and not asked:
        return []                                    # what isn't tracked stays so until somebody applies
    found = Managers(new if asked else old)
    touched, gone = fields.changed(node, _bare(old), _bare(new))
    key = manager, "Update", subresource
    found.give_up(key, touched, gone)
    mine = found.entries.get(key, (None, None, set()))[2]
    found.set(key, api_version, {path for path in mine | touched if path not in gone})
    return found.written()


def _bare(found):
    return found | {"metadata": {key: value for key, value in found.get("metadata", {}).items() if key != "managedFields"}}


def apply(node, live, wanted, manager, api_version, is_forced, subresource=""):
    """Server-side apply: what `live` becomes. 409 where others own what would change."""
    found = Managers(live)
    key = manager, "Apply", subresource
    before = found.entries.get(key, (None, None, set()))[2]
    mine = fields.owned(node, wanted)
    _refuse_conflicts(node, live, wanted, found, key, mine, is_forced)
    merged = merge(node, live, wanted)
    elsewhere = set().union(*(entry[2] for entry in found.others(key).values()))
    for path in sorted(before - mine - elsewhere, key=len, reverse=True):
        if not any(other[:len(path)] == path for other in mine | elsewhere):
            _remove(node, merged, path)
    found.set(key, api_version, mine)
    merged.setdefault("metadata", {})["managedFields"] = found.written()
    return merged


def _refuse_conflicts(node, live, wanted, found, key, mine, is_forced):
    live_values, wanted_values = dict(fields.values(node, _bare(live))), dict(fields.values(node, _bare(wanted)))
    differing = {path for path in mine if wanted_values.get(path) != live_values.get(path)}
    causes = []
    for (manager, operation, subresource), (api_version, _, owned) in found.others(key).items():
        words = f'conflict with "{manager}"' + (f' with subresource "{subresource}"' if subresource else "")
        words += f" using {api_version}" if operation == "Update" else ""
        causes += [(words, fields.words(path)) for path in sorted(owned & differing)]
    if causes and not is_forced:
        raise apply_conflict(causes)
    found.give_up(key, differing)


def merge(node, live, wanted):
    """Structured merge: maps and associative lists by member, everything else replaced."""
    node = schema.resolved(node)
    if isinstance(live, dict) and isinstance(wanted, dict) and not schema.is_atomic_map(node):
        result = dict(live)
        for key, value in wanted.items():
            result[key] = merge(schema.child(node, key) or {"opaque": True}, live[key], value) if key in live else copy.deepcopy(value)
        return result
    keys = schema.list_keys(node) if isinstance(wanted, list) and isinstance(live, list) else None
    if keys is not None:
        return _merge_list(node, live, wanted, keys)
    return copy.deepcopy(wanted)


def _merge_list(node, live, wanted, keys):
    old, new = fields.elements(node, live, keys), fields.elements(node, wanted, keys)
    result = {name: merge(schema.element(node), old[name], each) if name in old and keys else each for name, each in new.items()}
    return list(({name: each for name, each in old.items() if name not in new} | result).values()) if set(old) - set(new) else list(
        result.values())


def _remove(node, found, path):
    """Takes a path out of a value, if it is there."""
    for element in path[:-1]:
        node, found = _below(node, found, element)
        if found is None:
            return
    last = path[-1]
    if last.startswith("f:") and isinstance(found, dict):
        found.pop(last[2:], None)
    elif isinstance(found, list):
        keys = schema.list_keys(schema.resolved(node)) or ()
        found[:] = [each for each in found if fields.element_of(node, each, keys) != last]


def _below(node, found, element):
    node = schema.resolved(node)
    if element.startswith("f:"):
        name = element[2:]
        return schema.child(node, name) or {"opaque": True}, found.get(name) if isinstance(found, dict) else None
    keys = schema.list_keys(node) or ()
    if not isinstance(found, list):
        return node, None
    return schema.element(node), next((each for each in found if fields.element_of(node, each, keys) == element), None)
