"""The tests' own Kubernetes API server: `from kube.server import KubeServer`; README.md says how a test uses it."""

import os
import shutil
from pathlib import Path

# Where the machine has no kubectl, Debian's does, which ./dev unpacks.
_unpacked = Path(__file__).resolve().parents[2] / "build" / "kubernetes-client" / "usr" / "bin"
if not shutil.which("kubectl") and (_unpacked / "kubectl").exists():
    os.environ["PATH"] = f"{_unpacked}:{os.environ['PATH']}"
