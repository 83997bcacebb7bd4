"""Kubeconfigs, written as JSON, which is YAML."""

import json
from pathlib import Path


def write(path, url, certificate, token, context="test", namespace=None, current=True, **cluster):
    """Adds a context, with cluster and user of its name, to what stands in the file; returns the path."""
    path = Path(path)
    found = json.loads(path.read_text()) if path.exists() else {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [],
                                                                "contexts": []}
    place = {"server": url} | ({"certificate-authority": str(certificate)} if certificate else {}) | cluster
    made = {"clusters": {"cluster": place}, "users": {"user": {"token": token}},
            "contexts": {"context": {"cluster": context, "user": context} | ({"namespace": namespace} if namespace else {})}}
    for kind, entry in made.items():
        found[kind] = [each for each in found[kind] if each["name"] != context] + [{"name": context} | entry]
    if current or "current-context" not in found:
        found["current-context"] = context
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(found, indent=2))
    new.chmod(0o600)
    new.replace(path)       # whoever reads it meanwhile sees the one or the other
    return path


def environment(server, folder, **options):
    """For a process that is to use kubectl: a kubeconfig, and a cache of discovery that no other test sees."""
    path = folder / "kubeconfig"
    if not path.exists():
        server.kubeconfig(path, **options)
    return {"KUBECONFIG": str(path), "KUBECACHEDIR": str(folder / "kube-cache"), "HOME": str(folder)}
