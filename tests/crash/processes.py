"""Processes below this one, seen in /proc."""

import ctypes
import os
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """What a killed engine leaves comes to this process, which reaps it: nothing hides from the scan, and no zombie piles up."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def stat_of(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def children(pid):
    found = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found                                        # it has just ended
    for task in tasks:
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue                                        # this thread has, and others may have children
    return found


def descendants(pid):
    found = children(pid)
    for child in found:
        found += children(child)
    return found


def reap_orphans(but):
    for pid in children(os.getpid()):
        if pid not in but and (stat_of(pid) or " ")[0] == "Z":
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
