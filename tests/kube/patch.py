"""The three kinds of patch that aren't an apply."""

import copy
import json

from . import schema
from .request import NO_OBJECT, go_error
from .status import ApiError, bad_request

JSON, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"


# RFC 7386

def merge(target, change):
    if not isinstance(change, dict):
        return change
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


# RFC 6902

def _refused():
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _tokens(pointer):
    if pointer and not pointer.startswith("/"):
        raise _refused()
    return [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]


def _step(found, token, may_append=False):
    """The key that a token is in what was found."""
    if isinstance(found, dict):
        return token
    if isinstance(found, list):
        if token == "-" and may_append:
            return len(found)
        if token.isdigit() and int(token) < len(found) + may_append:
            return int(token)
    raise _refused()


def _look_up(found, tokens):
    for token in tokens:
        key = _step(found, token)
        if isinstance(found, dict) and key not in found:
            raise _refused()
        found = found[key]
    return found


def _add(document, tokens, value):
    if not tokens:
        return value
    parent = _look_up(document, tokens[:-1])
    key = _step(parent, tokens[-1], may_append=True)
    if isinstance(parent, list):
        parent.insert(key, value)
    else:
        parent[key] = value
    return document


def _remove(document, tokens):
    _look_up(document, tokens)
    parent = _look_up(document, tokens[:-1])
    del parent[_step(parent, tokens[-1])]
    return document


def json_patch(document, operations):
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = copy.deepcopy(document)
    for each in operations:
        document = _operate(document, each)
    return document


def _operate(document, each):
    name, path = each.get("op"), _tokens(each.get("path", ""))
    if name in ("add", "replace", "test") and "value" not in each:
        raise _refused()
    if name == "add":
        return _add(document, path, each["value"])
    if name == "remove":
        return _remove(document, path)
    if name == "replace":
        return _add(_remove(document, path), path, each["value"])
    if name == "move":
        moved = _look_up(document, _tokens(each.get("from", "")))
        return _add(_remove(document, _tokens(each["from"])), path, moved)
    if name == "copy":
        return _add(document, path, copy.deepcopy(_look_up(document, _tokens(each.get("from", "")))))
    if name == "test" and _look_up(document, path) == each["value"]:
        return document
    raise _refused()


# Strategic merge: lists of maps merge by the key that the type names

DIRECTIVE = "$patch"


def strategic(target, change, node):
    node = schema.resolved(node)
    directive = change.get(DIRECTIVE)
    if directive == "replace":
        return {key: value for key, value in change.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise ApiError(500, None, f"unknown patch type: {directive} in map: {_go_map(change)}")
    result = _retained(dict(target), change)
    for key, value in change.items():
        if not key.startswith("$"):
            _merge_member(result, key, value, node, change)
    for key in change:
        _delete_primitives(result, key, change[key])
    return result


def _retained(target, change):
    kept = change.get("$retainKeys")
    return target if kept is None else {key: value for key, value in target.items() if key in kept}


def _delete_primitives(result, key, values):
    if key.startswith("$deleteFromPrimitiveList/"):
        name = key.partition("/")[2]
        result[name] = [each for each in result.get(name, []) if each not in values]


def _merge_member(result, key, value, node, change):
    if value is None:
        result.pop(key, None)
        return
    below = schema.child(node, key) or {"opaque": True}
    if isinstance(value, dict):
        current = result.get(key)
        merged = strategic(current if isinstance(current, dict) else {}, value, below)
        if value.get(DIRECTIVE) == "delete":
            result.pop(key, None)
        else:
            result[key] = merged
    elif isinstance(value, list):
        result[key] = _merge_list(result.get(key) or [], value, below, change.get(f"$setElementOrder/{key}"))
    else:
        result[key] = value


def _merge_list(current, change, node, order):
    key = schema.merge_keys(node)
    if key is None or any(isinstance(each, dict) and each.get(DIRECTIVE) == "replace" for each in change):
        return [each for each in change if not (isinstance(each, dict) and DIRECTIVE in each)]
    if key == "":
        merged = current + [each for each in change if each not in current]
        return _ordered(merged, order or change, current, lambda each: each)
    merged = [dict(each) for each in current]
    for each in change:
        if key not in each:
            raise ApiError(500, None, f"map: {_go_map(each)} does not contain declared merge key: {key}")
        _merge_element(merged, each, key, schema.element(node))
    return _ordered(merged, [each[key] for each in order or change], [each.get(key) for each in current], lambda each: each.get(key))


def _go_map(value):
    return "map[" + " ".join(f"{key}:{_go_map(member) if isinstance(member, dict) else member}" for key,
                             member in sorted(value.items())) + "]"


def _merge_element(merged, each, key, node):
    place = next((index for index, old in enumerate(merged) if old.get(key) == each[key]), None)
    if each.get(DIRECTIVE) == "delete":
        if place is not None:
            del merged[place]
    elif place is None:
        merged.append(strategic({}, each, node))
    else:
        merged[place] = strategic(merged[place], each, node)


def _ordered(merged, order, before, name):
    """What the patch names stands in its order; what it doesn't name is put between as it stood before."""
    ranks = {value: rank for rank, value in enumerate(order)}
    named = sorted((each for each in merged if name(each) in ranks), key=lambda each: ranks[name(each)])
    others, result = [each for each in merged if name(each) not in ranks], []
    while named and others:
        left, right = name(others[0]), name(named[0])
        is_before = left in before and right in before and before.index(left) < before.index(right)
        result.append(others.pop(0) if is_before else named.pop(0))
    return result + named + others


def invalid_document(body, why):
    text = f"Invalid value: {json.dumps(body.decode(errors='replace'))}: {why}"
    return ApiError(422, "Invalid", f' "" is invalid: patch: {text}',
                    {"causes": [{"reason": "FieldValueInvalid", "message": text, "field": "patch"}]})


def parse(body, kind):
    try:
        change = json.loads(body)
    except ValueError as error:
        if kind == MERGE:
            raise ApiError(500, None, "Invalid JSON Patch") from error
        raise bad_request(go_error(error, body) if kind != APPLY else f"error decoding YAML: {error}") from error
    if kind != JSON and not isinstance(change, dict):
        raise invalid_document(body, NO_OBJECT)
    return change
