"""The objects, their resourceVersions, and the history that watches read. What is put in or handed out belongs to the store: callers
copy before they change."""

import threading
from dataclasses import dataclass

from .status import expired


@dataclass(frozen=True)
class Change:
    revision: int
    kind: str                # ADDED, MODIFIED, DELETED
    key: tuple               # (group, resource)
    object: dict
    previous: dict = None


class Store:
    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.objects = {}    # (group, resource) -> {(namespace, name): object}
        self.revision = 1
        self.oldest = 0      # changes up to here are forgotten
        self.history = []

    def get(self, key, namespace, name):
        return self.objects.get(key, {}).get((namespace or "", name))

    def list(self, key, namespace=None):
        with self.changed:
            found = dict(self.objects.get(key, {}))
        return [found[each] for each in sorted(found) if namespace is None or each[0] == namespace]

    def put(self, key, found):
        """Creates or replaces; returns what is stored."""
        with self.changed:
            place = found["metadata"].get("namespace", ""), found["metadata"]["name"]
            previous = self.objects.setdefault(key, {}).get(place)
            stored = self._stamped(found)
            self.objects[key][place] = stored
            self._remember("MODIFIED" if previous else "ADDED", key, stored, previous)
            return stored

    def remove(self, key, found):
        with self.changed:
            place = found["metadata"].get("namespace", ""), found["metadata"]["name"]
            previous = self.objects[key].pop(place)
            stored = self._stamped(found)
            self._remember("DELETED", key, stored, previous)
            return stored

    def _stamped(self, found):
        self.revision += 1
        return found | {"metadata": found["metadata"] | {"resourceVersion": str(self.revision)}}

    def _remember(self, kind, key, stored, previous):
        self.history.append(Change(self.revision, kind, key, stored, previous))
        self.changed.notify_all()

    def forget(self):
        """As after a compaction: older versions are gone."""
        with self.changed:
            self.oldest = self.revision
            self.history.clear()
            self.changed.notify_all()

    def since(self, revision):
        """The changes after a revision; 410 where they are forgotten."""
        if revision < self.oldest:
            raise expired(f"too old resource version: {revision} ({self.oldest})")
        return [change for change in self.history if change.revision > revision]
