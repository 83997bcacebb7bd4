"""clang-format over every source: names those that differ, or with --in-place mends them."""
import subprocess
import sys

from house import ROOT, need, sources

need("clang-format")
if "--in-place" in sys.argv:
    sys.exit(subprocess.run(["clang-format", "-i", *sources()], cwd=ROOT, check=False).returncode)
result = subprocess.run(["clang-format", "--dry-run", *sources()], cwd=ROOT, capture_output=True, text=True, check=True)
different = sorted({line.split(":")[0] for line in result.stderr.split("\n") if "[-Wclang-format-violations]" in line})
if different:
    sys.exit("\n".join(different) + f"\n{len(different)} not formatted: type ./dev format")
