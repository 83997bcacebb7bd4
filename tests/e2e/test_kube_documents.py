"""Every kubectl command of the five documents as a kubectl step, run with the real kubectl, and what it is taken to do to the world."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from world import ROOT, world  # noqa: F401  (the fixture)

sys.path.insert(0, str(ROOT / "tests"))
from kube import kubectl, real  # noqa: E402
from kube.server import KubeServer  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("kubectl") and os.environ.get("CI") != "true", reason="there is no kubectl")


def deployment(name, image):
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: {name.removesuffix("-deployment")}, image: "{image}"}}]}}
---
"""


def service(name, more="", namespace=""):
    place = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}{place}}}\nspec: {{ports: [{{port: 80}}]{more}}}\n---\n"


RABBIT = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: rabbit}
spec:
  serviceName: rabbit
  replicas: 3
  selector: {matchLabels: {app: rabbit}}
  template:
    metadata: {labels: {app: rabbit}}
    spec: {containers: [{name: rabbit, image: "rabbitmq:3.7"}]}
"""
CRON = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: sync-job}
spec:
  schedule: "0 * * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: sync, image: "sync:1"}]}}}}
"""
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: alb-ingress-controller}
rules: [{apiGroups: [""], resources: [services], verbs: [get, list, watch]}]
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: curator}
spec: {defaultBackend: {service: {name: curator, port: {number: 80}}}}
"""
FILES = {
    "data.yaml": deployment("data-dev", "data:1") + service("data"),
    "curator.yaml": deployment("curator-dev", "curator:1") + service("curator"),
    "kustomization.yaml": "resources: [data.yaml, curator.yaml]\n",
    "rbac-role.yaml": ROLE,
    "alb-ingress.controller.yaml": deployment("alb-ingress-controller", "alb:1"),
    "curator-ingress.yaml": INGRESS,
    "configuration-service.yml": deployment("configuration-deployment", "config:1"),
    "rabbit-cluster.yml": RABBIT,
    "iis.yml": deployment("ap-imrt-iis-deployment", "fwsbac/ap-imrt-iis:1"),
    "load-balancer.yml": service("ingress-nginx", ", type: LoadBalancer", "kube-system"),
    "sync-cron.yml": CRON,
    "k8s/jqs.yaml": deployment("jqs", "jqs:1"),
    "k8s/azure.yaml": service("azure-vote-front") + service("azure-vote-back"),
}
POD = "    outputs: {pod: 'items[0].metadata.name'}\n"
STEPS = """
  - {id: nodes, kubectl: get nodes}
  - {id: deployments, kubectl: get deployments}
  - {id: services, kubectl: get services}
  - {id: ingresses, kubectl: get ingress}
  - {id: secrets, kubectl: get secrets}
  - {id: epid, kubectl: apply -f data.yaml -f curator.yaml}
  - {id: kustomized, kubectl: apply -k .}
  - {id: rbac, kubectl: apply -f rbac-role.yaml}
  - {id: ingress, kubectl: apply -f alb-ingress.controller.yaml -f curator-ingress.yaml}
  - {id: curl, kubectl: "run curl --image=radial/busyboxplus:curl"}
  - {id: no_curl, kubectl: delete pod curl}
  - id: restart_curator
    title: Fetch the newest image
    kubectl: rollout restart deployment/curator-dev
    before: {kubectl: {args: [get, deployment/curator-dev], output: json}, outputs: {generation: metadata.generation}}
    done_when: {kubectl: {args: [get, deployment/curator-dev], output: json}, that: metadata.generation > $before.generation, timeout: 1m}
  - {id: configuration, kubectl: apply -f configuration-service.yml}
  - {id: rabbit, kubectl: apply -f rabbit-cluster.yml}
  - {id: rabbit_up, wait_until: {kubectl: {ready: pods, selector: app=rabbit, min: 3}, every: 20ms, timeout: 1m}}
  - {id: iis, kubectl: apply -f iis.yml, verify: {kubectl: {rollout: deployment/ap-imrt-iis-deployment}, every: 20ms, timeout: 1m}}
  - {id: balancer, kubectl: apply -f load-balancer.yml}
  - {id: described, kubectl: describe svc ingress-nginx -n kube-system}
  - id: address
    wait_until:
      kubectl: {loadbalancer: svc/ingress-nginx, namespace: kube-system}
      every: 20ms
      timeout: 1m
      outputs: {host: "not_null(status.loadBalancer.ingress[0].hostname, status.loadBalancer.ingress[0].ip)"}
  - id: iis_pod
    kubectl: {args: get pods --selector app=ap-imrt-iis-deployment, output: json}
    outputs: {name: "items[0].metadata.name"}
  - {id: describe_pod, kubectl: "describe po ${{ $steps.iis_pod.name }}"}
  - {id: read_log, kubectl: "logs ${{ $steps.iis_pod.name }}"}
  - {id: cron, kubectl: apply -f sync-cron.yml}
  - {id: image, kubectl: "set image deployment/ap-imrt-iis-deployment ap-imrt-iis=fwsbac/ap-imrt-iis:${{ $inputs.version }}"}
  - id: patch
    kubectl:
      args: [patch, deployment, ap-imrt-iis-deployment, -p, '{"spec":{"template":{"metadata":{"labels":{"date":"${{ $inputs.version }}"}}}}}']
  - {id: staging, kubectl: create namespace hub-staging}
  - {id: jobmon, kubectl: apply -f k8s/}
  - {id: scaled, kubectl: scale --replicas=3 deployment/jqs}
  - {id: no_front, kubectl: delete service azure-vote-front}
  - {id: no_back, kubectl: delete service azure-vote-back}
"""
# What needs pods that run, or somebody who makes a load balancer: an API server alone has neither.
NEED_NODES = {"rabbit_up", "address", "iis_pod", "describe_pod", "read_log"}
ONCE = {"curl", "no_curl", "restart_curator", "staging", "no_front", "no_back"}
IDEMPOTENT = {"epid", "kustomized", "rbac", "ingress", "configuration", "rabbit", "iis", "balancer", "cron", "image", "patch", "jobmon", "scaled"}


@pytest.fixture(params=["double", "real"])
def server(request):
    """The tests' own, and the real one where RUNBOOK_TEST_KUBE_APISERVER names it."""
    if request.param == "real" and not real.binary():
        pytest.skip("RUNBOOK_TEST_KUBE_APISERVER names no kube-apiserver")
    with KubeServer() if request.param == "double" else real.RealServer() as found:
        yield found


def steps_for(server):
    steps = re.findall(r"^  - (?:.+\n)+?(?=  - |\Z)", STEPS.lstrip("\n"), re.M)
    assert len(steps) > 25
    kept = steps if isinstance(server, KubeServer) else [each for each in steps if re.search(r"id: (\w+)", each)[1] not in NEED_NODES]
    return "".join(kept)


def test_every_kubectl_command_of_the_documents_runs_as_a_step(world, server):  # noqa: F811
    for name, text in FILES.items():
        (world.folder / name).parent.mkdir(exist_ok=True)
        if not isinstance(server, KubeServer):      # of 1.20, and without nodes nothing comes up
            text = text.replace("batch/v1", "batch/v1beta1").replace("spec:\n  selector", "spec:\n  replicas: 0\n  selector")
        world.write(text, name)
    world.write("runbook: documents\ninputs: {version: {default: '2'}}\ntargets: {main: {kubernetes: test}}\ntarget: main\nsteps:\n" + steps_for(server))
    world.env |= server.environment(world.folder)
    ended = world.run()
    assert ended.code == 0, ended
    found = json.loads(subprocess.run(["kubectl", "get", "deployments", "--output=json"], env=world.env, check=True, capture_output=True).stdout)
    deployments = {each["metadata"]["name"]: each["spec"] for each in found["items"]}
    assert deployments["ap-imrt-iis-deployment"]["template"]["spec"]["containers"][0]["image"] == "fwsbac/ap-imrt-iis:2"
    assert deployments["jqs"]["replicas"] == 3
    effects = {step["id"]: step["effect"] for step in world.show()["steps"] if "effect" in step}
    for step, effect in effects.items():
        assert effect == ("once" if step in ONCE else "idempotent" if step in IDEMPOTENT else "read"), (step, effect)
    assert ONCE | IDEMPOTENT <= set(effects)


@pytest.mark.skipif(kubectl.version_of(shutil.which("kubectl") or "false") < (1, 29),
                    reason="exec of a kubectl before 1.29 speaks SPDY, which the tests' API server refuses")
def test_the_sync_job_of_the_documents_is_begun_in_its_pod(world):  # noqa: F811
    world.write(FILES["iis.yml"], "iis.yml")
    world.write("""
runbook: sync
targets: {main: {kubernetes: test}}
target: main
steps:
  - {id: iis, kubectl: apply -f iis.yml}
  - id: pod
    kubectl: {args: get pods --selector app=ap-imrt-iis-deployment, output: json}
    outputs: {name: "items[0].metadata.name"}
  - id: sync
    kubectl: {args: [exec, "${{ $steps.pod.name }}", --, curl, -X, POST, -i, "http://localhost:8080/sync"]}
    outputs: {status: {regex: "HTTP/1.1 (\\\\d+)"}}
""")
    asked = []
    with KubeServer() as server:
        server.on_exec(lambda *words: asked.append(words) or (b"HTTP/1.1 202 Accepted\r\n", b"", 0))
        world.env |= server.environment(world.folder)
        ended = world.run()
        assert ended.code == 0, ended
    assert world.step("sync")["outputs"] == {"status": "202"} and world.step("sync")["effect"] == "once"
    assert len(asked) == 1 and "http://localhost:8080/sync" in str(asked[0])
