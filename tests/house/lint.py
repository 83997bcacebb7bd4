"""clang-tidy over every source that is compiled: lint.py BUILD_FOLDER [SECONDS].

It takes seconds a file, so what was found clean is remembered by the digest of everything that the answer depends on: the
source, the headers of ours that it includes, how it is compiled, and the settings. As ccache does, all checkouts share it.
When SECONDS are over no other source is begun; what changed last comes first, and how many were left out is said.
"""
import concurrent.futures
import hashlib
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import time

from house import ROOT, git, includes, need


def compiled_sources(build):
    """{path relative to the root: its compile command, the same in every checkout}; what clang-tidy is to read lies in build/lint."""
    entries = {entry["file"]: entry for entry in json.loads((build / "compile_commands.json").read_text())}
    (build / "lint").mkdir(exist_ok=True)
    # A source of several executables would be looked at once for each.
    (build / "lint" / "compile_commands.json").write_text(json.dumps(list(entries.values())))
    return {os.path.relpath(file, ROOT): entry["command"].replace(str(ROOT), "") for file, entry in entries.items()}


def with_headers(path, seen):
    """Adds the path and every header of ours that it includes, directly or not."""
    if path in seen:
        return seen
    seen.add(path)
    for _, _, name in includes(ROOT, path):
        for folder in ("", "engine/", str(pathlib.PurePath(path).parent) + "/"):
            if (ROOT / folder / name).is_file():
                with_headers(os.path.normpath(folder + name), seen)
                break
    return seen


def digest_of(path, command, settings):
    digest = hashlib.sha256(settings + command.encode())
    for file in sorted(with_headers(path, set())):
        digest.update(file.encode() + b"\0" + (ROOT / file).read_bytes() + b"\0")
    return digest.hexdigest()


def cache_folder(build):
    """A folder that can be written to: the user's, or else the build's."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    for folder in (pathlib.Path(home) / "runbook-lint", build / "lint" / "clean"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "writable").touch()
            return folder
        except OSError:
            continue
    sys.exit(f"can't write to {build}")


def forget_old(folder, days=30):
    for stamp in folder.iterdir():
        try:
            if stamp.stat().st_mtime < time.time() - days * 86400:
                stamp.unlink()
        except FileNotFoundError:      # another checkout has forgotten it meanwhile
            continue


def lint(build, path):
    """What clang-tidy says, as a list of its diagnostics; empty if nothing."""
    result = subprocess.run(["clang-tidy", "--quiet", "-p", str(build / "lint"), str(ROOT / path)], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return re.split(r"^(?=\S+:\d+:\d+: (?:warning|error):)", result.stdout, flags=re.M) if result.stdout else [result.stderr]


def newest_first(paths):
    """What changed last is the likeliest to be wrong; what is not committed is newer than everything."""
    age = {}
    for path in git(ROOT, "log", "--format=", "--name-only", check=False).splitlines():
        age.setdefault(path, len(age))
    for path in git(ROOT, "diff", "--name-only", "HEAD", check=False).splitlines():
        age[path] = -1
    return sorted(paths, key=lambda path: age.get(path, -1))


def main(build, seconds=math.inf):
    need("clang-tidy")
    settings = (ROOT / ".clang-tidy").read_bytes() + subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    stamps = cache_folder(build)
    digests = {path: digest_of(path, command, settings) for path, command in compiled_sources(build).items()}
    stale = newest_first(path for path, digest in digests.items() if not (stamps / digest).exists())
    for path in digests.keys() - stale:
        (stamps / digests[path]).touch()
    print(f"{len(digests)} sources, {len(stale)} to look at", flush=True)
    deadline = time.monotonic() + seconds
    shown, left = set(), []

    def looked_at(path):
        return lint(build, path) if time.monotonic() < deadline else None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, diagnostics in zip(stale, pool.map(looked_at, stale)):
            if diagnostics is None:
                left.append(path)
                continue
            if not diagnostics:
                (stamps / digests[path]).touch()
            for diagnostic in diagnostics:
                if diagnostic not in shown:  # a header's comes once for each source that includes it
                    print(diagnostic.replace(f"{ROOT}/", ""), end="", flush=True)
                shown.add(diagnostic)
    if left:
        print(f"{seconds} s were over before {len(left)} of them; ./dev lint looks at all")
    forget_old(stamps)
    return 1 if shown else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), *map(int, sys.argv[2:])))
