"""Recorded exchanges: requests, and what a real kube-apiserver answered to each. `python3 -m kube.exchanges` in tests/, with
RUNBOOK_TEST_KUBE_APISERVER, asks it anew and writes the answers down."""

import http.client
import json
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent / "recorded"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# Texts that quote Go's decoder, Go's structs or a whole document: what they say before that is compared.
CUT = [(re.compile(r"too old resource version: \d+ \(\d+\)"), "too old resource version: N (N)"),
       (re.compile(r"current: \d+"), "current: N"),
       (re.compile(r"(cannot be handled as a \w+: ).*(error found in|cannot unmarshal|illegal base64).*", re.S), r"\1DECODER"),
       (re.compile(r"Invalid value: core\.PodTemplateSpec\{.*\}: "), "Invalid value: STRUCT: "),
       (re.compile(r"(?<=patch: )Invalid value: \".*\": .*", re.S), "Invalid value: DOCUMENT"),
       (re.compile(r"^Invalid value: \"(\{|\[|map\[).*\": .*", re.S), "Invalid value: DOCUMENT"),
       (re.compile(r"(only additions to existing tolerations\)).*", re.S), r"\1"),
       (re.compile(r"(continue key is not valid: ).*"), r"\1WHY")]
AGE = re.compile(r"^\d+s$")
LEFT_OUT = {"selfLink", "storageVersionHash", "serverAddress"}
CHOSEN = {"resourceVersion": "N", "continue": "TOKEN", "clusterIP": "ADDRESS", "clusterIPs": "ADDRESSES", "nodePort": "PORT"}


def files():
    return sorted(FOLDER.glob("*.json"))


def read(path):
    return json.loads(path.read_text())


class Client:
    """Asks a server (the double or a real one), request by request."""

    def __init__(self, server):
        split, context = urlsplit(server.url), None
        if server.certificate:
            context = ssl.create_default_context(cafile=str(server.certificate))
            self.connection = http.client.HTTPSConnection(split.hostname, split.port, context=context, timeout=300)
        else:
            self.connection = http.client.HTTPConnection(split.hostname, split.port, timeout=300)
        self.token, self.seen = server.token, {}

    def ask(self, exchange):
        """Status and body: an object, or a text where it isn't JSON. `{{name.path}}` in a request is what an answer had."""
        path, body = self._filled(exchange["path"]), exchange.get("body")
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        headers = {"Authorization": f"Bearer {exchange.get('token', self.token)}", "Accept": exchange.get("accept", "application/json"),
                   "Content-Type": exchange.get("type", "application/json"), "User-Agent": exchange.get("agent", "tests/1")}
        self.connection.request(exchange["method"], path, self._filled(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        try:
            found = json.loads(text)
        except ValueError:
            found = text
        self.seen[exchange["name"]] = found
        return answer.status, found

    def stream(self, path):
        """An answer to be read line by line."""
        self.connection.request("GET", path, None, {"Authorization": f"Bearer {self.token}", "Accept": "application/json"})
        return self.connection.getresponse()

    def _filled(self, text):
        def value(match):
            found = self.seen
            for part in match[1].split("/"):
                found = found[part]
            return str(found)
        return re.sub(r"\{\{([^}]+)\}\}", value, text)


def normalized(found):
    """Without what differs from run to run: identities, times, versions, and addresses that are given."""
    if isinstance(found, dict):
        return {key: CHOSEN.get(key) or _special(key, value) for key, value in found.items() if key not in LEFT_OUT}
    if isinstance(found, list):
        return [normalized(each) for each in found]
    if not isinstance(found, str):
        return found
    for pattern, text in CUT:
        found = pattern.sub(text, found)
    return TIME.sub("TIME", UUID.sub("UID", found))


def _special(key, value):
    if key == "managedFields" and isinstance(value, list):
        return [_entry(each) for each in value]
    if key == "cells":
        return [AGE.sub("AGE", UUID.sub("UID", each)) if isinstance(each, str) else each for each in value]
    if key == "rows":
        return normalized(value or [])
    if key == "columnDefinitions" and value:
        return [{name: each[name] for name in ("name", "type", "format", "priority")} for each in value]
    return normalized(value)


def comparable(found, exchange, other):
    """What is compared of an answer: not what an exchange says to ignore, and of a list of resources those that both have."""
    if not isinstance(found, dict):
        return found
    found = {key: value for key, value in found.items() if key not in exchange.get("ignore", ())}
    if "managedFields" in exchange.get("ignore", ()):
        found["metadata"] = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    if found.get("kind") == "APIResourceList":
        names = {each["name"] for each in other["resources"]}
        found["resources"] = sorted((each for each in found["resources"] if each["name"] in names), key=lambda each: each["name"])
    return found


def _entry(entry):
    """Which structures count as fields of their own differs with Go's types; what is managed doesn't."""
    return normalized({key: value for key, value in entry.items()
                       if key != "fieldsV1"}) | {"fields": sorted(_leaves(entry.get("fieldsV1", {})))}


def _leaves(tree, path=""):
    below = {key: value for key, value in tree.items() if key != "."}
    if not below:
        yield path
    for key, value in below.items():
        yield from _leaves(value, f"{path}/{UUID.sub('UID', key)}")


def record(path, client):
    recorded = read(path)
    for exchange in recorded:
        exchange["status"], found = client.ask(exchange)
        exchange["answer"] = normalized(found)
    path.write_text("[\n" + ",\n".join(json.dumps(each) for each in recorded) + "\n]\n")


if __name__ == "__main__":
    from .real import RealServer
    with RealServer(controllers=False) as server:
        for each in files():
            record(each, Client(server))
