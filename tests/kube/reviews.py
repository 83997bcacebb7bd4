"""What a person may do, who they are, and tokens of service accounts."""

import base64
import json
import time

from . import status
from .request import Answer


def answer(server, request):
    found = request.json()
    name = request.resource.name
    if found.get("kind", request.resource.kind) != request.resource.kind:
        raise status.bad_request(f'no kind "{found["kind"]}" is registered for version "{found.get("apiVersion")}"')
    if name == "selfsubjectaccessreviews":
        return _access(server, request, found)
    if name == "selfsubjectrulesreviews":
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        return Answer(201, found | {"status": {"resourceRules": rules, "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                                               "incomplete": False}})
    if name == "selfsubjectreviews":
        return Answer(201, found | {"status": {"userInfo": {"username": request.user,
                                                            "groups": ["system:masters", "system:authenticated"]}}})
    raise status.method_not_allowed()


def _access(server, request, found):
    asked = found.get("spec", {}).get("resourceAttributes") or {}
    if not asked and not found.get("spec", {}).get("nonResourceAttributes"):
        raise status.invalid(request.resource, "", [status.wrong("spec.resourceAttributes", None, "exactly one of nonResourceAttributes or "
                                                                 "resourceAttributes must be specified")])
    is_allowed = not server.access.refusal(asked.get("verb", ""), asked.get("resource", ""), asked.get("namespace"))
    return Answer(201, found | {"metadata": {"creationTimestamp": None}, "status": {"allowed": is_allowed}})


def token(cluster, request):
    account = cluster.rest.existing(request)
    found = request.json() or {}
    seconds = found.get("spec", {}).get("expirationSeconds", 3600)
    if not 600 <= seconds <= 1 << 32:
        limit = "less than 10 minutes" if seconds < 600 else "larger than 2^32 seconds"
        error = status.wrong("spec.expirationSeconds", seconds, f"may not specify a duration {limit}")
        raise status.ApiError(422, "Invalid", f'TokenRequest.authentication.k8s.io "{request.name}" is invalid: {error}', {"causes": []})
    user = f"system:serviceaccount:{request.namespace}:{request.name}"
    claims = {"exp": int(time.time()) + seconds, "sub": user, "uid": account["metadata"]["uid"]}
    made = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)) + ".x"
    cluster.tokens[made] = user
    return Answer(201, {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
                        "metadata": {"name": request.name, "namespace": request.namespace},
                        "spec": found.get("spec", {}) | {"expirationSeconds": seconds},
                        "status": {"token": made, "expirationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(claims["exp"]))}})
