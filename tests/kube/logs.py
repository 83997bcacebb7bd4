"""What containers print: lines with times, by the run of a container."""

import threading
import time


class Printed:
    def __init__(self):
        self.lines, self.is_over = [], False


class Logs:
    def __init__(self):
        self.changed = threading.Condition()
        self.first = []              # (part of an image's or pod's name, lines)
        self.runs = {}               # (namespace, pod, container) -> [Printed]

    def set_first(self, part, lines):
        self.first.insert(0, (part, list(lines)))

    def started(self, pod, container, image):
        with self.changed:
            key = pod["metadata"]["namespace"], pod["metadata"]["name"], container
            printed = Printed()
            self.runs.setdefault(key, []).append(printed)
            for part, lines in self.first:
                if part in image or part in key[1]:
                    printed.lines += [(_stamp(), line) for line in lines]
                    break
            self.changed.notify_all()

    def write(self, namespace, pod, container, line):
        with self.changed:
            self.runs[namespace, pod, container][-1].lines.append((_stamp(), line))
            self.changed.notify_all()

    def ended(self, pod, container):
        with self.changed:
            for printed in self.runs.get((pod["metadata"]["namespace"], pod["metadata"]["name"], container), [])[-1:]:
                printed.is_over = True
            self.changed.notify_all()

    def removed(self, pod):
        with self.changed:
            for key in [key for key in self.runs if key[:2] == (pod["metadata"]["namespace"], pod["metadata"]["name"])]:
                for printed in self.runs.pop(key):
                    printed.is_over = True
            self.changed.notify_all()

    def run_of(self, namespace, pod, container, is_previous):
        """The lines of the last or the last but one run; None if there is none."""
        runs = self.runs.get((namespace, pod, container), [])
        place = -2 if is_previous and not (runs and runs[-1].is_over) else -1
        return runs[place] if len(runs) >= -place else None


def _stamp():
    nanoseconds = time.time_ns()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(nanoseconds // 10**9))}.{nanoseconds % 10**9:09d}Z"


def text(lines, stamps, limit=None):
    data = "".join((f"{when} {line}\n" if stamps else f"{line}\n") for when, line in lines).encode()
    return data if limit is None else data[:limit]
