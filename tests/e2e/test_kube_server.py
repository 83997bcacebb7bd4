"""The tests' own Kubernetes API server (tests/kube), judged by real kubectls and by exchanges that a real kube-apiserver had. With
RUNBOOK_TEST_KUBE_APISERVER the same commands and exchanges go to that one too."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys

import pytest

from world import ROOT, until

sys.path.insert(0, str(ROOT / "tests"))

from kube import exchanges, exec_, kubectl, real  # noqa: E402
from kube.server import KubeServer  # noqa: E402

MODERN = (1, 29)      # exec by WebSocket, `create token`, `events`, ...


class Kubectl:
    """A real kubectl in a folder of its own, with the kubeconfig of a server."""

    def __init__(self, path, folder, server, **options):
        self.path, self.folder, self.version = path, folder, kubectl.version_of(path)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("KUBE")} | server.environment(folder, **options)

    def point_at(self, server):
        """Another server than the one it was made with."""
        (self.folder / "kubeconfig").unlink()
        self.env |= server.environment(self.folder)

    def write(self, name, *objects):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}))

    def __call__(self, *words, stdin=None, timeout=180):
        done = subprocess.run([self.path, *words], env=self.env, cwd=self.folder, capture_output=True, text=True, input=stdin,
                              timeout=timeout)
        return done.returncode, done.stdout + done.stderr

    def says(self, command, pattern="", code=0, **options):
        """The output, which must match."""
        words = command if isinstance(command, list) else command.split()
        found, text = self(*words, **options)
        assert found == code and re.search(pattern, text, re.S), f"kubectl {words}\nexit {found}, wanted {code}\n{text}\nwanted: {pattern}"
        return text

    def start(self, *words):
        return subprocess.Popen([self.path, *words], env=self.env, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)


@pytest.fixture
def server():
    with KubeServer() as found:
        yield found


@pytest.fixture(params=["machine", "debian"])
def kube(request, tmp_path, server):
    return Kubectl(kubectl.path_of(request.param), tmp_path, server)


@pytest.fixture(params=["machine", "debian"] if os.environ.get("RUNBOOK_EXHAUST") else ["machine"])
def either(request, tmp_path, server):
    """Where the server matters more than which kubectl asks."""
    return Kubectl(kubectl.path_of(request.param), tmp_path, server)


@pytest.fixture
def newest(tmp_path, server):
    found = Kubectl(kubectl.path_of("machine"), tmp_path, server)
    if found.version < MODERN:
        pytest.skip(f"kubectl {found.version} is older than {MODERN}")
    return found


@pytest.fixture(scope="session")
def real_server():
    if not real.binary():
        pytest.skip("RUNBOOK_TEST_KUBE_APISERVER names no kube-apiserver")
    with real.RealServer() as found:
        yield found


@pytest.fixture(params=["double", "real"])
def judged(request):
    """The double, and the real one where there is one."""
    return request.getfixturevalue({"double": "server", "real": "real_server"}[request.param])


def workload(name, image="nginx:1", kind="Deployment", replicas=2, **spec):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": image, "ports": [{"containerPort": 80}]}]}}
    counted = {} if kind == "DaemonSet" else {"replicas": replicas}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels},
            "spec": counted | {"selector": {"matchLabels": labels}, "template": template} | spec}


def service(name, kind="ClusterIP", **meta):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name} | meta,
            "spec": {"type": kind, "selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}}


def ingress(name):
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
            "spec": {"rules": [{"host": f"{name}.example.org", "http": {"paths": [path]}}]}}


def plain(kind, name, **more):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}} | more


def rbac(name):
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["endpoints"], "verbs": ["get"]}
    return (plain("ServiceAccount", name),
            {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": name}, "rules": [rule]},
            {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": name},
             "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
             "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}]})


def cron(name, api="batch/v1"):
    pod = {"restartPolicy": "OnFailure", "containers": [{"name": name, "image": "curl:1"}]}
    return {"apiVersion": api, "kind": "CronJob", "metadata": {"name": name},
            "spec": {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}}}


# The recorded exchanges

@pytest.mark.parametrize("path", exchanges.files(), ids=lambda path: path.stem)
def test_the_double_answers_as_the_real_one_did(path):
    with KubeServer(version="v1.20.2", controllers=False) as double:
        answers_as_recorded(path, double)


@pytest.mark.parametrize("path", exchanges.files(), ids=lambda path: path.stem)
def test_the_real_one_still_answers_as_recorded(path):
    if not real.binary():
        pytest.skip("RUNBOOK_TEST_KUBE_APISERVER names no kube-apiserver")
    with real.RealServer(controllers=False) as found:
        answers_as_recorded(path, found)


def answers_as_recorded(path, asked):
    client, wrong = exchanges.Client(asked), []
    for exchange in exchanges.read(path):
        code, answer = client.ask(exchange)
        answer, recorded = exchanges.normalized(answer), exchange["answer"]
        mine, its = exchanges.comparable(answer, exchange, recorded), exchanges.comparable(recorded, exchange, answer)
        if (code, mine) != (exchange["status"], its):
            wrong.append(f"{exchange['name']}\n  recorded {exchange['status']} {json.dumps(its)}\n  answered {code} {json.dumps(mine)}")
    assert not wrong, "\n".join(wrong)


# The commands of the documents

def test_every_command_of_the_documents(kube, server):
    server.set_logs(["Starting", "Synced 12 items"], "iis")
    server.on_exec(lambda pod, container, words, stdin: ("encrypted\n", "", 0) if words[0] == "curl" else None)
    written = {"data.yaml": [workload("data-dev"), service("data")], "curator.yaml": [workload("curator-dev"), service("curator")],
               "rbac-role.yaml": rbac("alb"), "alb-ingress.controller.yaml": [workload("alb-ingress-controller")],
               "curator-ingress.yaml": [ingress("curator")], "configuration-service.yml": [workload("configuration-deployment")],
               "rabbitmq_rbac.yml": rbac("rabbitmq"),
               "rabbit-cluster.yml": [workload("rabbitmq", kind="StatefulSet", serviceName="rabbitmq")],
               "iis.yml": [workload("ap-imrt-iis-deployment")], "iss.yml": [workload("ap-imrt-iss-deployment")],
               "imrt-ingress.yml": [ingress("imrt")], "default-backend.yaml": [workload("default-backend")],
               "nginx-controller.yml": [workload("nginx-controller")], "sync-cron.yml": [cron("sync")],
               "load-balancer.yml": [service("ingress-nginx", "LoadBalancer", namespace="kube-system")],
               "k8s/jqs.yaml": [workload("jqs", replicas=1)], "k8s/front.yaml": [service("azure-vote-front"), service("azure-vote-back")],
               "kustomization.yaml": [{"resources": ["front.json"], "secretGenerator": [{"name": "token", "literals": ["a=b"]}]}],
               "front.json": [service("azure-front-end")]}
    for name, objects in written.items():
        kube.write(name, *objects)
    kube.says("apply -f data.yaml -f curator.yaml",
              "deployment.apps/data-dev created.*service/data created.*deployment.apps/curator-dev created")
    kube.says("get deployments", r"NAME +READY +UP-TO-DATE +AVAILABLE +AGE\ncurator-dev +2/2 +2 +2 .*\ndata-dev +2/2")
    kube.says("get pods", r"curator-dev-\w+-\w+ +1/1 +Running +0")
    kube.says("get services", r"curator +ClusterIP +10\.0\.\d+\.\d+ +<none> +80/TCP")
    kube.says("get ingress", "No resources found in default namespace")
    kube.says("apply -k .", "secret/token-.* created.*service/azure-front-end created")
    kube.says("get secrets", r"token-\w+ +Opaque +1")
    kube.says("rollout restart deployment/curator-dev", "deployment.apps/curator-dev restarted")
    kube.says("rollout restart deployment/data-dev", "deployment.apps/data-dev restarted")
    kube.says("apply -f rbac-role.yaml", "serviceaccount/alb created\nrole.rbac.*created\nrolebinding")
    kube.says("apply -f alb-ingress.controller.yaml -f curator-ingress.yaml", "ingress.networking.k8s.io/curator created")
    kube.says("get ingress", r"curator +<none> +curator.example.org +ingress.elb.example.org +80")
    for name in ("configuration-service.yml", "rabbitmq_rbac.yml", "rabbit-cluster.yml", "iis.yml", "iss.yml", "imrt-ingress.yml",
                 "default-backend.yaml", "nginx-controller.yml", "load-balancer.yml"):
        kube.says(f"apply -f {name}", "created")
    kube.says("get po", r"rabbitmq-0 +1/1 +Running.*\nrabbitmq-1 +1/1 +Running")
    kube.says("describe svc ingress-nginx -n kube-system", r"LoadBalancer Ingress: +ingress-nginx.elb.example.org")
    pod = server.pods("ap-imrt-iis")[0]
    kube.says(f"describe po {pod}", r"Image: +nginx:1")
    if kube.version >= MODERN:
        kube.says(f"exec {server.pods('configuration')[0]} -- curl http://localhost:8888/encrypt -d Test", "^encrypted\n$")
        kube.says(f"exec {pod} -- curl -X POST -i http://localhost:8080/sync", "encrypted")
    else:
        kube.says(f"exec {pod} -- curl -X POST -i http://localhost:8080/sync",
                  "speaks no SPDY/3.1: it has exec by WebSocket alone|unable to upgrade", 1)
    kube.says(f"logs {pod}", "^Starting\nSynced 12 items\n$")
    kube.says("apply -f sync-cron.yml", "cronjob.batch/sync created" if kube.version >= MODERN else "created")
    kube.says("set image deployment/ap-imrt-iis-deployment ap-imrt-iis-deployment=fwsbac/ap-imrt-iis:2", "image updated")
    date = json.dumps({"spec": {"template": {"metadata": {"labels": {"date": "1"}}}}})
    kube.says(["patch", "deployment", "ap-imrt-iis-deployment", "-p", date], "patched")
    kube.says("apply -f k8s/", "azure-vote-back created\ndeployment.apps/jqs created")
    kube.says("scale --replicas=3 deployment/jqs", "scaled")
    assert len(re.findall("Running", kube.says("get pods -l app=jqs"))) == 3
    kube.says("delete service azure-vote-front", 'service "azure-vote-front" deleted')
    kube.says("get nodes", r"node-1 +Ready.*v1\.32\.4\nnode-2 +Ready")
    kube.says("run curl --image=radial/busyboxplus:curl", "pod/curl created")
    kube.says("delete pod curl", 'pod "curl" deleted')


# The verbs of the issue's table

def test_verbs_that_read(kube, server):
    server.set_logs(["one", "two"], "web")
    kube.write("web.yaml", workload("web"), service("web"))
    kube.says("apply -f web.yaml", "created")
    kube.says("get all", r"pod/web-.*service/web.*deployment.apps/web.*replicaset.apps/web-")
    kube.says("get deployment web -o jsonpath={.status.readyReplicas}", "^2$")
    kube.says("get deployment web -o name", "^deployment.apps/web\n$")
    kube.says("get deployment none", r'deployments.apps "none" not found', 1)
    kube.says("describe deployment web", r"2 desired \| 2 updated \| 2 total \| 2 available.*ScalingReplicaSet")
    kube.says("logs deployment/web", "one\ntwo")
    kube.says("top pods", r"web-\w+-\w+ +12m +34Mi")
    kube.says("version", "v1.32.4")
    changed = workload("web", "nginx:2")
    kube.write("changed.yaml", changed, service("web"))
    kube.says("diff -f changed.yaml", r"-  +- image: nginx:1\n\+  +- image: nginx:2", 1)
    kube.says("diff -f web.yaml", "^$")
    kube.says("auth can-i delete pods", "^yes\n$")
    server.forbid("delete", "pods")
    kube.says("auth can-i delete pods", "^no\n$", 1)
    kube.says("api-resources", r"deployments +deploy +apps/v1 +true +Deployment")
    kube.says("api-versions", "apps/v1\n")
    kube.says("get events", "Scaled up replica set")
    kube.says("wait --for=condition=Available deployment/web --timeout=60s", "condition met")
    kube.says("rollout status deployment/web", "successfully rolled out")
    kube.says("rollout history deployment/web", r"REVISION +CHANGE-CAUSE\n1 ")
    kube.says("explain deployment.spec.strategy", "rollingUpdate")
    kube.says("cluster-info", "is running at")
    assert not [each for each in server.writes() if each.method in ("PUT", "DELETE")]


def test_verbs_that_write(kube, judged):
    kube.point_at(judged)
    kube.write("web.yaml", workload("web", replicas=1))
    kube.says("delete deployment web --ignore-not-found", "")
    kube.says("delete deployment web --ignore-not-found", "^$")
    kube.says("create --dry-run=server -f web.yaml -o name", "^deployment.apps/web\n$")
    kube.says("get deployment web", "not found", 1)
    kube.says("apply -f web.yaml", "^deployment.apps/web created\n$")
    kube.says("apply -f web.yaml", "^deployment.apps/web unchanged\n$")
    kube.says("set image deployment/web web=nginx:2", "image updated")
    kube.says("set env deployment/web A=1", "env updated")
    kube.says("set resources deployment/web --limits=cpu=200m", "resource requirements updated")
    kube.says("get deployment web -o jsonpath={.spec.template.spec.containers[0]['image','env','resources.limits.cpu']}",
              r'nginx:2 \[\{"name":"A","value":"1"\}\] 200m')
    kube.says("scale --replicas=3 deployment/web", "scaled")
    kube.says("scale --current-replicas=2 --replicas=4 deployment/web", "Expected replicas to be 2, was 3", 1)
    kube.says("label deployment/web tier=front", "labeled")
    kube.says("label deployment/web tier=back", "already has a value|not labeled|overwrite is false", 1)
    kube.says("label --overwrite deployment/web tier=back", "labeled")
    kube.says("annotate --overwrite deployment/web note=x", "annotated")
    kube.says(["patch", "deployment", "web", "--type=merge", "-p", '{"spec":{"replicas":2}}'], "patched")
    kube.says(["patch", "deployment", "web", "-p", '{"spec":{"replicas":2}}'], "no change")
    kube.says(["patch", "deployment", "web", "--type=json", "-p", '[{"op":"add","path":"/spec/paused","value":true}]'], "patched")
    kube.says("rollout resume deployment/web", "resumed")
    kube.says("rollout pause deployment/web", "paused")
    kube.says("rollout pause deployment/web", "already paused", 1)
    kube.says("rollout resume deployment/web", "resumed")
    kube.says("rollout restart deployment/web", "restarted")
    until(lambda: kube("rollout", "history", "deployment/web")[1].count("<none>") >= 3, "three revisions")
    kube.says("rollout undo deployment/web", "rolled back")
    kube.says("rollout undo deployment/web --to-revision=99", "unable to find specified revision 99", 1)
    kube.says("expose deployment web --port=80", "exposed")
    kube.says("replace -f web.yaml", "replaced")
    kube.says("create -f web.yaml", "AlreadyExists", 1)
    kube.says("apply --server-side --force-conflicts -f web.yaml", "serverside-applied")
    kube.says("delete deployment,service web", 'deployment.apps "web" deleted.*service "web" deleted')


def test_create_of_every_kind_that_kubectl_makes_itself(newest, server):
    for words, made in (("namespace team", "namespace/team"), ("secret generic s --from-literal=a=b", "secret/s"),
                        ("configmap c --from-literal=a=b", "configmap/c"),
                        ("serviceaccount bot", "serviceaccount/bot"), ("deployment d --image=nginx --replicas=0", "deployment.apps/d"),
                        ("job j --image=b -- true", "job.batch/j"),
                        ("cronjob cj --image=b --schedule=@daily -- true", "cronjob.batch/cj"),
                        ("ingress i --rule=a.org/b=svc:80", "ingress.networking.k8s.io/i"),
                        ("role r --verb=get --resource=pods", "role.rbac.authorization.k8s.io/r"),
                        ("rolebinding rb --role=r --serviceaccount=default:bot", "rolebinding.*/rb"),
                        ("quota q --hard=pods=2", "resourcequota/q"), ("service clusterip sv --tcp=80:8080", "service/sv"),
                        ("pdb p --selector=app=x --min-available=1", "poddisruptionbudget.policy/p")):
        newest.says(f"create {words}", f"^{made} created\n$")
    assert server.get("deployments", "d")["spec"]["replicas"] == 0, "a zero that was meant is no default"
    newest.says("create token bot", r"^[\w-]+\.[\w-]+\.x\s*$")
    newest.says("wait --for=condition=complete job/j --timeout=60s", "condition met")
    newest.says("auth whoami", "ana")
    newest.says("auth can-i --list", r"\*\.\* +\[\] +\[\] +\[\*\]")
    name = server.start_cron_job("cj")
    newest.says(f"get job {name}", r"1/1")
    newest.says("delete namespace team", 'namespace "team" deleted')
    newest.says("get namespace team", "not found", 1)


# Rollouts

def watches(server):
    return sum(bool(each.query.get("watch")) for each in server.asked("GET", "/deployments"))


def test_a_rollout_goes_on_as_the_test_lets_it(kube, server):
    server.hold_rollout()
    kube.write("web.yaml", workload("web", replicas=3))
    kube.says("apply -f web.yaml", "created")
    assert server.step(3)
    kube.says("rollout status deployment/web", "successfully rolled out")
    kube.says("set image deployment/web web=nginx:2", "updated")
    kube.says("rollout status deployment/web --watch=false", "1 out of 3 new replicas have been updated")
    before = watches(server)
    watching = kube.start("rollout", "status", "deployment/web")
    until(lambda: watches(server) > before, "the watch of the rollout")
    server.step(1)
    server.release_rollout()
    text, _ = watching.communicate(timeout=300)
    assert watching.returncode == 0 and "2 out of 3" in text and "successfully rolled out" in text, text


def test_a_rollout_that_fails_says_why_and_is_undone(kube, server):
    server.set_image_broken("nginx:bad")
    kube.write("web.yaml", workload("web", replicas=2))
    kube.says("apply -f web.yaml", "created")
    kube.says("set image deployment/web web=nginx:bad", "updated")
    kube.says("get pods", r"0/1 +ImagePullBackOff +0")
    kube.says("get deployment web", r"2/2 +1 +2")
    kube.says("get events", 'Failed to pull image "nginx:bad"')
    server.exceed_deadline("web")
    kube.says("rollout status deployment/web", 'deployment "web" exceeded its progress deadline', 1)
    kube.says("rollout undo deployment/web", "rolled back")
    kube.says("rollout status deployment/web", "successfully rolled out")
    kube.says("rollout history deployment/web", r"\n2 .*\n3 ")
    assert server.get("deployments", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1"
    server.set_image_crashing("nginx:crash", 3)
    kube.says("set image deployment/web web=nginx:crash", "updated")
    kube.says("get pods", r"0/1 +CrashLoopBackOff +1")
    crashed = next(pod for pod in server.list("pods") if pod["spec"]["containers"][0]["image"] == "nginx:crash")["metadata"]["name"]
    server.log(crashed, "panic: no configuration")
    kube.says(f"logs {crashed} --previous", "^panic: no configuration\n$")


def test_rollouts_of_stateful_and_daemon_sets(either, server):
    either.write("sets.yaml", workload("db", kind="StatefulSet", serviceName="db", replicas=3), workload("agent", kind="DaemonSet"))
    either.says("apply -f sets.yaml", "created")
    assert server.pods("db") == ["db-0", "db-1", "db-2"] and len(server.pods("agent")) == 2
    for name in ("statefulset/db", "daemonset/agent"):
        kind = name.partition("/")[2]
        either.says(f"set image {name} {kind}=nginx:2", "updated")
        either.says(f"rollout status {name}", "complete|successfully rolled out")
        either.says(f"rollout history {name}", r"\n1 .*\n2 ")
        either.says(f"rollout undo {name}", "rolled back")
        either.says(f"get pods -l app={kind} -o jsonpath={{..image}}", "nginx:1")


def test_a_watch_goes_on_when_the_server_dies_and_comes_back(kube, server):
    server.hold_rollout()
    kube.write("web.yaml", workload("web", replicas=2))
    kube.says("apply -f web.yaml", "created")
    watching = kube.start("rollout", "status", "deployment/web")
    until(lambda: watches(server), "the first watch")
    server.cut_watches()
    until(lambda: watches(server) > 1, "the second watch")
    server.stop()
    before = watches(server)
    server.start_again()
    until(lambda: watches(server) > before or watching.poll() is not None, "the watch of the server that came back")
    server.release_rollout()
    text, _ = watching.communicate(timeout=300)
    assert watching.returncode == 0 or "connection refused" in text or "closed" in text, text
    kube.says("rollout status deployment/web", "successfully rolled out")


# Logs and exec

def test_logs(kube, server):
    server.set_logs(["first", "second", "third"], "web")
    kube.write("web.yaml", workload("web", replicas=2))
    kube.says("apply -f web.yaml", "created")
    pod = server.pods("web")[0]
    kube.says(f"logs {pod} --tail=1", "^third\n$")
    kube.says(f"logs {pod} --timestamps", r"^\d{4}-\d\d-\d\dT[\d:.]+Z first\n")
    kube.says(f"logs {pod} --since-time=2001-01-01T00:00:00Z", "^first\nsecond\nthird\n$")
    kube.says(f"logs {pod} --since-time=2999-01-01T00:00:00Z", "^$")
    kube.says(f"logs {pod} --previous", f'previous terminated container "web" in pod "{pod}" not found', 1)
    assert kube.says("logs -l app=web --tail=-1").count("second") == 2
    kube.says(f"logs {pod} -c other", "container other is not valid for pod", 1)
    kube.says("logs none", 'pods "none" not found', 1)
    following = kube.start("logs", "-f", pod)
    until(lambda: any("follow" in each.query for each in server.asked("GET", "/log")), "who follows")
    server.log(pod, "fourth")
    for wanted in ("first", "second", "third", "fourth"):
        assert following.stdout.readline() == f"{wanted}\n"
    server.cut_watches()
    text, _ = following.communicate(timeout=300)
    assert "unexpected EOF" in text or following.returncode == 0, text


def test_exec_and_attach(newest, server):
    server.on_exec(lambda pod, container, words, stdin: ("out", "err", 3) if words == ["fail"] else None)
    newest.says("run one --image=x --restart=Never", "created")
    newest.says("exec one -- echo hello there", "^hello there\n$")
    newest.says("exec one -i -- cat", "^from here$", stdin="from here")
    newest.says("exec one -- fail", "outerr.*exit code 3", 3)
    newest.says("exec one -- nothing", "executable file not found", 127)
    newest.says("run two --image=x -i --rm --restart=Never -- echo done", "^done\n", stdin="")


def test_what_kubectl_discards_is_told_in_the_words_that_a_step_looks_for(newest, server, monkeypatch):
    monkeypatch.setattr(exec_.Exec, "_start_process", lambda self: self.socket.send(bytes([9]) + b"early"))
    newest.says("run one --image=x --restart=Never", "created")
    newest.says("exec one -i -- cat", r"(?m)^E\d{4} [\d:.]+ +\d+ websocket\.go:\d+\] Unknown stream id 9, discarding message$", stdin="x\n")


# Strictness

def test_what_the_real_one_refuses_is_refused(kube, judged):
    kube.point_at(judged)
    kube("delete", "deployment", "web", "--ignore-not-found")
    kube.write("unknown.yaml", workload("web", replicaz=3))
    kube.says("apply -f unknown.yaml", r'unknown field "(spec\.)?replicaz"', 1)
    kube.write("type.yaml", workload("web", replicas="many"))
    kube.says("apply -f type.yaml", "invalid type|cannot be handled as a Deployment|unmarshal", 1)
    kube.write("kind.yaml", {"apiVersion": "apps/v7", "kind": "Deployment", "metadata": {"name": "x"}})
    kube.says("apply -f kind.yaml", r'no matches for kind "Deployment" in version "apps/v7"', 1)
    kube.write("name.yaml", workload("Web"))
    kube.says("apply -f name.yaml", r"metadata.name: Invalid value", 1)
    kube.write("web.yaml", workload("web"))
    kube.says("apply -f web.yaml", "created")
    kube.write("selector.yaml", workload("web") | {"spec": workload("other")["spec"]})
    kube.says("apply -f selector.yaml", r"spec.selector: Invalid value: .*field is immutable", 1)
    kube.says("apply --server-side -f web.yaml --field-manager=other", "serverside-applied")
    kube.write("nine.yaml", workload("web", replicas=9))
    kube.says("apply --server-side -f nine.yaml --field-manager=third", r"conflict.*\.spec\.replicas", 1)
    kube.says(["patch", "deployment", "web", "--type=json", "-p", '[{"op":"remove","path":"/spec/nothing"}]'], "The request is invalid", 1)
    kube.says(["patch", "deployment", "web", "-p", '{"spec":{"replicas":-1}}'], "must be greater than or equal to 0", 1)
    kube.says("get deployment -l a=b=c", "found '=', expected|unable to parse", 1)
    kube.says("get pods --field-selector=spec.nothing=1", "field label not supported: spec.nothing", 1)
    kube.says("get things", 'the server doesn\'t have a resource type "things"', 1)
    kube.says("create configmap c --from-literal=a=b -n nowhere", 'namespaces "nowhere" not found', 1)
    kube.says("label deployment/web x=-", "a valid label must be|Invalid value", 1)
    kube.says("get --raw /nowhere.example.org", "could not find the requested resource|not found", 1)
    kube.says("delete deployment web", "deleted")


def test_an_object_that_was_changed_meanwhile_is_not_replaced(either, server):
    either.write("web.yaml", workload("web"))
    either.says("apply -f web.yaml", "created")
    read = json.loads(either.says("get deployment web -o json"))
    server.change("deployments", "web", lambda found: found["spec"].update(replicas=5))
    either.write("stale.yaml", read)
    either.says("replace -f stale.yaml", r'Operation cannot be fulfilled on deployments.apps "web": the object has been modified', 1)


# Deleting

def test_finalizers_owners_and_namespaces(either, server):
    either.write("held.yaml", plain("ConfigMap", "held", metadata={"name": "held", "finalizers": ["example.org/hold"]}), workload("web"))
    either.says("apply -f held.yaml", "created")
    either.says("delete configmap held --wait=false", "deleted")
    either.says("get configmap held -o jsonpath={.metadata.deletionTimestamp}", r"^\d{4}-")
    either.says(["patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'], "patched")
    either.says("get configmap held", "not found", 1)
    either.says("delete deployment web --cascade=orphan", "deleted")
    assert len(server.list("replicasets")) == 1 and len(server.pods("web")) == 2
    either.says("delete replicaset -l app=web", "deleted")
    assert not server.pods("web")
    server.hold_rollout()
    either.says("run one --image=x", "created")
    server.step(1)
    either.says("delete pod one --wait=false", "deleted")
    either.says("get pod one", "Terminating")
    server.release_rollout()
    either.says("get pod one", "not found", 1)


def test_drain_respects_a_budget(newest, server):
    newest.write("web.yaml", workload("web"), {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
                                            "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}})
    newest.says("apply -f web.yaml", "created")
    newest.says("cordon node-1", "cordoned")
    newest.says("get nodes", "node-1 +Ready,SchedulingDisabled")
    newest.says("drain node-1 --timeout=1s", "Cannot evict pod as it would violate the pod's disruption budget|global timeout", 1)
    server.change("poddisruptionbudgets", "web", lambda found: found["spec"].update(minAvailable=1))
    newest.says("drain node-1", "drained|evicted")
    newest.says("uncordon node-1", "uncordoned")
    assert {pod["spec"]["nodeName"] for pod in server.list("pods")} == {"node-2"}


# Custom resources

def test_custom_resources(either, server):
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    either.write("crd.yaml", {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                              "metadata": {"name": "things.example.org"},
                            "spec": {"group": "example.org", "scope": "Namespaced",
                                     "names": {"plural": "things", "kind": "Thing", "shortNames": ["th"]},
                                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}})
    either.write("thing.yaml", {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "one"}, "spec": {"size": 3}})
    either.says("apply -f crd.yaml", "created")
    either.says("wait --for=condition=Established crd/things.example.org --timeout=60s", "condition met")
    either.says("apply -f thing.yaml", "thing.example.org/one created")
    either.says("get th one -o jsonpath={.spec.size}", "^3$")
    either.says(["patch", "thing", "one", "--type=merge", "-p", '{"spec":{"size":4}}'], "patched")
    either.says(["patch", "thing", "one", "-p", '{"spec":{"size":4}}'], "strategic merge patch|not supported|415", 1)
    either.says("delete -f crd.yaml", "deleted")
    either.says("get --raw /apis/example.org/v1", "could not find|not found", 1)


# Faults

FAULTS = [(401, "You must be logged in"), (403, "a fault of the test"), (404, "a fault of the test"), (409, "a fault of the test"),
          (410, "too old"),
          (422, "a fault of the test"), (500, "a fault of the test"), (503, "currently unable to handle the request")]


@pytest.mark.parametrize("code, words", FAULTS, ids=lambda value: str(value) if isinstance(value, int) else "")
def test_a_refusal_on_demand(either, server, code, words):
    either.says("get pods", "No resources")
    server.fail(code, path="/pods$", next=1)
    either.says("get pods", words, 1)
    either.says("get pods", "No resources")


def test_too_many_requests_are_asked_again(either, server):
    fault = server.fail(429, path="/pods$", retry_after=1, next=1)
    either.says("get pods", "No resources")
    assert len(fault.hits) == 1


def test_connections_that_end(either, server):
    either.write("one.yaml", plain("ConfigMap", "one", data={"a": "b"}))
    either.says("get pods", "No resources")
    server.break_off(path="/configmaps", method="POST", next=1)
    either.says("create -f one.yaml", "EOF", 1)
    assert server.get("configmaps", "one") is None, "nothing was done"
    server.lose_answers(path="/configmaps", method="POST", next=1)
    either.says("create -f one.yaml", "EOF", 1)
    assert server.get("configmaps", "one"), "it was done, and nobody was told"
    client = exchanges.Client(server)
    assert client.ask({"name": "alive", "method": "GET", "path": "/version"})[0] == 200
    server.stop()
    with pytest.raises(OSError):
        client.connection.auto_open = 0
        client.ask({"name": "dead", "method": "GET", "path": "/version"})
    either.says("get pods", "refused", 1)
    server.start_again()
    either.says("get configmap one", "one")


def test_a_connection_whose_turn_comes_when_the_server_is_dead_breaks():
    with KubeServer(tls=False) as server, socket.create_server(("127.0.0.1", 0)) as door:
        client = socket.create_connection(door.getsockname())
        client.sendall(b"GET /version HTTP/1.1\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        listener = server.listener
        server.stop()
        listener.process_request_thread(*door.accept())
        with client, contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b"", "it was answered"


def test_a_slow_server(either, server):
    either.says("get pods", "No resources")
    gate = server.delay(path="/pods$", next=1)
    asking = either.start("get", "pods")
    until(lambda: server.faults.all[0].hits, "the request that waits")
    assert asking.poll() is None
    gate.set()
    text, _ = asking.communicate(timeout=300)
    assert asking.returncode == 0 and "No resources" in text


def test_people_who_may_not(either, server):
    server.forbid("list", "secrets")
    either.says("get secrets",
                r'secrets is forbidden: User "ana" cannot list resource "secrets" in API group "" in the namespace "default"', 1)
    server.allow()
    either.says("get secrets", "No resources")
    server.revoke()
    either.says("get secrets", "You must be logged in|Unauthorized", 1)


def test_another_authority_is_not_trusted(either, server):
    either.says("get pods", "No resources")
    old = server.certificate.read_text()
    (either.folder / "old.crt").write_text(old)
    config = json.loads((either.folder / "kubeconfig").read_text())
    config["clusters"][0]["cluster"]["certificate-authority"] = str(either.folder / "old.crt")
    (either.folder / "kubeconfig").write_text(json.dumps(config))
    either.says("get pods", "No resources")
    server.stop()
    server.renew_certificate()
    server.start_again()
    either.says("get pods", "x509", 1)


def test_pages_bookmarks_and_versions_that_are_forgotten(either, server):
    either.write("maps.yaml", *(plain("ConfigMap", f"map-{number}", data={"a": "b"}) for number in range(5)))
    either.says("apply -f maps.yaml", "created")
    assert either.says("get configmaps --chunk-size=2 -o name").split() == [f"configmap/map-{number}" for number in range(5)]
    assert sum("continue" in each.query for each in server.asked("GET", "/configmaps")) == 2
    client, maps = exchanges.Client(server), "/api/v1/namespaces/default/configmaps"
    _, listed = client.ask({"name": "list", "method": "GET", "path": f"{maps}?limit=2"})
    server.forget_history()
    server.change("configmaps", "map-0", lambda found: found["data"].update(a="c"))
    server.forget_history()
    version = listed["metadata"]["resourceVersion"]
    code, text = client.ask({"name": "watch", "method": "GET", "path": f"{maps}?watch=true&resourceVersion={version}&timeoutSeconds=60"})
    assert code == 200 and text["type"] == "ERROR" and text["object"]["code"] == 410, text
    client = exchanges.Client(server)
    code, answer = client.ask({"name": "more", "method": "GET", "path": f"{maps}?limit=2&continue={listed['metadata']['continue']}"})
    assert code == 410 and answer["reason"] == "Expired", answer


def test_a_watch_gets_what_changes_and_bookmarks(server):
    server.cluster.make("configmaps", plain("ConfigMap", "one", data={"a": "b"}) | {"metadata": {"name": "one", "namespace": "default"}})
    watch = exchanges.Client(server).stream("/api/v1/namespaces/default/configmaps?watch=true&allowWatchBookmarks=true")
    assert json.loads(watch.readline())["type"] == "ADDED"
    server.change("configmaps", "one", lambda found: found["data"].update(a="c"))
    changed = json.loads(watch.readline())
    assert changed["type"] == "MODIFIED" and changed["object"]["data"] == {"a": "c"}
    server.bookmark()
    marked = json.loads(watch.readline())
    assert marked["type"] == "BOOKMARK"
    assert marked["object"]["metadata"]["resourceVersion"] == changed["object"]["metadata"]["resourceVersion"]
    server.cluster.delete("configmaps", server.get("configmaps", "one"))
    assert json.loads(watch.readline())["type"] == "DELETED"
    server.cut_watches()
    with pytest.raises(http.client.IncompleteRead):
        watch.read()


@pytest.mark.parametrize("asked", ["pods/one/log?follow=true", "pods?watch=true&resourceVersion=1"])
def test_a_cut_reaches_a_stream_that_was_asked_for_and_has_not_begun(server, asked):
    image = {"name": "one", "image": "x"}
    server.cluster.make("pods", plain("Pod", "one", spec={"containers": [image]}) | {"metadata": {"name": "one", "namespace": "default"}})
    gate, client = server.delay(path="/pods"), exchanges.Client(server)
    client.connection.request("GET", f"/api/v1/namespaces/default/{asked}", headers={"Authorization": f"Bearer {client.token}"})
    until(lambda: server.asked("GET", "/pods"), "the request")
    server.cut_watches()
    gate.set()
    with pytest.raises(http.client.IncompleteRead):
        client.connection.getresponse().read()


# Other shapes of the server

def test_an_older_server_without_tls(tmp_path):
    with KubeServer(version="v1.20.2", tls=False, nodes=1) as old:
        kube = Kubectl(kubectl.path_of("machine"), tmp_path, old)
        kube.write("web.yaml", workload("web"))
        kube.says("apply -f web.yaml", "created")
        kube.says("rollout status deployment/web", "successfully rolled out")
        kube.says("explain deployment.spec.replicas", "(?i)replicas")
        assert not [each for each in old.requests if "v3" in each.path and each.status == 200]


def test_contexts_beside_each_other(tmp_path):
    with KubeServer() as one, KubeServer() as two:
        kube = Kubectl(kubectl.path_of("machine"), tmp_path, one, context="one")
        two.kubeconfig(tmp_path / "kubeconfig", context="two", namespace="kube-system", current=False)
        kube.says("create configmap here --from-literal=a=b", "created")
        kube.says("config use-context two", "Switched")
        kube.says("create configmap there --from-literal=a=b", "created")
        assert one.get("configmaps", "here") and two.get("configmaps", "there", "kube-system") and not one.get("configmaps", "there",
                                                                                                               "kube-system")
