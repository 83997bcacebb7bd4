"""What the API refuses though its form is right: names, missing members, what can't change."""

import base64
import binascii
import re

from . import schema, selectors
from .status import Verbatim, duplicate, go_selector, go_value, invalid, not_allowed, required, unsupported, wrong

LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
SERVICE = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
PATH = re.compile(r"^[^/%]+$")
KEY = re.compile(r"^[-._a-zA-Z0-9]+$")

LABEL_WORDS = ("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
               "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
SERVICE_WORDS = ("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end "
                 "with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
                 "'[a-z]([-a-z0-9]*[a-z0-9])?')")
SUBDOMAIN_WORDS = ("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
                   "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                   "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
KEY_WORDS = ("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
             "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')")


def check(resource, found, old=None, version=None, shown=None):
    """Raises Invalid with everything that is wrong; `shown` is the resource that it names."""
    errors = list(_metadata(resource, found["metadata"], old))
    errors += [required(path) for path in schema.missing(schema.root(resource, version), found)]
    errors += CHECKS.get(resource.full_name, lambda found: ())(found)
    if old:
        errors += FIXED.get(resource.full_name, lambda new, old: ())(found, old)
    if errors:
        raise invalid(shown or resource, found["metadata"].get("name", ""), errors)


def _metadata(resource, metadata, old):
    if not metadata.get("name"):
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from _name(resource, metadata["name"])
    yield from labels(metadata.get("labels"), "metadata.labels")
    for key in metadata.get("annotations") or {}:
        if not selectors.NAME.match(key.lower()):
            yield wrong("metadata.annotations", key, selectors.NAME_WORDS)
    for index, each in enumerate(metadata.get("finalizers") or []):
        if "/" not in each and each not in ("orphan", "foregroundDeletion", "kubernetes"):
            yield wrong(f"metadata.finalizers[{index}]", each, "name is neither a standard finalizer name nor is it fully qualified")
    if old:
        for field in ("uid", "creationTimestamp"):
            if metadata.get(field) != old["metadata"].get(field):
                yield wrong(f"metadata.{field}", metadata.get(field), "field is immutable")


def _name(resource, name):
    pattern, words, limit = SUBDOMAIN, SUBDOMAIN_WORDS, 253
    if resource.name == "namespaces":
        pattern, words, limit = LABEL, LABEL_WORDS, 63
    elif resource.name == "services":
        pattern, words, limit = SERVICE, SERVICE_WORDS, 63
    elif resource.group == "rbac.authorization.k8s.io":
        pattern, words = PATH, "may not contain '/' or '%'"
    if len(name) > limit:
        yield wrong("metadata.name", name, f"must be no more than {limit} characters")
    elif not pattern.match(name):
        yield wrong("metadata.name", name, words)


def labels(found, path):
    for key, value in (found or {}).items():
        if not selectors.NAME.match(key):
            yield wrong(path, key, selectors.NAME_WORDS)
        elif not selectors.VALUE.match(value):
            yield wrong(path, value, selectors.VALUE_WORDS if len(value) < 64 else "must be no more than 63 characters")


# Pods

def _pod_spec(spec, path, restart=("Always", "OnFailure", "Never")):
    if "containers" in spec and not spec["containers"]:
        return
    volumes = {volume.get("name") for volume in spec.get("volumes", [])}
    for kind in ("initContainers", "containers"):
        names = set()
        for index, container in enumerate(spec.get(kind, [])):
            yield from _container(container, f"{path}.{kind}[{index}]", names, volumes)
    if spec.get("restartPolicy") not in restart and len(restart) == 2:
        yield required(f"{path}.restartPolicy", "valid values: " + ", ".join(f'"{each}"' for each in restart))
    elif spec.get("restartPolicy") not in restart:
        yield unsupported(f"{path}.restartPolicy", spec.get("restartPolicy"), restart)
    if spec.get("dnsPolicy") not in ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"):
        yield unsupported(f"{path}.dnsPolicy", spec.get("dnsPolicy"), ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"))


def _container(container, path, names, volumes):
    name = container.get("name", "")
    if name and not LABEL.match(name):
        yield wrong(f"{path}.name", name, LABEL_WORDS)
    if name in names:
        yield duplicate(f"{path}.name", name)
    names.add(name)
    if not container.get("image"):
        yield required(f"{path}.image")
    if container.get("imagePullPolicy") not in ("Always", "IfNotPresent", "Never"):
        yield unsupported(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never"))
    for index, port in enumerate(container.get("ports", [])):
        if "containerPort" in port and not 0 < port["containerPort"] < 65536:
            yield wrong(f"{path}.ports[{index}].containerPort", port["containerPort"], "must be between 1 and 65535, inclusive")
        if port.get("protocol") not in ("SCTP", "TCP", "UDP"):
            yield unsupported(f"{path}.ports[{index}].protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
    for index, mount in enumerate(container.get("volumeMounts", [])):
        if mount.get("name") and mount["name"] not in volumes:
            yield _missing_volume(f"{path}.volumeMounts[{index}].name", mount["name"])


def _missing_volume(path, name):
    error = wrong(path, name, "")
    error.reason, error.message = "FieldValueNotFound", f'Not found: "{name}"'
    return error


def _pod(found):
    return _pod_spec(found["spec"], "spec")


def _template(found, restart=("Always",), path="spec.template"):
    template = found["spec"].get("template", {})
    yield from labels(template.get("metadata", {}).get("labels"), f"{path}.labels")
    if "spec" in template:
        yield from _pod_spec(template["spec"], f"{path}.spec", restart)
    elif path == "spec.template":
        yield required(f"{path}.spec.containers")


def _selecting(found):
    """Workloads select the pods of their template."""
    spec = found["spec"]
    selector, labelled = spec.get("selector"), spec.get("template", {}).get("metadata", {}).get("labels") or {}
    if selector is not None and not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield wrong("spec.selector", go_selector(selector), "empty selector is invalid for deployment")
    if selector is None or not selectors.matches(selector, labelled):
        yield wrong("spec.template.metadata.labels", labelled, "`selector` does not match template `labels`")
    yield from _counts(spec)
    yield from _template(found)


def _counts(spec):
    for name in ("replicas", "minReadySeconds", "revisionHistoryLimit", "parallelism", "completions", "backoffLimit"):
        if isinstance(spec.get(name), int) and spec[name] < 0:
            yield wrong(f"spec.{name}", spec[name], "must be greater than or equal to 0")


def _deployment(found):
    yield from _selecting(found)
    kind = found["spec"].get("strategy", {}).get("type")
    if kind not in ("Recreate", "RollingUpdate"):
        struct = Verbatim(f'apps.DeploymentStrategy{{Type:{go_value(kind)}, RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}}')
        yield unsupported("spec.strategy", struct, ("Recreate", "RollingUpdate"))
    elif kind == "Recreate" and found["spec"]["strategy"].get("rollingUpdate"):
        yield not_allowed("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")


def _job(found):
    yield from _counts(found["spec"])
    yield from _template(found, ("OnFailure", "Never"))


SCHEDULE = re.compile(r"^(@(yearly|annually|monthly|weekly|daily|hourly)|@every \S+|\S+( \S+){4})$")


def _cron_job(found):
    spec = found["spec"]
    if spec.get("schedule") and not SCHEDULE.match(spec["schedule"].strip()):
        count = len(spec["schedule"].split())
        yield wrong("spec.schedule", spec["schedule"], f"Expected exactly 5 fields, found {count}: {spec['schedule']}")
    template = spec.get("jobTemplate", {}).get("spec", {})
    if "template" in template:
        yield from _template({"spec": template}, ("OnFailure", "Never"), "spec.jobTemplate.spec.template")
    if spec.get("concurrencyPolicy") not in ("Allow", "Forbid", "Replace"):
        yield unsupported("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))


def _service(found):
    spec = found["spec"]
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if spec.get("type") not in kinds:
        yield unsupported("spec.type", spec.get("type"), kinds)
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield required("spec.externalName")
    elif not spec.get("ports") and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    names = set()
    for index, port in enumerate(spec.get("ports", [])):
        path = f"spec.ports[{index}]"
        if len(spec["ports"]) > 1 and not port.get("name"):
            yield required(f"{path}.name")
        if port.get("name") and port["name"] in names:
            yield duplicate(f"{path}.name", port["name"])
        names.add(port.get("name"))
        if "port" in port and not 0 < port["port"] < 65536:
            yield wrong(f"{path}.port", port["port"], "must be between 1 and 65535, inclusive")
        if isinstance(port.get("targetPort"), int) and not 0 < port["targetPort"] < 65536:
            yield wrong(f"{path}.targetPort", port["targetPort"], "must be between 1 and 65535, inclusive")
        if port.get("nodePort") and not 30000 <= port["nodePort"] <= 32767:
            yield wrong(f"{path}.nodePort", port["nodePort"],
                        "provided port is not in the valid range. The range of valid ports is 30000-32767")


def _keys(found):
    for field in ("data", "binaryData"):
        for key in found.get(field) or {}:
            if not KEY.match(key):
                yield wrong(f"{field}[{key}]", key, KEY_WORDS)


def _secret(found):
    yield from _keys(found)
    needed = {"kubernetes.io/tls": ("tls.crt", "tls.key"), "kubernetes.io/dockerconfigjson": (".dockerconfigjson",)}
    for key in needed.get(found.get("type"), ()):
        if key not in (found.get("data") or {}):
            yield required(f"data[{key}]")


def is_base64(value):
    try:
        base64.b64decode(value, validate=True)
        return True
    except (binascii.Error, ValueError):
        return False


def _ingress(found):
    spec = found.get("spec", {})
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield wrong("spec", Verbatim("[]networking.IngressRule(nil)"), "either `defaultBackend` or `rules` must be specified")
    for number, rule in enumerate(spec.get("rules", [])):
        for index, path in enumerate(rule.get("http", {}).get("paths", [])):
            where = f"spec.rules[{number}].http.paths[{index}]"
            if not path.get("pathType"):
                yield required(f"{where}.pathType", "pathType must be specified")
            elif path["pathType"] in ("Exact", "Prefix") and not path.get("path", "").startswith("/"):
                yield wrong(f"{where}.path", path.get("path", ""), "must be an absolute path")


def _definition(found):
    spec, name = found.get("spec", {}), found["metadata"].get("name", "")
    wanted = f"{spec.get('names', {}).get('plural', '')}.{spec.get('group', '')}"
    if name != wanted:
        yield wrong("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    for index, version in enumerate(spec.get("versions", [])):
        if not version.get("schema", {}).get("openAPIV3Schema"):
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")


CHECKS = {"pods": _pod, "deployments.apps": _deployment, "replicasets.apps": _selecting, "statefulsets.apps": _selecting,
          "daemonsets.apps": _selecting, "jobs.batch": _job, "cronjobs.batch": _cron_job, "services": _service, "configmaps": _keys,
          "secrets": _secret, "ingresses.networking.k8s.io": _ingress, "customresourcedefinitions.apiextensions.k8s.io": _definition}


# What can't change

def _fixed(*names):
    def check_fields(new, old):
        for name in names:
            before, after = old.get("spec", {}).get(name), new.get("spec", {}).get(name)
            if before != after:
                shown = {"selector": go_selector, "template": lambda _: Verbatim("core.PodTemplateSpec{...}")}.get(name,
                                                                                                                   lambda value: value)
                yield wrong(f"spec.{name}", shown(after) if after else after, "field is immutable")
    return check_fields


def _fixed_pod(new, old):
    def frozen(found):
        spec = {key: value for key, value in found["spec"].items()
                if key not in ("activeDeadlineSeconds", "tolerations", "ephemeralContainers",
                                                                                  "terminationGracePeriodSeconds")}
        for kind in ("containers", "initContainers"):
            spec[kind] = [each | {"image": ""} for each in spec.get(kind, [])]
        return spec
    if frozen(new) != frozen(old):
        yield not_allowed("spec",
                          "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
                          "`spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)")


def _fixed_stateful_set(new, old):
    allowed = ("replicas", "template", "updateStrategy", "revisionHistoryLimit")
    if any(new["spec"].get(key) != old["spec"].get(key) for key in {*new["spec"], *old["spec"]} if key not in allowed):
        yield not_allowed("spec",
                          "updates to statefulset spec for fields other than 'replicas', 'template', and 'updateStrategy' are forbidden")


def _fixed_service(new, old):
    before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if before and after != before and "ExternalName" not in (old["spec"]["type"], new["spec"]["type"]):
        yield wrong("spec.clusterIPs[0]", [after or ""], "may not change once set")


def _fixed_type(new, old):
    if new.get("type") != old.get("type"):
        yield wrong("type", new.get("type"), "field is immutable")
    yield from _fixed_data(new, old)


def _fixed_data(new, old):
    if old.get("immutable") and (new.get("data"), new.get("binaryData")) != (old.get("data"), old.get("binaryData")):
        yield not_allowed("data", "field is immutable when `immutable` is set")


def _fixed_role(new, old):
    if new.get("roleRef") != old.get("roleRef"):
        ref = new.get("roleRef", {})
        yield wrong("roleRef", _role_ref(ref), "cannot change roleRef")


def _role_ref(ref):
    return Verbatim(f'rbac.RoleRef{{APIGroup:"{ref.get("apiGroup", "")}", Kind:"{ref.get("kind", "")}", Name:"{ref.get("name", "")}"}}')


FIXED = {"deployments.apps": _fixed("selector"), "replicasets.apps": _fixed("selector"), "daemonsets.apps": _fixed("selector"),
         "jobs.batch": _fixed("completions", "selector", "template"), "statefulsets.apps": _fixed_stateful_set, "pods": _fixed_pod,
         "services": _fixed_service, "secrets": _fixed_type, "configmaps": _fixed_data,
         "rolebindings.rbac.authorization.k8s.io": _fixed_role, "clusterrolebindings.rbac.authorization.k8s.io": _fixed_role}
