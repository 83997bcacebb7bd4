"""clang-format over every source: says what differs, or with --in-place mends it."""
import subprocess
import sys

from house import ROOT, need, sources

need("clang-format")
mode = ["-i"] if "--in-place" in sys.argv else ["--dry-run", "-Werror"]
files = sources()
if files and subprocess.run(["clang-format", *mode, *files], cwd=ROOT, check=False).returncode:
    sys.exit("not formatted: type ./dev format")
