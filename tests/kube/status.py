"""What the API says when it refuses: a Status with code, reason, message and details, in the words of the real one."""

import json


class ApiError(Exception):
    def __init__(self, code, reason, message, details=None, headers=()):
        super().__init__(message)
        self.code, self.reason, self.message, self.details, self.headers = code, reason, message, details, dict(headers)

    def status(self):
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


class PageNotFound(Exception):
    """A path that no API has; the answer is plain text, not a Status."""


def success(details):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _details(resource, name=None, **more):
    found = {"name": name} if name else {}
    if resource.group:
        found["group"] = resource.group
    return found | {"kind": resource.name} | more


def not_found(resource, name):
    return ApiError(404, "NotFound", f'{resource.full_name} "{name}" not found', _details(resource, name))


def no_such_resource():
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource, name):
    return ApiError(409, "AlreadyExists", f'{resource.full_name} "{name}" already exists', _details(resource, name))


def not_the_same(resource, found, uid):
    """A delete that names another uid."""
    name = found["metadata"]["name"]
    text = (f'Operation cannot be fulfilled on {resource.kind} "{name}": the UID in the precondition ({uid}) does not match the UID in '
            f"record ({found['metadata']['uid']}). The object might have been deleted and then recreated")
    return ApiError(409, "Conflict", text, _details(resource, name) | {"kind": resource.kind})


def invalid_option(kind, error):
    causes = [{"reason": error.reason, "message": error.message, "field": error.field}]
    return ApiError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {error}', {"group": "meta.k8s.io", "kind": kind, "causes": causes})


def conflict(resource, name, why="the object has been modified; please apply your changes to the latest version and try again"):
    return ApiError(409, "Conflict", f'Operation cannot be fulfilled on {resource.full_name} "{name}": {why}', _details(resource, name))


def apply_conflict(causes):
    """Of (words about the manager, field): what server-side apply answers when others own what it would change."""
    if len(causes) == 1:
        text = f"Apply failed with 1 conflict: {causes[0][0]}: {causes[0][1]}"
    else:
        text = f"Apply failed with {len(causes)} conflicts: " + _by_manager(causes)
    listed = [{"reason": "FieldManagerConflict", "message": words, "field": field} for words, field in causes]
    return ApiError(409, "Conflict", text, {"causes": listed})


def _by_manager(causes):
    groups = {}
    for words, field in causes:
        groups.setdefault(words, []).append(field)
    if len(groups) == 1:
        words, fields = next(iter(groups.items()))
        return f"conflicts with {words.removeprefix('conflict with ')}:\n" + "\n".join(f"- {field}" for field in fields)
    return "".join(f"conflicts with {words.removeprefix('conflict with ')}:\n" + "".join(f"- {field}\n" for field in fields)
                   for words, fields in groups.items()).rstrip("\n")


def bad_request(message):
    return ApiError(400, "BadRequest", message)


def unauthorized():
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource, name, why):
    text = f'{resource.full_name} "{name}" is forbidden: {why}' if name else f"{resource.full_name} is forbidden: {why}"
    return ApiError(403, "Forbidden", text, _details(resource, name))


def method_not_allowed():
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def not_acceptable():
    return ApiError(406, "NotAcceptable", "406: Not Acceptable", {})


def unsupported_media_type(accepted):
    return ApiError(415, "UnsupportedMediaType",
                    "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted))


def expired(message):
    return ApiError(410, "Expired", message)


def too_many_requests(message, seconds, details=None):
    return ApiError(429, "TooManyRequests", message, details or {"retryAfterSeconds": seconds}, {"Retry-After": str(seconds)})


REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict",
           410: "Expired", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
           503: "ServiceUnavailable", 504: "Timeout"}
WORDS = {401: "Unauthorized", 410: "The resourceVersion for the provided watch is too old.",
         429: "Too many requests, please try again later.", 500: "Internal error occurred: a fault of the test",
         503: "the server is currently unable to handle the request"}


def fault(code, message=None, retry_after=None):
    """A refusal on demand."""
    details = {"retryAfterSeconds": retry_after} if retry_after else None
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return ApiError(code, REASONS.get(code, "Unknown"), message or WORDS.get(code, f"a fault of the test: {code}"), details, headers)


class FieldError:
    """One cause of an Invalid."""

    def __init__(self, field, reason, message):
        self.field, self.reason, self.message = field, reason, message

    def __str__(self):
        return f"{self.field}: {self.message}"


def required(field, detail=""):
    return FieldError(field, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def wrong(field, value, detail):
    return FieldError(field, "FieldValueInvalid", f"Invalid value: {go_value(value)}: {detail}")


def duplicate(field, value):
    return FieldError(field, "FieldValueDuplicate", f"Duplicate value: {go_value(value)}")


def unsupported(field, value, supported):
    known = ", ".join(json.dumps(each) for each in supported)
    return FieldError(field, "FieldValueNotSupported", f"Unsupported value: {go_value(value)}: supported values: {known}")


def not_allowed(field, detail):
    return FieldError(field, "FieldValueForbidden", f"Forbidden: {detail}")


class Verbatim(str):
    """Printed without quotes: what Go prints of a struct."""


def go_value(value):
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, list):
        return "[]string{" + ", ".join(map(json.dumps, value)) + "}"
    if isinstance(value, dict):
        return "map[string]string(nil)" if not value else "map[string]string{" + ", ".join(f"{json.dumps(k)}:{json.dumps(v)}" for k,
                                                                                           v in sorted(value.items())) + "}"
    return json.dumps(value, ensure_ascii=False)


def go_selector(selector):
    labels = selector.get("matchLabels")
    text = go_value(labels) if labels else "map[string]string(nil)"
    return Verbatim(f"v1.LabelSelector{{MatchLabels:{text}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}}")


def invalid(resource, name, errors):
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    texts = [str(error) for error in errors]
    text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details = ({"name": name} if name else {}) | ({"group": resource.group} if resource.group else {}) | {"kind": resource.kind}
    details["causes"] = [{"reason": error.reason, "message": error.message, "field": error.field} for error in errors]
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)
