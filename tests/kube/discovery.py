"""What the server has: groups, versions and resources; aggregated where a client asks for that (1.27 and newer)."""

from .resources import SUBRESOURCE_KINDS, SUBRESOURCE_VERBS
from .status import PageNotFound, no_such_resource

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"


class Discovery:
    def __init__(self, cluster):
        self.cluster = cluster

    def groups(self):
        return self.cluster.kinds.groups()

    def versions(self):
        return {"kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": self.cluster.address}]}

    def group_list(self):
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(group) for group in self.groups() if group]}

    def _group(self, group):
        versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in self.groups()[group]]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def group(self, group):
        if group not in self.groups() or not group:
            raise PageNotFound
        return {"kind": "APIGroup", "apiVersion": "v1"} | self._group(group)

    def resources(self, group, version):
        if group not in self.groups():
            raise PageNotFound
        if version not in self.groups()[group]:
            raise no_such_resource()
        listed = []
        for each in self.cluster.kinds.in_version(group, version):
            listed.append(self._resource(each))
            listed += [self._subresource(each, name) for name in each.subresources]
        group_version = f"{group}/{version}" if group else version
        head = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if group else {})
        return head | {"groupVersion": group_version, "resources": listed}

    def _resource(self, each):
        found = {"name": each.name, "singularName": each.singular or (each.kind.lower() if self.cluster.is_modern else ""),
                 "namespaced": each.namespaced, "kind": each.kind, "verbs": list(each.verbs)}
        found |= {"shortNames": list(each.short)} if each.short else {}
        return found | ({"categories": list(each.categories)} if each.categories else {})

    def _subresource(self, each, name):
        group, version, kind = SUBRESOURCE_KINDS.get(name, ("", "", each.kind))
        if name == "eviction" and not self.cluster.is_modern:
            version = "v1beta1"
        found = {"name": f"{each.name}/{name}", "singularName": "", "namespaced": each.namespaced, "kind": kind,
                 "verbs": list(SUBRESOURCE_VERBS[name])}
        return ({"group": group, "version": version} if group else {}) | found

    def aggregated(self, is_core, version):
        """All of /api or /apis in one document."""
        items = [{"metadata": {"name": group} if group else {},
                  "versions": [self._aggregated_version(group, each) for each in versions]}
                 for group, versions in self.groups().items() if (group == "") == is_core]
        return {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{version}", "metadata": {}, "items": items}

    def _aggregated_version(self, group, version):
        resources = []
        for each in self.cluster.kinds.in_version(group, version):
            found = {"resource": each.name, "responseKind": {"group": group, "version": version, "kind": each.kind},
                     "scope": "Namespaced" if each.namespaced else "Cluster", "singularResource": each.singular or each.kind.lower(),
                     "verbs": list(each.verbs)}
            found |= {"shortNames": list(each.short)} if each.short else {}
            found |= {"categories": list(each.categories)} if each.categories else {}
            below = [self._aggregated_sub(each, name, group, version) for name in each.subresources]
            resources.append(found | ({"subresources": below} if below else {}))
        return {"version": version, "resources": resources, "freshness": "Current"}

    def _aggregated_sub(self, each, name, group, version):
        kind = SUBRESOURCE_KINDS.get(name, (group, version, each.kind))
        return {"subresource": name, "responseKind": dict(zip(("group", "version", "kind"), kind)), "verbs": list(SUBRESOURCE_VERBS[name])}


def asked_aggregated(accept):
    """The version of aggregated discovery that an Accept header prefers; None for the old form."""
    for word in accept.split(","):
        parts = {part.strip() for part in word.split(";")}
        if "as=APIGroupDiscoveryList" in parts and "g=apidiscovery.k8s.io" in parts:
            version = next((part[2:] for part in parts if part.startswith("v=")), "")
            if version in ("v2", "v2beta1"):
                return version
        elif "application/json" in parts and len(parts) == 1:
            return None
    return None
