"""A disk that fails as told, around the real binary: tests/storage/faults.cpp is loaded before libc. The engine and its supervisor
meet the fault, steps and the commands that follow do not."""

import errno
import os
import struct
from pathlib import Path

import pytest

from world import BINARY, ROOT

SHIM = "tests/storage/libstorage_faults.so"
STATE = struct.Struct("4q480s")


def shim():
    """Of the build that runs the tests, or the newest there is."""
    named = os.environ.get("RUNBOOK_STORAGE_FAULTS")
    built = [Path(named)] if named else sorted((ROOT / "build").glob(f"*/{SHIM}"), key=lambda path: path.stat().st_mtime)
    if not built or not built[-1].exists():
        pytest.skip(f"there is no {SHIM}: build the target storage_faults")
    return built[-1]


class Fault:
    """The n-th call of these kinds to these files fails. `env` is for the one command that is to meet it."""

    def __init__(self, folder, files="", calls="write sync open truncate allocate rename fifo folder", at=0, error=errno.EIO,
                 lasting="once", who="both", **more):
        self.state = folder / "faults.state"
        self.state.write_bytes(bytes(STATE.size))
        told = {"state": self.state, "files": files, "calls": calls, "at": at, "error": error, "lasting": lasting, "who": who, **more}
        self.env = {f"FAULTS_{key.upper()}": str(value) for key, value in told.items()}
        self.env["LD_PRELOAD"] = str(shim())
        if "sanitize" in str(BINARY):
            self.env["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"

    def _read(self):
        return STATE.unpack(self.state.read_bytes())

    @property
    def met(self):
        return self._read()[0]

    @property
    def hits(self):
        return self._read()[1]

    @property
    def last(self):
        return self._read()[4].split(b"\0")[0].decode(errors="replace")
