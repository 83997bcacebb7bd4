"""One request, and what is answered."""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from . import protobuf, schema
from .status import bad_request, invalid_option, not_acceptable, unsupported, unsupported_media_type


PROTOBUF = "application/vnd.kubernetes.protobuf"
NO_OBJECT = ('json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string '
             '"json:\\"kind,omitempty\\"" }')


def go_error(error, body):
    """What Go says of JSON that Python couldn't read."""
    text = body.decode(errors="replace")
    if not isinstance(error, json.JSONDecodeError) or error.pos >= len(text):
        return "unexpected end of JSON input"
    places = {"Expecting property name enclosed in double quotes": "looking for beginning of object key string",
              "Expecting ',' delimiter": "after object key:value pair", "Expecting ':' delimiter": "after object key"}
    return f"invalid character '{text[error.pos]}' {places.get(error.msg, 'looking for beginning of value')}"


class Request:
    def __init__(self, method, target, headers, body=b"", user=None):
        split = urlsplit(target)
        self.method, self.path, self.headers, self.body, self.user = method, split.path, headers, body, user
        self.query = parse_qs(split.query, keep_blank_values=True)
        self.resource = self.version = self.namespace = self.name = self.subresource = None

    def param(self, name, default=""):
        return self.query.get(name, [default])[0]

    def flag(self, name):
        return self.param(name, "false").lower() in ("true", "1", "")

    @property
    def is_dry_run(self):
        values = self.query.get("dryRun", [])
        if values and values != ["All"]:
            kind = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}.get(self.method, "Delete") + "Options"
            raise invalid_option(kind, unsupported("dryRun", values, ["All"]))
        return bool(values)

    def content_type(self):
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    def json(self):
        """The body as an object; an empty one is None."""
        if self.content_type() == PROTOBUF and self.body:
            return self._of_protobuf()
        if self.content_type() not in ("application/json", PROTOBUF, ""):
            raise unsupported_media_type(("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"))
        return schema.without_nulls(self._parsed()) if self.body or self.resource and self.method != "DELETE" else None

    def _of_protobuf(self):
        try:
            return protobuf.decode(self.body, schema.definition_of)
        except (ValueError, IndexError, KeyError) as error:
            raise bad_request(str(error)) from error

    def _parsed(self):
        try:
            found = json.loads(self.body or b"")
            if isinstance(found, dict):
                return found
            why = NO_OBJECT
        except ValueError as error:
            why = go_error(error, self.body)
        shown = self.body.decode(errors="replace") if self.body.startswith(b"{") else self.body.hex() or "<empty>"
        kind = self.resource.kind if self.resource else "DeleteOptions"
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: "
                          f"{why} ({shown})")

    def accepted(self):
        """How the answer is wanted: None (as it is), Table, PartialObjectMetadata or PartialObjectMetadataList, the version of that."""
        for word in self.headers.get("Accept", "*/*").split(","):
            kind, *more = [part.strip() for part in word.split(";")]
            options = dict(part.split("=", 1) for part in more if "=" in part)
            if kind in ("application/json", "application/*", "*/*"):
                if not options.get("as"):
                    return None, None
                if options["as"] in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList") and options.get("v") in ("v1",
                                                                                                                             "v1beta1"):
                    return options["as"], options["v"]
        raise not_acceptable()


@dataclass
class Answer:
    code: int
    body: object                     # a dict is written as JSON
    headers: dict = field(default_factory=dict)
    content_type: str = "application/json"

    def data(self):
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, separators=(",", ":")).encode() + b"\n"


@dataclass
class Stream:
    """Chunks of bytes, as long as they come."""
    chunks: object
    content_type: str = "application/json"


@dataclass
class Upgrade:
    """The connection is handed over: talk(connection)."""
    talk: object
