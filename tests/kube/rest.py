"""The verbs: get, list, create, update, patch, delete, in the order of checks that the real server has."""

import base64
import copy
import dataclasses
import json
import random
import time
import uuid

from . import defaults, managers, patch, schema, selectors, status, validation
from .request import Answer

HAS_GENERATION = {"deployments", "replicasets", "statefulsets", "daemonsets", "ingresses", "networkpolicies", "poddisruptionbudgets",
                  "customresourcedefinitions"}
TRIMMED = ("labels", "annotations", "finalizers", "ownerReferences")
UNCONDITIONAL_REFUSED = "must be specified for an update"
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


class Rest:
    def __init__(self, cluster):
        self.cluster, self.store = cluster, cluster.store
        self.chance = random.Random(7)

    # Reading

    def get(self, request):
        return Answer(200, self.written(request, self.existing(request)))

    def existing(self, request):
        found = self.store.get(request.resource.key, request.namespace, request.name)
        if not found:
            raise status.not_found(request.resource, request.name)
        return found

    def written(self, request, found):
        return {"kind": request.resource.kind, "apiVersion": request.resource.api_version(request.version)} | found | {
            "apiVersion": request.resource.api_version(request.version)}

    def selected(self, request):
        by_label, by_field = selectors.labels(request.param("labelSelector")), selectors.fields(request.param("fieldSelector"),
                                                                                                request.resource)
        return lambda found: by_label(found["metadata"].get("labels") or {}) and by_field(found)

    def list(self, request):
        """The objects and the metadata of the list."""
        holds = self.selected(request)
        with self.store.changed:
            self._refuse_future(request.param("resourceVersion"))
            found = [each for each in self.store.list(request.resource.key, request.namespace) if holds(each)]
            meta = {"resourceVersion": str(self.store.revision)}
        return self._page(request, found, meta)

    def _refuse_future(self, version):
        if version and not version.isdigit():
            raise status.ApiError(500, None,
                                  f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')
        if version and int(version) > self.store.revision:
            raise status.ApiError(504, "Timeout", f"Timeout: Too large resource version: {version}, current: {self.store.revision}",
                                  {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                                   "retryAfterSeconds": 1})

    def _page(self, request, found, meta):
        start = 0
        if request.param("continue"):
            token = _continued(request.param("continue"))
            if request.param("resourceVersion", "0") not in ("", "0"):
                raise status.bad_request("specifying resource version is not allowed when using continue")
            if token["rv"] < self.store.oldest:
                raise status.expired("The provided continue parameter is too old to display a consistent list result. You can start a new "
                                     "list without the continue parameter.")
            meta["resourceVersion"] = str(token["rv"])
            start = sum(1 for each in found if _place(each) <= token["start"])
        limit = int(request.param("limit") or 0)
        if limit and len(found) > start + limit:
            token = {"v": "meta.k8s.io/v1", "rv": int(meta["resourceVersion"]), "start": _place(found[start + limit - 1])}
            meta["continue"] = base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
            if not request.param("labelSelector") and not request.param("fieldSelector"):
                meta["remainingItemCount"] = len(found) - start - limit
        return found[start:start + limit] if limit else found[start:], meta

    # Writing

    def decoded(self, request, strict=True):
        """The body as an object of the resource; refuses what is no such object."""
        resource, found = request.resource, request.json()
        wanted = resource.api_version(request.version)
        found.setdefault("apiVersion", wanted)
        if not found.get("kind"):
            found["kind"] = resource.kind
        self._refuse_others(request, found, wanted)
        return self.checked_form(request, found, strict)

    def _refuse_others(self, request, found, wanted):
        """What is of another kind than the path's."""
        resource, version = request.resource, found["apiVersion"].rpartition("/")[2]
        prefix = f'{found["kind"]} in version "{version}" cannot be handled as a {resource.kind}: '
        if not self.cluster.kinds.of_kind(found["apiVersion"], found["kind"]):
            raise status.bad_request(prefix + f'no kind "{found["kind"]}" is registered for version "{found["apiVersion"]}" in scheme '
                                     '"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"')
        if found["kind"] != resource.kind:
            raise status.bad_request(prefix + f"converting ({version}.{found['kind']}) to ({resource.group.partition('.')[0] or 'core'}."
                                     f"{resource.kind}): unknown conversion")
        if found["apiVersion"] != wanted:
            raise status.bad_request(f"the API version in the data ({found['apiVersion']}) does not match the expected API version "
                                     f"({wanted})")

    def checked_form(self, request, found, strict=True, wrap=None):
        resource, decoding = request.resource, schema.Decoding()
        decoding.check(schema.root(resource, request.version), found, holder=resource.kind)
        prefix = f'{resource.kind} in version "{request.version}" cannot be handled as a {resource.kind}: '
        if decoding.wrong:
            raise wrap(decoding.wrong[0]) if wrap else status.bad_request(prefix + decoding.wrong[0])
        if resource.name == "secrets":
            self._refuse_no_base64(found, prefix)
        if decoding.unknown and strict:
            self._unknown(request, decoding.unknown, prefix, wrap)
        return schema.pruned(schema.root(resource, request.version), found) if not resource.keeps_unknown else found

    def _refuse_no_base64(self, found, prefix):
        for value in (found.get("data") or {}).values():
            if not validation.is_base64(value):
                raise status.bad_request(prefix + "illegal base64 data at input byte 0")

    def _unknown(self, request, unknown, prefix, wrap):
        """As fieldValidation says; a server of before 1.25 doesn't know it and drops them silently."""
        if not self.cluster.is_modern:
            return
        mode = request.param("fieldValidation", "Warn") or "Warn"
        texts = [f'unknown field "{path}"' for path in unknown]
        if mode == "Strict":
            error = "strict decoding error: " + ", ".join(texts)
            raise wrap(error) if wrap else status.bad_request(prefix + error)
        if mode == "Warn":
            request.warnings = texts
        elif mode != "Ignore":
            raise status.ApiError(422, "Invalid", f' "" is invalid: fieldValidation: Unsupported value: "{mode}": supported values: '
                                  '"", "Ignore", "Strict", "Warn"', {"causes": []})

    def create(self, request):
        found = self.decoded(request)
        meta = found.setdefault("metadata", {})
        self._place_in_namespace(request, meta)
        if meta.get("generateName") and not meta.get("name"):
            meta["name"] = meta["generateName"] + "".join(self.chance.choice(SUFFIX) for _ in range(5))
        if meta.get("resourceVersion"):
            raise status.ApiError(500, None, "resourceVersion should not be set on objects to be created")
        with self.store.changed:
            stored = self._create(request, found)
        return Answer(201, self.written(request, stored))

    def _create(self, request, found):
        resource, meta = request.resource, found["metadata"]
        self._refuse_terminating(request)
        defaults.fill(resource, found)
        _trim(found)
        if "managedFields" not in meta:
            bare = found if resource.name in ("namespaces", "persistentvolumeclaims") else {key: value for key,
                                                                                            value in found.items() if key != "status"}
            meta["managedFields"] = managers.after_update(schema.root(resource, request.version), {}, bare, managers.manager_of(request),
                                                          resource.api_version(request.version))
        self.born(resource, found)
        self.check(request, found)
        if self.store.get(resource.key, meta.get("namespace"), meta["name"]):
            raise status.already_exists(resource, meta["name"])
        _trim(found)
        return found if request.is_dry_run else self.save(resource, found)

    def check(self, request, found, old=None):
        resource = request.resource
        if resource.name == "ingresses" and not self.cluster.is_modern:
            validation.check(resource, found, old, request.version, shown=dataclasses.replace(resource, group="extensions"))
        else:
            validation.check(resource, found, old, request.version)

    def born(self, resource, found):
        """What a new object has from the server."""
        meta = found["metadata"]
        for key in ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
            meta.pop(key, None)
        meta |= {"uid": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), "creationTimestamp": managers.now()}
        if "status" in resource.subresources or resource.name == "namespaces":
            found.pop("status", None)
            if not resource.is_custom:
                found["status"] = {}
        if self._counts(resource):
            meta["generation"] = 1
        defaults.fill(resource, found)
        defaults.prepare(resource, found, self.cluster.is_modern)
        if resource.name == "pods" and self.cluster.has_controllers:
            found["spec"].setdefault("serviceAccountName", "default")
            found["spec"].setdefault("serviceAccount", found["spec"]["serviceAccountName"])
        self._first_status(resource, found)

    def _counts(self, resource):
        """Whether its spec has generations."""
        return resource.name in HAS_GENERATION or resource.is_custom or resource.name == "cronjobs" and self.cluster.is_modern

    def _first_status(self, resource, found):
        if resource.name == "pods":
            found["status"] = {"phase": "Pending", "qosClass": _quality(found["spec"])}
        elif resource.name == "services":
            found["status"] = {"loadBalancer": {}}
        elif resource.name == "ingresses":
            found["status"] = {"loadBalancer": {}}
        elif resource.name == "persistentvolumeclaims":
            found["status"] = {"phase": "Pending"}
        elif resource.name == "poddisruptionbudgets":
            found["status"] = {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}
        elif resource.name == "customresourcedefinitions":
            stored = [version["name"] for version in found.get("spec", {}).get("versions", []) if version.get("storage")]
            found["status"] = {"acceptedNames": {"plural": "", "kind": ""}, "conditions": None, "storedVersions": stored}
        elif resource.name in ("statefulsets", "replicasets"):
            found["status"] = {"replicas": 0}
        elif resource.name == "daemonsets":
            found["status"] = {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}

    def _place_in_namespace(self, request, meta):
        if not request.resource.namespaced:
            meta.pop("namespace", None)
            return
        if meta.get("namespace", request.namespace) != request.namespace:
            raise status.bad_request("the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = request.namespace

    def _refuse_terminating(self, request):
        if not request.resource.namespaced:
            return
        space = self.store.get(("", "namespaces"), None, request.namespace)
        if not space:
            raise status.not_found(self.cluster.kinds.named("namespaces"), request.namespace)
        if space["metadata"].get("deletionTimestamp"):
            raise status.forbidden(request.resource, request.name or "", f"unable to create new content in namespace {request.namespace} "
                                   "because it is being terminated")

    def save(self, resource, found):
        stored = self.store.put(resource.key, found)
        self.cluster.changed(resource)
        return self.store.get(resource.key, found["metadata"].get("namespace"), found["metadata"]["name"]) or stored

    def update(self, request):
        found = self.decoded(request)
        meta = found.setdefault("metadata", {})
        self._place_in_namespace(request, meta)
        if meta.setdefault("name", request.name) != request.name:
            raise status.bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({request.name})")
        with self.store.changed:
            old = self.existing(request)
            return Answer(200, self.written(request, self.replace(request, old, found)))

    def replace(self, request, old, found, is_applied=False):
        """Puts `found` in the place of `old`, as far as it may change."""
        resource, meta = request.resource, found["metadata"]
        self._refuse_stale(resource, old, meta)
        found = self._kept(request, old, found)
        meta = found["metadata"]
        defaults.fill(resource, found)
        defaults.prepare(resource, found, self.cluster.is_modern)
        self._count(resource, old, found)
        self.check(request, found, old)
        _trim(found)
        if not is_applied:
            meta["managedFields"] = managers.after_update(schema.root(resource, request.version), old, found, managers.manager_of(request),
                                                          resource.api_version(request.version), request.subresource or "")
        _trim(found)
        if _same(found, old) or request.is_dry_run:
            return found if request.is_dry_run else old
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and resource.name not in ("pods", "namespaces"):
            return self.gone(resource, found)
        return self.save(resource, found)

    def _count(self, resource, old, found):
        """Generations."""
        is_changed = found.get("spec") != old.get("spec")
        if resource.name == "deployments":
            is_changed = is_changed or (found["metadata"].get("annotations") or {}) != old["metadata"].get("annotations", {})
        if self._counts(resource):
            found["metadata"]["generation"] = old["metadata"].get("generation", 1) + is_changed
        if resource.name == "daemonsets" and found["spec"]["template"] != old["spec"]["template"]:
            key = "deprecated.daemonset.template.generation"
            found["metadata"]["annotations"] = found["metadata"]["annotations"] | {key: str(int(old["metadata"]["annotations"][key]) + 1)}

    def _refuse_stale(self, resource, old, meta):
        version = meta.get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise status.conflict(resource, old["metadata"]["name"])
        if not version and resource.is_custom:
            error = status.wrong("metadata.resourceVersion", status.Verbatim("0x0"), UNCONDITIONAL_REFUSED)
            raise status.invalid(resource, old["metadata"]["name"], [error])
        uid = meta.get("uid")
        if uid and uid != old["metadata"]["uid"]:
            place = "/".join([resource.name, old["metadata"].get("namespace", ""), old["metadata"]["name"]]).replace("//", "/")
            raise status.conflict(resource, old["metadata"]["name"], f"StorageError: invalid object, Code: 4, Key: /registry/{place}, "
                                  f"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, "
                                  f"UID in object meta: {old['metadata']['uid']}")

    def _kept(self, request, old, found):
        """What a write can't change stays as it was."""
        kept = {key: old["metadata"][key] for key in ("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp",
                                                      "deletionGracePeriodSeconds") if key in old["metadata"]}
        meta = {key: value for key, value in found["metadata"].items() if key not in ("selfLink", "deletionTimestamp")} | kept
        if request.subresource == "status":
            return copy.deepcopy(old) | {"status": found.get("status", {})}
        if "status" in request.resource.subresources and "status" in old:
            found = found | {"status": old["status"]}
        elif "status" in request.resource.subresources:
            found = {key: value for key, value in found.items() if key != "status"}
        if request.resource.name == "services" and not found["spec"].get("clusterIP") and found["spec"].get("type") != "ExternalName":
            found["spec"] |= {key: old["spec"][key] for key in ("clusterIP", "clusterIPs") if key in old["spec"]}
            _keep_node_ports(found["spec"], old["spec"])
        if request.resource.name == "jobs" and "selector" not in found["spec"]:
            found["spec"]["selector"] = old["spec"].get("selector")
        return found | {"metadata": meta, "kind": old["kind"], "apiVersion": old["apiVersion"]}

    # Patches

    def patch(self, request):
        kind = request.content_type()
        kinds = [patch.JSON, patch.MERGE] + ([] if request.resource.is_custom else [patch.STRATEGIC]) + [patch.APPLY]
        if kind not in kinds:
            raise status.ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
        if kind != patch.APPLY and request.param("force"):
            raise status.invalid_option("PatchOptions", status.not_allowed("force", "may not be specified for non-apply patch"))
        change = patch.parse(request.body, kind)
        with self.store.changed:
            if kind == patch.APPLY:
                return self._apply(request, change)
            old = self.existing(request)
            found = self._patched(request, old, change, kind)
            return Answer(200, self.written(request, self.replace(request, old, found)))

    def _patched(self, request, old, change, kind):
        before = copy.deepcopy(old) | {"apiVersion": request.resource.api_version(request.version)}
        if kind == patch.JSON:
            found = patch.json_patch(before, change)
        elif kind == patch.MERGE:
            found = patch.merge(before, change)
        else:
            found = patch.strategic(before, change, schema.root(request.resource, request.version))
        if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
            raise status.ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})
        found = self.checked_form(request, schema.without_nulls(found), wrap=lambda why: patch.invalid_document(request.body, why))
        name = found["metadata"].get("name", "")
        if name != request.name:
            raise status.bad_request(f"the name of the object ({name}) does not match the name on the URL ({request.name})")
        space = found["metadata"].get("namespace", "")
        if space != (request.namespace or ""):
            raise status.bad_request(f"the namespace of the object ({space}) does not match the namespace on the request "
                                     f"({request.namespace or ''})")
        return found

    def _apply(self, request, wanted):
        resource = request.resource
        if not request.param("fieldManager"):
            raise status.invalid_option("PatchOptions", status.required("fieldManager", "is required for apply patch"))
        wanted = self._applied_form(request, wanted)
        live = self.store.get(resource.key, request.namespace, request.name)
        node = schema.root(resource, request.version)
        if live and wanted["metadata"].get("resourceVersion", live["metadata"]["resourceVersion"]) != live["metadata"]["resourceVersion"]:
            raise status.conflict(resource, request.name)
        base = copy.deepcopy(live) if live else {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": {}}
        found = managers.apply(node, base, wanted, request.param("fieldManager"), resource.api_version(request.version),
                               request.flag("force") if "force" in request.query else False, request.subresource or "")
        if live:
            found["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
            return Answer(200, self.written(request, self.replace(request, live, found, is_applied=True)))
        return Answer(201, self.written(request, self._create(request, found)))

    def _applied_form(self, request, wanted):
        resource = request.resource
        for key, expected in (("apiVersion", resource.api_version(request.version)), ("kind", resource.kind)):
            if not wanted.get(key):
                raise status.ApiError(500, None, "failed to create typed patch object: no corresponding type for "
                                      f"{wanted.get('apiVersion', '')}, Kind={wanted.get('kind', '')}")
            if wanted[key] != expected:
                raise status.bad_request(f"the API version in the data ({wanted['apiVersion']}) does not match the expected API version "
                                         f"({resource.api_version(request.version)})")
        wanted = schema.without_nulls(wanted)
        meta = wanted.setdefault("metadata", {})
        if "managedFields" in meta:
            raise status.bad_request("metadata.managedFields must be nil")
        if meta.setdefault("name", request.name) != request.name:
            raise status.bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({request.name})")
        self._place_in_namespace(request, meta)
        decoding = schema.Decoding()
        decoding.check(schema.root(resource, request.version), wanted, holder=resource.kind)
        if decoding.unknown or decoding.wrong:
            place = f" ({request.namespace or ''}/{request.name}; {wanted['apiVersion']}, Kind={wanted['kind']})"
            place = place if self.cluster.is_modern else ""
            why = f".{decoding.unknown[0]}: field not declared in schema" if decoding.unknown else decoding.wrong[0]
            raise status.ApiError(500, None, f"failed to create typed patch object{place}: {why}")
        return wanted

    # Deleting

    def delete(self, request):
        options = self._options(request)
        with self.store.changed:
            found = self.existing(request)
            self._refuse_preconditions(request.resource, found, options)
            details = self._deletion_details(request.resource, found)
            left = found if request.is_dry_run or options.get("dryRun") else self.remove(request.resource, found, options)
        if left is None and request.resource.name == "pods":
            ended = {"deletionTimestamp": managers.now(), "deletionGracePeriodSeconds": 0}
            left = found | {"metadata": found["metadata"] | ended}
        if left is not None and not request.is_dry_run:
            return Answer(200, self.written(request, left))
        return Answer(200, status.success(details))

    def _options(self, request):
        options = request.json() or {}
        for key in ("propagationPolicy",):
            if request.param(key):
                options[key] = request.param(key)
        if request.param("gracePeriodSeconds"):
            options["gracePeriodSeconds"] = int(request.param("gracePeriodSeconds"))
        policy = options.get("propagationPolicy")
        if policy not in (None, "Orphan", "Background", "Foreground"):
            raise status.invalid_option("DeleteOptions",
                                        status.unsupported("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil")))
        return options

    def _refuse_preconditions(self, resource, found, options):
        wanted = options.get("preconditions") or {}
        if wanted.get("uid", found["metadata"]["uid"]) != found["metadata"]["uid"]:
            raise status.not_the_same(resource, found, wanted["uid"])
        version = found["metadata"]["resourceVersion"]
        if wanted.get("resourceVersion", version) != version:
            raise status.conflict(resource, found["metadata"]["name"], "the ResourceVersion in the precondition "
                                  f"({wanted['resourceVersion']}) does not match the ResourceVersion in record ({version}). "
                                  "The object might have been modified")

    def _deletion_details(self, resource, found):
        group = {"group": resource.group} if resource.group else {}
        return {"name": found["metadata"]["name"]} | group | {"kind": resource.name, "uid": found["metadata"]["uid"]}

    def remove(self, resource, found, options=None):
        """Deletes, or begins to; returns what is left of the object."""
        options, meta = options or {}, dict(found["metadata"])
        finalizers = [each for each in meta.get("finalizers", []) if each not in ("orphan", "foregroundDeletion")]
        policy = options.get("propagationPolicy", "Orphan" if options.get("orphanDependents") else "Background")
        finalizers += {"Orphan": ["orphan"], "Foreground": ["foregroundDeletion"]}.get(policy, [])
        grace = options.get("gracePeriodSeconds", found.get("spec", {}).get("terminationGracePeriodSeconds",
                                                                            30)) if resource.name == "pods" else 0
        is_over = found.get("status", {}).get("phase") in ("Succeeded", "Failed")
        is_running = resource.name == "pods" and found["spec"].get("nodeName") and not is_over
        is_graceful = is_running and grace
        if not finalizers and not is_graceful and resource.name != "namespaces":
            self.gone(resource, found)
            return None
        meta |= {"finalizers": finalizers} if finalizers else {}
        if "generation" in meta and "deletionTimestamp" not in meta:
            meta["generation"] += 1
        meta.setdefault("deletionTimestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + (grace or 0))))
        meta["deletionGracePeriodSeconds"] = min(grace or 0, meta.get("deletionGracePeriodSeconds", grace or 0))
        changed = found | {"metadata": meta}
        if resource.name == "namespaces":
            meta.pop("deletionGracePeriodSeconds")
            changed["status"] = found.get("status", {}) | {"phase": "Terminating"}
        stored = self.store.put(resource.key, changed)
        self.cluster.changed(resource)
        return stored

    def gone(self, resource, found):
        stored = self.store.remove(resource.key, found)
        self.cluster.removed(resource, stored)
        return stored

    def delete_collection(self, request):
        options = self._options(request)
        with self.store.changed:
            found, meta = self.list(request)
            if not request.is_dry_run:
                for each in found:
                    if self.store.get(request.resource.key, each["metadata"].get("namespace"), each["metadata"]["name"]):
                        self.remove(request.resource, each, options)
        return found, meta


def _trim(found):
    """Empty maps and lists are nothing in what is stored."""
    for key in (*TRIMMED, "managedFields"):
        if not found["metadata"].get(key, True):
            del found["metadata"][key]
    if found.get("data", True) in ({}, None):
        del found["data"]


def _keep_node_ports(new, old):
    known = {port.get("name", ""): port.get("nodePort") for port in old.get("ports", [])}
    if new.get("type") in ("NodePort", "LoadBalancer"):
        for port in new.get("ports", []):
            if known.get(port.get("name", "")):
                port.setdefault("nodePort", known[port.get("name", "")])


def _place(found):
    return f"{found['metadata'].get('namespace', '')}/{found['metadata']['name']}"


def _continued(token):
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError as error:
        raise status.bad_request(f"invalid continue token: continue key is not valid: {error}") from error


def _same(new, old):
    def bare(found):
        meta = {key: value for key, value in found["metadata"].items() if key not in ("managedFields", "resourceVersion")}
        return found | {"metadata": meta, "managers": [_timeless(each) for each in found["metadata"].get("managedFields", [])]}
    return bare(new) == bare(old)


def _timeless(entry):
    return {key: value for key, value in entry.items() if key != "time"}


def _quality(spec):
    resources = [container.get("resources", {}) for container in spec.get("containers", [])]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    full = all(each.get("limits", {}).keys() >= {"cpu", "memory"} and each.get("limits") == each.get("requests") for each in resources)
    return "Guaranteed" if full else "Burstable"
