"""Waits for what happens in a cluster, and what is told when it does not come to be; with the real kubectl and the tests' own API server."""

import json
import os
import re
import shutil
import signal
import sys

import pytest

from world import ROOT, until, world  # noqa: F401  (the fixture)

sys.path.insert(0, str(ROOT / "tests"))
from kube.server import KubeServer  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("kubectl") and os.environ.get("CI") != "true", reason="there is no kubectl")

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: "shop:1"}]}
"""
HEAD = "runbook: shop\ntargets: {main: {kubernetes: test}}\ntarget: main\n"


@pytest.fixture
def server(world):  # noqa: F811
    with KubeServer() as server:
        world.env |= server.environment(world.folder)
        world.write(SHOP, "shop.yaml")
        yield server


def write(world, steps, head=HEAD):  # noqa: F811
    world.write(f"{head}steps:\n{steps}")


APPLY = "  - {id: apply, kubectl: apply -f shop.yaml}\n"


def rollout(timeout="10m", more=""):
    return f"  - {{id: rolled_out, wait_until: {{kubectl: {{rollout: deployment/shop}}, every: 20ms, timeout: {timeout}{more}}}}}\n"


def sights(log):
    """What the person was told that a wait saw, in order; of a line that is being written nothing yet."""
    return [re.sub(r".* sees +\S+ +", "", line) for line in log.read_text().split("\n")[:-1] if " sees " in line]


def test_a_rollout_is_waited_for_and_what_it_says_is_told(world, server):
    write(world, APPLY + rollout(more=", outputs: {ready: status.readyReplicas}") + "  - {id: after, shell: echo done >> effects}\n")
    server.hold_rollout()
    run = world.start()
    for ready in range(3):
        until(lambda: sights(run.log)[-1:] == [f"{ready} of 3 updated replicas are available"], f"{ready} replicas")
        server.step(1)
    assert run.wait(60) == 0
    assert world.step("rolled_out")["outputs"] == {"ready": 3}
    assert world.lines() == ["done"]


def test_a_rollout_that_gets_nowhere_is_told_with_its_pods_events_and_last_words(world, server):
    server.set_image_broken("shop:1")
    write(world, APPLY + rollout("300ms"))
    ended = world.run()
    assert ended.code == 1
    assert "it did not come to be within 300ms: 0 of 3 updated replicas are available" in ended.err, ended
    told = ended.err.partition("what stood there:")[2]
    assert "(container web): ImagePullBackOff" in told and "manifest unknown" in told, ended
    assert "what stood there (rolled_out)" in world("logs", "last").out


def test_of_a_crashing_pod_the_last_lines_are_told_and_secrets_are_not(world, server):
    server.set_image_crashing("shop:1", 3)
    server.set_logs([f"line {i}" for i in range(50)] + ["password: hunter2-hunter2", "no database"])
    write(world, APPLY + rollout("300ms"),
          HEAD + "inputs: {password: {type: secret, from: [{env: PASSWORD}]}}\nenv: {PASSWORD: '${{ $inputs.password }}'}\n")
    ended = world.run(PASSWORD="hunter2-hunter2")
    told = ended.err.partition("what stood there:")[2]
    assert "no database" in told and "line 49" in told and "line 10" not in told, ended
    assert "CrashLoopBackOff" in told or "exit code 3" in told
    everything = ended.err + world("logs", "last").out + world("logs", "last", "--json").out
    assert "hunter2" not in everything


def test_a_rollout_whose_deadline_has_passed_is_waited_for_no_longer(world, server):
    server.set_image_unready("shop:1")
    write(world, APPLY + rollout("1h"))
    run = world.start()
    until(lambda: sights(run.log), "what it sees")
    server.exceed_deadline("shop")
    assert run.wait(60) == 1
    assert "it has exceeded its progress deadline" in run.log.read_text()


def test_what_is_not_there_is_a_no_and_who_is_not_let_in_can_not_tell(world, server):
    write(world, rollout("1h"))
    run = world.start()
    until(lambda: sights(run.log), "what it sees")
    assert "(NotFound)" in sights(run.log)[-1] and "can't tell" not in sights(run.log)[-1]
    server.forbid("get", "deployments")
    until(lambda: "can't tell" in sights(run.log)[-1] and "Forbidden" in sights(run.log)[-1], "forbidden")
    server.allow()
    server.revoke()
    until(lambda: "can't tell" in sights(run.log)[-1] and "(NotFound)" not in sights(run.log)[-1] and
          "Forbidden" not in sights(run.log)[-1], "unauthorized")
    server.stop()
    until(lambda: "can't tell" in sights(run.log)[-1] and "refused" in sights(run.log)[-1], "refused")
    run.send_signal(signal.SIGTERM)
    run.wait(60)


def test_a_server_that_dies_in_the_middle_of_a_wait_and_the_engine_with_it(world, server):
    """Whoever resumes goes on with the same wait; nothing is applied twice."""
    write(world, APPLY + rollout("1h"))
    server.hold_rollout()
    run = world.start()
    until(lambda: sights(run.log), "what it sees")
    server.stop()
    until(lambda: "can't tell" in sights(run.log)[-1], "that it is gone")
    run.send_signal(signal.SIGKILL)
    run.wait()
    again = world.start("--resume")
    until(lambda: "refused" in again.log.read_text() or again.poll() is not None, "what it sees")
    assert again.poll() is None or again.returncode == 1, again.log.read_text()
    again.send_signal(signal.SIGTERM)
    again.wait(60)
    server.start_again()
    server.release_rollout()
    ended = world.resume()
    assert ended.code == 0, ended
    assert len([each for each in server.writes() if each.path.endswith("/deployments")]) == 1


def test_pods_jobs_and_load_balancers_are_waited_for(world, server):
    world.write("""
apiVersion: batch/v1
kind: Job
metadata: {name: sync}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: sync, image: "sync:1"}]}}}
""", "job.yaml")
    write(world, APPLY + """
  - {id: enough, wait_until: {kubectl: {ready: pods, selector: app=shop, min: 3}, every: 20ms, timeout: 1m}}
  - {id: balance, kubectl: expose deployment/shop --type=LoadBalancer --port=80}
  - {id: address, wait_until: {kubectl: {loadbalancer: svc/shop}, every: 20ms, timeout: 1m,
     outputs: {host: 'not_null(status.loadBalancer.ingress[0].hostname, status.loadBalancer.ingress[0].ip)'}}}
  - {id: job, kubectl: create -f job.yaml}
  - {id: synced, wait_until: {kubectl: {job: sync}, every: 20ms, timeout: 1m}}
""")
    server.set_outcome("sync", 1)
    ended = world.run()
    assert ended.code == 1 and "it has failed: " in ended.err, ended
    assert world.step("address")["outputs"]["host"]
    assert world.state_of("enough") == "succeeded"


def test_a_wait_that_holds_anyway_is_no_done_when(world, server):
    """Else the update would be left out as done."""
    write(world, "  - {id: update, kubectl: set image deployment/shop web=shop:2, done_when: {kubectl: {rollout: deployment/shop}}}\n")
    checked = world("check", "book.yaml")
    assert checked.code == 0 and "which is then left out as done" in checked.out and "`verify:`" in checked.out
    write(world, "  - {id: only, kubectl: {rollout: deployment/shop}}\n")
    checked = world("check", "book.yaml")
    assert checked.code == 2 and "a step would go on whatever the answer" in checked.out


@pytest.mark.parametrize("params, message", [
    ("{rollout: x, job: y}", "`kubectl` takes one of `rollout`, `job` at a time"),
    ("{namespace: x}", "`kubectl` lacks what it shall do"),
    ("{rollout: x, output: json}", "`output` has a place only beside `args`"),
    ("{job: x, min: 3}", "`min` has a place only beside `ready`"),
    ("{ready: pods, min: three}", "`min` is a number of pods, not `three`"),
    ("{ready: nodes}", "only pods are ready or not; this is `nodes`"),
])
def test_waits_that_contradict_themselves_are_refused(world, params, message):  # noqa: F811
    write(world, f"  - {{id: a, wait_until: {{kubectl: {params}, timeout: 1m}}}}\n")
    checked = world("check", "book.yaml")
    assert checked.code == 2 and message in checked.out, checked


FOLLOW = """
  - {id: pod, kubectl: {args: get pods --selector app=shop, output: json}, outputs: {name: "items[0].metadata.name"}}
  - id: synced
    wait_until:
      kubectl: {args: [logs, -f, --tail=100, "${{ $steps.pod.name }}"]}
      follow: true
      until: "sync complete: \\\\d+"
      fail_on: FATAL
      every: 20ms
      timeout: 5m
      outputs: {items: {regex: "complete: (\\\\d+)"}}
"""


def log_requests(server):
    return [each for each in list(server.requests) if each.path.endswith("/log")]


def test_a_log_that_the_server_cuts_is_read_on_where_it_stopped(world, server):
    write(world, APPLY + FOLLOW)
    run = world.start()
    until(lambda: log_requests(server), "the log to be read")
    pod = server.pods("shop")[0]
    server.log(pod, "item 1")
    server.log(pod, "item 2")
    for cuts in (1, 2):
        begun = len(log_requests(server))
        server.cut_watches()
        until(lambda: len(log_requests(server)) > begun, "it to be read on")
        server.log(pod, f"after cut {cuts}")
    server.log(pod, "sync complete: 42")
    assert run.wait(60) == 0, run.log.read_text()
    assert world.step("synced")["outputs"] == {"items": "42"}
    assert "sinceTime" in str(log_requests(server)[-1].query) and "tailLines" not in str(log_requests(server)[-1].query)


def test_a_log_that_says_the_worst_ends_the_wait(world, server):
    write(world, APPLY + FOLLOW)
    run = world.start()
    until(lambda: log_requests(server), "the log to be read")
    server.log(server.pods("shop")[0], "FATAL: no database")
    assert run.wait(60) == 1
    assert "fail_on matches: FATAL: no database" in run.log.read_text()


def test_a_log_of_a_pod_that_is_not_there_is_waited_for_and_said(world, server):
    write(world, "  - {id: synced, wait_until: {kubectl: logs -f nobody, follow: true, until: x, every: 20ms, timeout: 1h}}\n")
    run = world.start()
    until(lambda: sights(run.log), "what it sees")
    assert "(NotFound)" in sights(run.log)[0] and "can't tell" not in sights(run.log)[0]
    server.stop()
    until(lambda: "can't tell" in sights(run.log)[-1], "that nobody answers")
    run.send_signal(signal.SIGTERM)
    run.wait(60)


def test_a_live_plan_looks_at_the_targets_and_shows_what_would_change(world, server, tmp_path):
    write(world, APPLY + """
  - {id: secret, kubectl: {args: apply -f -, stdin: {yaml: {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: hunter2-hunter2}}}}}
  - {id: later, shell: echo hello, outputs: {name: stdout}}
  - {id: unknown, kubectl: "apply -f ${{ $steps.later.name }}"}
  - {id: gone, kubectl: delete deployment/shop}
""", HEAD.replace("{kubernetes: test}", "{kubernetes: test, host: nowhere.example.org}"))
    (tmp_path / "temporary").mkdir()
    world.env["TMPDIR"] = str(tmp_path / "temporary")
    assert world("plan", "book.yaml").code == 0 and not server.requests
    planned = world("plan", "book.yaml", "--live")
    assert planned.code == 0, planned
    assert "target main.kubernetes: " in planned.out and server.url in planned.out
    assert "target main.host can't be used: the runbook says host nowhere.example.org" in planned.out
    assert "can't be seen: its target main.host: " in planned.out       # and so nothing is asked there
    assert "kubectl: apply -f shop.yaml\n" in planned.out
    write(world, (world.folder / "book.yaml").read_text().split("steps:\n")[1])
    planned = world("plan", "book.yaml", "--live", KUBECTL_EXTERNAL_DIFF="false")
    assert "+kind: Deployment" in planned.out and "image: shop:1" in planned.out, planned
    assert "hunter2" not in planned.out.split("  2  secret")[1].split("would change")[1].split("  3  later")[0]
    world.write(APPLY_ONLY)
    assert world.run().code == 0
    again = json.loads(world("plan", "book.yaml", "--live", "--json").out)
    assert again["steps"][0]["changes"] == "" and again["steps"][0]["targets"][0]["target"] == "main.kubernetes"
    world.write(SHOP.replace("shop:1", "shop:2"), "shop.yaml")
    changed = json.loads(world("plan", "book.yaml", "--live", "--json").out)["steps"][0]["changes"]
    assert "-      - image: shop:1" in changed and "+      - image: shop:2" in changed
    assert server.get("deployments", "shop")["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"
    with KubeServer() as other:     # a context switched on elsewhere doesn't redirect the look either
        other.kubeconfig(world.env["KUBECONFIG"], context="other", current=True)
        assert json.loads(world("plan", "book.yaml", "--live", "--json").out)["steps"][0]["changes"].count("shop:2") == changed.count("shop:2")
        assert not other.asked("GET", "/deployments")
    server.stop()
    gone = world("plan", "book.yaml", "--live")
    assert gone.code == 0 and "(can't be seen: " in gone.out and "refused" in gone.out
    assert list((tmp_path / "temporary").iterdir()) == []


APPLY_ONLY = f"{HEAD}steps:\n{APPLY}"
