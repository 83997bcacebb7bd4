"""The real kubectls that tests use: the machine's own, and Debian's kubernetes-client, which ./dev unpacks into build/ where it would
replace the other."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
DEBIAN = "kubernetes-client"


def version_of(path):
    """Major and minor."""
    told = subprocess.run([path, "version", "--client"], capture_output=True, text=True, env=os.environ | {"KUBECONFIG": "/dev/null"})
    found = re.search(r'(?:GitVersion:"|Client Version: )v(\d+)\.(\d+)', told.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def found():
    """By name: `machine` and `debian`; None for what isn't there. The same version counts once."""
    machine, debian = shutil.which("kubectl"), BUILD / DEBIAN / "usr" / "bin" / "kubectl"
    named = os.environ.get("RUNBOOK_TEST_KUBECTL")
    debian = str(debian) if debian.exists() else None
    if machine and debian and version_of(machine) == version_of(debian):
        debian = None
    return {"machine": named or machine, "debian": debian}


def path_of(name):
    """Skips, by name, what can't run here; under CI=true that is a failure."""
    path = found()[name]
    if path is None:
        why = {"machine": "there is no kubectl in PATH", "debian": f"build/{DEBIAN} is not there (./dev test unpacks it)"}[name]
        if os.environ.get("CI") == "true" and not (name == "debian" and found()["machine"] and version_of(found()["machine"]) < (1, 21)):
            pytest.fail(why)
        pytest.skip(why)
    return path
