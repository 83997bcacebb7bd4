"""Label and field selectors."""

import re

from .status import bad_request

SET = re.compile(r"^(\S+)\s+(in|notin)\s*\(([^)]*)\)$")
NAME = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
VALUE_WORDS = ("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
               "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
               "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
NAME_WORDS = ("name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
              "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")
FIELDS = {"events": {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
                     "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "source",
                     "type", "reportingComponent"},
          "pods": {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
                   "status.podIP", "status.nominatedNodeName"},
          "secrets": {"type"}, "namespaces": {"status.phase"}, "nodes": {"spec.unschedulable"}, "jobs": {"status.successful"},
          "replicasets": {"status.replicas"}}


def _words(text):
    """Split at commas outside brackets."""
    return [word.strip() for word in re.split(r",(?![^(]*\))", text) if word.strip()]


def _requirement(word):
    found = SET.match(word)
    if found:
        values = {each.strip() for each in found[3].split(",")}
        return found[1], found[2], values
    if re.match(r"^!\s*\S+$", word):
        return word[1:].strip(), "absent", set()
    for sign, relation in (("!=", "notin"), ("==", "in"), ("=", "in")):
        if sign in word:
            key, _, value = word.partition(sign)
            return key.strip(), relation, {value.strip()}
    return word, "present", set()


def labels(text):
    """A predicate over labels."""
    if (text or "").count("(") > (text or "").count(")"):
        raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")
    requirements = [_requirement(word) for word in _words(text or "")]
    for key, _, values in requirements:
        if any("=" in value for value in values):
            raise bad_request("found '=', expected: ',' or 'end of string'")
        if not NAME.match(key) or not all(VALUE.match(value) for value in values):
            raise bad_request(f"unable to parse requirement: {_why(key, values)}")
    return lambda found: all(_holds(found, *each) for each in requirements)


def _why(key, values):
    if not NAME.match(key):
        return f'invalid label key "{key}": {NAME_WORDS}'
    bad = next(value for value in sorted(values) if not VALUE.match(value))
    return f'invalid label value: "{bad}": at key: "{key}": {VALUE_WORDS}'


def _holds(found, key, relation, values):
    if relation == "in":
        return found.get(key) in values if key in found else False
    if relation == "notin":
        return found.get(key) not in values
    return (key in found) == (relation == "present")


def fields(text, resource):
    """A predicate over objects, for the fields that the resource can be selected by."""
    known = {"metadata.name", "metadata.namespace"} | FIELDS.get(resource.name, set())
    requirements = []
    for word in _words(text or ""):
        sign = next((each for each in ("!=", "==", "=") if each in word), None)
        if not sign:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{word}'")
        key, _, value = word.partition(sign)
        if key not in known:
            raise bad_request(f'Unable to find "{resource.api_version()}, Resource={resource.name}" that match label selector "", '
                              f'field selector "{text}": field label not supported: {key}' if resource.is_custom else
                              f"field label not supported: {key}" if resource.name in FIELDS else
                              f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"')
        requirements.append((key, sign == "!=", value))
    return lambda found: all((field(found, key) != value) == is_not or is_not and field(found, key) != value
                             for key, is_not, value in requirements)


def field(found, path):
    if path == "source":
        path = "source.component"
    for part in path.split("."):
        found = found.get(part, "") if isinstance(found, dict) else ""
    return str(found).lower() if isinstance(found, bool) else str(found)


def matches(selector, found):
    """A LabelSelector of an object; an empty one matches everything."""
    by_label = all(found.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    words = {"In": "in", "NotIn": "notin", "Exists": "present", "DoesNotExist": "absent"}
    return by_label and all(_holds(found, each["key"], words[each["operator"]], set(each.get("values", ())))
                            for each in selector.get("matchExpressions") or ())
