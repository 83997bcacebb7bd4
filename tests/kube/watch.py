"""Watches: the changes after a version, as they come."""

import json
import time

from .status import ApiError, bad_request
from .tables import table

POLL = 0.5       # how often an idle stream looks whether its client and its server still live


class Watch:
    def __init__(self, cluster, request):
        self.cluster, self.request, self.is_cut = cluster, request, request.is_cut
        self.holds = cluster.rest.selected(request)
        self.form = request.accepted()[0]
        self.has_columns = False
        self.deadline = time.monotonic() + int(request.param("timeoutSeconds") or 1800)
        self.bookmarks = cluster.bookmarks
        version = request.param("resourceVersion")
        if version and not version.isdigit():
            raise bad_request(f'invalid resource version "{version}"')
        self.version = int(version or 0)

    def chunks(self):
        """The lines of the answer."""
        if not self.version:
            with self.cluster.store.changed:
                found = self.cluster.store.list(self.request.resource.key, self.request.namespace)
                self.version = self.cluster.store.revision
            for each in found:
                if self.holds(each):
                    yield self._line("ADDED", each)
        while not self.is_cut() and time.monotonic() < self.deadline:
            try:
                changes = self._next()
            except ApiError as error:
                yield json.dumps({"type": "ERROR", "object": error.status()}).encode() + b"\n"
                return
            yield from changes
        if self.request.flag("allowWatchBookmarks") and "allowWatchBookmarks" in self.request.query and not self.is_cut():
            yield self._bookmark()

    def _next(self):
        store = self.cluster.store
        with store.changed:
            changes = store.since(self.version)
            if not changes and self.bookmarks == self.cluster.bookmarks and not self.is_cut():
                store.changed.wait(min(POLL, max(0.0, self.deadline - time.monotonic())))
                changes = store.since(self.version)
            self.version = max([self.version, *(change.revision for change in changes)])
        lines = [line for change in changes for line in self._lines(change)]
        if self.bookmarks != self.cluster.bookmarks:
            self.bookmarks = self.cluster.bookmarks
            lines += [self._bookmark()] if "allowWatchBookmarks" in self.request.query else []
        return lines

    def _bookmark(self):
        found = {"metadata": {"resourceVersion": str(self.version), "creationTimestamp": None}}
        return self._line("BOOKMARK", found, is_bookmark=True)

    def _lines(self, change):
        """What a change is to those who see only what they selected."""
        if change.key != self.request.resource.key:
            return
        if self.request.namespace and change.object["metadata"].get("namespace") != self.request.namespace:
            return
        was = bool(change.previous) and self.holds(change.previous) if change.kind == "MODIFIED" else change.kind == "DELETED"
        is_now = self.holds(change.object)
        if change.kind == "DELETED":
            if is_now:
                yield self._line("DELETED", change.object)
        elif is_now:
            yield self._line("MODIFIED" if was else "ADDED", change.object)
        elif was:
            yield self._line("DELETED", change.object)

    def _line(self, kind, found, is_bookmark=False):
        request = self.request
        found = {"kind": request.resource.kind, "apiVersion": request.resource.api_version(request.version)} | found
        found["apiVersion"] = request.resource.api_version(request.version)
        if self.form == "Table" and not is_bookmark:
            meta = {"resourceVersion": found["metadata"]["resourceVersion"]}
            found = table(request, [found], meta, request.accepted()[1])
            if self.has_columns:
                found["columnDefinitions"] = None
            self.has_columns = True
        elif self.form == "PartialObjectMetadata":
            found = {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{request.accepted()[1]}", "metadata": found["metadata"]}
        return json.dumps({"type": kind, "object": found}, separators=(",", ":")).encode() + b"\n"
