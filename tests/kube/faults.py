"""What goes wrong on demand."""

import re
import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """Of the next `left` requests that match: refused, cut, slow, or done and never answered."""
    left: float
    method: str = ""
    path: str = ""
    status: int = 0
    message: str = ""
    retry_after: int = 0
    cut: bool = False                # the connection ends without an answer, and nothing was done
    lose_answer: bool = False        # it ends without an answer, and it was done
    gate: threading.Event = None     # answered when the test opens it
    hits: list = field(default_factory=list)

    def matches(self, request):
        is_method = not self.method or request.method == self.method
        return self.left > 0 and is_method and (not self.path or re.search(self.path, request.path))


class Faults:
    def __init__(self):
        self.lock, self.all = threading.Lock(), []

    def add(self, fault):
        with self.lock:
            self.all.append(fault)
        return fault

    def clear(self):
        with self.lock:
            for fault in self.all:
                if fault.gate:
                    fault.gate.set()
            self.all.clear()

    def take(self, request):
        """The fault that a request meets; it is used up."""
        with self.lock:
            for fault in self.all:
                if fault.matches(request):
                    fault.left -= 1
                    fault.hits.append(request.path)
                    return fault
        return None


class Watches:
    """Long answers, which a test can cut."""

    def __init__(self):
        self.generation = 0

    def token(self):
        began = self.generation
        return lambda: self.generation != began

    def cut(self):
        self.generation += 1
