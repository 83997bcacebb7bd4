"""The process at the other end of a connection on this machine."""

import os
from pathlib import Path


def process_at(its_end, our_end):
    """Its pid; None if it can't be seen. Both ends are (address, port)."""
    ports = [f"{end[1]:04X}" for end in (its_end, our_end)]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {row[9] for row in rows if [row[1].rpartition(":")[2], row[2].rpartition(":")[2]] == ports}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link).removeprefix("socket:[").removesuffix("]") in inodes:
                return int(link.parts[2])
        except OSError:
            continue    # it has gone, or is another's
    return None


def is_at_rest(pid):
    """None of its threads runs or wants to; or it has ended."""
    try:
        states = [task.read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return False
    return set(states) <= {"S", "Z"}
