"""kubectl steps, with the real kubectl and the tests' own API server: always on the cluster that the run began on."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from world import ROOT, until, world  # noqa: F401

sys.path.insert(0, str(ROOT / "tests"))
from kube import kubectl, real  # noqa: E402
from kube.server import KubeServer  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("kubectl") and os.environ.get("CI") != "true", reason="there is no kubectl")

HEAD = "targets: {main: {kubernetes: {}}}\ntarget: main\n"
GATE = """
  - id: gate
    shell: touch "$W/waits"; until [ -e "$W/gate" ]; do sleep 0.02; done
    effect: read
"""


@pytest.fixture(params=["double"] + (["real"] if real.binary() else []))
def server(request, world):
    """The tests' own, and the real one where RUNBOOK_TEST_KUBE_APISERVER names it."""
    with KubeServer() if request.param == "double" else real.RealServer(controllers=False, nodes=2) as server:
        world.env |= server.environment(world.folder)
        yield server


@pytest.fixture
def other():
    with KubeServer() as other:
        yield other


def config(world):
    return Path(world.env["KUBECONFIG"])


def book(steps, head=HEAD):
    return f"runbook: shop\n{head}steps:\n{steps}"


def make(name, more=""):
    manifest = f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}}}"
    return f"  - {{id: make_{name}, kubectl: {{args: create -f -, stdin: {{yaml: {manifest}}}}}{more}}}\n"


def at_the_gate(world):
    run = world.start()
    until(lambda: (world.folder / "waits").exists(), "the gate")
    return run


def heard(server):
    """What it was asked; but for Google's wrapper of kubectl, which asks every server for its version."""
    return [each for each in server.requests if "kubectl-dispatcher" not in each.user_agent]


def names(server):
    return {each["metadata"]["name"] for each in server.list("configmaps")} & {"one", "two"}


def test_a_context_switched_elsewhere_redirects_no_step(world, server, other):
    world.write(book(make("one") + GATE + make("two")))
    run = at_the_gate(world)
    other.kubeconfig(config(world), context="other", current=True)
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert names(server) == {"one", "two"} and not heard(other)


def test_a_context_switched_while_the_run_rests_redirects_no_step(world, server, other):
    world.write(book(make("one") + "  - {id: ask, manual: Go on}\n" + make("two")))
    assert world.run().code == 3
    other.kubeconfig(config(world), context="other", current=True)
    assert world("confirm", "last", "ask").code == 0
    resumed = world.resume()
    assert resumed.code == 0, resumed
    assert names(server) == {"one", "two"} and not heard(other)


def test_a_server_that_was_replaced_stops_the_run_and_nobody_hears_of_it(world, server, other):
    world.write(book(make("one") + GATE + make("two")))
    run = at_the_gate(world)
    asked = len(heard(server))
    other.kubeconfig(config(world), context="test")
    world.open_gate()
    assert run.wait(60) == 1
    assert "`make_two` must not run here: the run began in context test at " + server.url in run.log.read_text()
    assert len(heard(server)) == asked and not heard(other)
    server.kubeconfig(config(world), context="test")
    assert world.resume().code == 0
    assert names(server) == {"one", "two"}


def test_a_namespace_switched_elsewhere_redirects_no_step(world, server):
    server.kubeconfig(config(world), context="test", namespace="default")
    world.write(book(make("one") + GATE + make("two")))
    run = at_the_gate(world)
    server.kubeconfig(config(world), context="test", namespace="kube-system")
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert {each["metadata"]["namespace"] for each in server.list("configmaps") if each["metadata"]["name"] in ("one", "two")} == {"default"}


def test_a_step_that_meddles_with_its_copy_redirects_no_other(world, server, other):
    world.write(book(make("one") + f"""
  - id: meddle
    shell: kubectl config set-cluster test --server={other.url} && kubectl config set-context test --namespace=kube-system
""" + make("two")))
    assert world.run().code == 0
    assert names(server) == {"one", "two"} and not heard(other)


def test_a_shell_step_works_on_the_pinned_cluster_and_the_copy_goes_with_the_run(world, server):
    world.write(book("""
  - id: look
    shell: |
      stat -c %a "$KUBECONFIG" > "$W/mode"; echo "$KUBECONFIG" > "$W/path"; kubectl get nodes -o name > "$W/nodes"
      kubectl config view --raw
""" + GATE))
    run = at_the_gate(world)
    copy = Path(world.lines("path")[0])
    assert copy != config(world) and copy.parent == world.run_folder() and world.lines("mode") == ["600"]
    assert copy.exists() and len(world.lines("nodes")) == 2
    world.open_gate()
    assert run.wait(60) == 0
    assert not copy.exists()


def test_no_credential_is_kept_or_shown(world, server):
    world.write(book("""
  - {id: look, kubectl: config view --raw}
  - {id: told, shell: 'cat "$KUBECONFIG"; exit 1', on_failure: continue}
"""))
    done = world.run()
    kept = b"".join(path.read_bytes() for path in [world.journal, *world.run_folder().rglob("*"), *world.folder.glob("journal.db-*")]
                    if path.is_file())
    shown = done.out + done.err + world("logs", "last", "look").out + world("logs", "last", "told").out + world("show", "last", "--json").out
    assert "[secret]" in shown
    assert b"token-of-ana" not in kept and "token-of-ana" not in shown


def test_a_cluster_that_a_step_makes_is_pinned_when_it_is_there(world, server):
    made = world.folder / "made"
    server.kubeconfig(made, context="blue")
    world.write(book("""
  - {id: create, shell: 'cp "$W/made" "$W/kubeconfig"'}
""" + make("one"), "targets: {main: {kubernetes: {context: blue, from: create}}}\ntarget: main\n"))
    config(world).unlink()
    done = world.run()
    assert done.code == 0, done
    assert names(server) == {"one"}


def test_before_the_step_that_makes_it_nothing_goes_to_another_cluster(world, server):
    world.write(book(make("one") + "  - {id: create, shell: 'true'}\n", "targets: {main: {kubernetes: {from: create}}}\ntarget: main\n"))
    done = world.run()
    assert done.code == 1 and "no cluster is pinned for it: the step that makes its target (`from:`) is not done" in done.err
    assert not heard(server)


def test_a_context_that_is_not_there_is_told_with_those_that_are(world, server):
    world.write(book(make("one"), "targets: {main: {kubernetes: tset}}\ntarget: main\n"))
    done = world.run()
    assert done.code == 1 and "has no context `tset`; did you mean `test`?" in done.err
    assert not heard(server)


def test_without_a_target_the_current_context_is_pinned_and_check_says_so(world, server, other):
    world.write(book(make("one") + GATE + make("two"), ""))
    checked = world("check", world.book)
    assert checked.code == 0 and "`make_one` has no target of type `kubernetes`" in checked.out + checked.err
    run = at_the_gate(world)
    other.kubeconfig(config(world), context="other", current=True)
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert names(server) == {"one", "two"} and not heard(other)
    assert world.show()["targets"]["kubernetes"]["identity"]["server"] == server.url


LATE = """#!/bin/sh
late() {{ until [ -e "$W/second" ]; do sleep 0.02; done; }}
case " $* " in
  *" config view "*) if mkdir "$W/first" 2> /dev/null; then {first}; else {others}; fi ;;
esac
exec {kubectl} "$@"
"""


def put_kubectl(world, text, **fields):
    """Before the real one, which it names as `kubectl`."""
    (world.folder / "bin").mkdir()
    ours = world.folder / "bin" / "kubectl"
    ours.write_text(text.format(kubectl=shutil.which("kubectl", path=world.env["PATH"]), **fields))
    ours.chmod(0o755)
    world.env["PATH"] = f"{ours.parent}:{world.env['PATH']}"


def put_late_kubectl(world, first="late", others="late"):
    """A kubectl whose first look at the kubeconfig, or all others, wait for the file `second`."""
    put_kubectl(world, LATE, first=first, others=others)


FORGETFUL = """#!/bin/sh
case " $* " in
  *" exec "*) echo called >> "$W/calls"
    for stream in {streams}; do
      echo "E1130 02:47:05.378129   13479 websocket.go:296] Unknown stream id $stream, discarding message" >&2
    done
    exit 0 ;;
esac
exec {kubectl} "$@"
"""


def put_forgetful_kubectl(world, streams):
    """One that discards what comes from a container on these channels, as those before kubernetes/kubernetes#131203 may."""
    put_kubectl(world, FORGETFUL, streams=streams)


def test_a_command_in_a_container_whose_end_kubectl_discarded_is_in_doubt(world, server):
    put_forgetful_kubectl(world, "1 3")
    world.write(book("  - {id: sync, kubectl: exec pod/iis -- curl -X POST http://localhost:8080/sync}\n" + make("one")))
    ended = world.run()
    assert ended.code == 4 and "kubectl discarded the container's word of how it ended (kubernetes/kubernetes#131189)" in ended.err, ended
    assert not names(server)
    assert world("resolve", "last", "sync", "done", "--because", "seen in its log").code == 0
    assert world.run("--resume").code == 0
    assert names(server) == {"one"} and (world.folder / "calls").read_text() == "called\n"


def test_an_output_of_which_kubectl_discarded_a_part_is_not_taken(world, server):
    put_forgetful_kubectl(world, "1")
    world.write(book("  - {id: sync, kubectl: exec pod/iis -- curl, outputs: {status: {regex: 'HTTP (.+)'}}}\n"))
    ended = world.run()
    assert ended.code == 1 and "output `status`: kubectl discarded a part of what the container wrote" in ended.err, ended


def test_a_look_that_began_before_another_branch_pinned_the_cluster_is_taken_again(world, server, other):
    """Both branches look while nothing is pinned; the slower one sees what somebody has switched to meanwhile."""
    put_late_kubectl(world, first=":")
    branches = "".join(f"      - section: {name}\n        steps:\n      {make(name)}" for name in ("one", "two"))
    world.write(book(f"  - section: Side by side\n    parallel:\n{branches}"))
    run = world.start()
    until(lambda: names(server), "one of them to be made")
    other.kubeconfig(config(world), context="other", current=True)
    (world.folder / "second").touch()
    assert run.wait(60) == 0, run.log.read_text()
    assert names(server) == {"one", "two"} and not heard(other)


def test_a_watch_that_began_to_look_before_a_step_pinned_the_cluster_looks_again(world, server, other):
    """It sees what somebody has switched to meanwhile, and must not watch that cluster."""
    put_late_kubectl(world, others=":")
    steps = ("  - {id: begun, shell: 'until [ -e \"$W/first\" ]; do sleep 0.02; done', effect: read, target: here}\n"
             + make("one") + GATE).splitlines()
    world.write(book(f"""
  - section: Watched
    target: main
    watch: [{{id: ready, kubectl: get nodes, every: 20ms, trips_after: 1}}]
    steps:
{chr(10).join("    " + line for line in steps)}
""", "targets: {main: {kubernetes: {}}, here: {directory: .}}\n"))
    run = at_the_gate(world)
    other.kubeconfig(config(world), context="other", current=True)
    (world.folder / "second").touch()
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert names(server) == {"one"} and server.asked("GET", "/nodes") and not heard(other)


def test_a_probe_and_a_watch_work_on_the_pinned_cluster(world, server, other):
    world.write(book(f"""
  - section: Watched
    watch: [{{id: ready, kubectl: get nodes, every: 20ms, trips_after: 1}}]
    steps:
{"".join("    " + line + chr(10) for line in (GATE + make("two")).splitlines())}
  - id: there
    wait_until: {{kubectl: get configmap two, timeout: 1m}}
""", HEAD))
    run = at_the_gate(world)
    other.kubeconfig(config(world), context="other", current=True)
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert not heard(other) and server.asked("GET", "/nodes")


def test_not_found_is_no_and_no_answer_is_none(world, server):
    world.write(book(make("one", ", done_when: {kubectl: get configmap one}")))
    assert world.run().code == 0
    assert world.state_of("make_one") == "succeeded"
    assert world.run().code == 0
    assert world.state_of("make_one") == "satisfied"
    if not hasattr(server, "revoke"):
        return  # what follows is done to the double alone
    server.revoke()  # 401
    refused = world.run()
    assert refused.code == 1 and "done_when can't tell" in refused.err
    server.stop()
    dead = world.run()
    assert dead.code == 1 and "done_when can't tell" in dead.err
    server.start_again()


def test_a_value_of_two_words_stays_one_and_none_becomes_a_flag(world, server, other):
    world.write(book("  - {id: get, kubectl: 'get configmap ${{ $inputs.x }}'}\n", "inputs: {x: {}}\n" + HEAD))
    for value, said in [("a b", "two words"), (f"--server={other.url}", "chooses a cluster")]:
        done = world.run("--input", f"x={value}")
        assert done.code == 1, done
        assert not heard(other)
    assert "`--server` chooses a cluster" in done.err
    world.write(book("  - {id: apply, kubectl: 'apply -f cm.yml ${{ $inputs.x }}'}\n", "inputs: {x: {}}\n" + HEAD))
    world.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}", "cm.yml")
    done = world.run("--input", "x=--prune")
    assert done.code == 1 and "with its values its effect is `once`, and not `idempotent`: `--prune` deletes" in done.err
    assert not server.writes() and world.step("apply")["attempts"] == 0


def test_effect_and_reason_are_planned_and_shown(world, server):
    world.write(book("""
  - {id: restart, kubectl: rollout restart deployment/x}
  - {id: mine, kubectl: rollout restart deployment/x, effect: idempotent}
"""))
    planned = world("plan", world.book).out
    assert "effect: once: each time all pods are replaced" in planned and "effect: idempotent\n" in planned
    world.run()
    assert world.step("restart")["effect_because"] == "each time all pods are replaced"
    assert world.step("mine")["effect_because"] is None


def test_json_is_the_result(world, server):
    world.write(book("""
  - id: nodes
    kubectl: {args: [get, nodes], output: json}
    outputs: {names: "items[].metadata.name"}
"""))
    assert world.run().code == 0
    assert len(world.step("nodes")["outputs"]["names"]) == 2


MANIFEST = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "%s"}})


@pytest.mark.parametrize("flags, changed", [("-f one.yml", "one.yml"), ("-f manifests", "manifests/two.yml"), ("-R -f manifests", "manifests/deep/x.json"),
                                            ("-f manifests", "manifests/new.yaml"), ("-f 'manifests/*.yml'", "manifests/third.yml"),
                                            ("-k overlay", "overlay/more.yml"), ("-k overlay", "base/cm.yml")])
def test_a_manifest_that_changed_before_its_step_is_a_question(world, server, flags, changed):
    for name in ("manifests/deep", "overlay", "base"):
        (world.folder / name).mkdir(parents=True)
    for name in ("one.yml", "manifests/two.yml", "manifests/deep/x.json", "overlay/more.yml", "base/cm.yml"):
        world.write(MANIFEST % "one", name)
    world.write("resources: [../base, more.yml]\n", "overlay/kustomization.yaml")
    world.write("resources: [cm.yml]\n", "base/kustomization.yaml")
    words = ["apply", *flags.replace("'", "").split()]
    world.write(book(GATE + f"  - {{id: apply, kubectl: {json.dumps(words)}}}\n"))
    run = at_the_gate(world)
    world.write(MANIFEST % "two", changed)
    world.open_gate()
    assert run.wait(60) == 3, run.log.read_text()
    assert str(world.folder / changed.split("/")[0]) in run.log.read_text()
    assert not server.writes()


def test_what_a_kustomization_does_not_name_may_change(world, server):
    """The journal of the run may lie beside it."""
    world.write(MANIFEST % "one", "one.yml")
    world.write("resources:\n- one.yml\nnamePrefix: a-\n", "kustomization.yaml")
    world.write(book(GATE + "  - {id: apply, kubectl: apply -k .}\n"))
    run = at_the_gate(world)
    world.write(MANIFEST % "two", "two.yml")
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert "a-one" in server.list("configmaps") or server.get("configmaps", "a-one")


def test_what_is_no_manifest_in_a_folder_may_change(world, server):
    (world.folder / "manifests").mkdir()
    world.write(MANIFEST % "one", "manifests/one.yml")
    world.write(book(GATE + "  - {id: apply, kubectl: apply -f manifests}\n"))
    run = at_the_gate(world)
    world.write("see one.yml", "manifests/README")
    world.open_gate()
    assert run.wait(60) == 0, run.log.read_text()
    assert names(server) == {"one"}


@pytest.mark.parametrize("step, said", [
    ("kubectl: kubectl get pods", "error: the words begin behind `kubectl`"),
    ("kubectl: get pods --context other", "error: `--context` chooses a cluster or who works on it"),
    ("kubectl: {args: get pods -n blue, namespace: green}", "error: a namespace is given twice: also by `namespace:`"),
    ("kubectl: get pods | grep x", "error: no shell reads this: `|` would be a word like others"),
    ("kubectl: \"get pods -o jsonpath='{.items}'\"", "error: no shell reads this: the quotes would be a part of the word"),
    ("kubectl:", "error: `kubectl` has no value"),
    ("kubectl: ''", "error: `kubectl` is empty"),
    ("kubectl: []", "error: `kubectl` is empty"),
    ("kubectl: [get, ]", ""),
    ("kubectl: [get, null]", "error"),
    ("kubectl: {args: get pods, namespce: x}", "error: `kubectl` has no parameter `namespce`"),
    ("kubectl: config use-context x", "error: `config use-context` would change the run's own copy"),
    ("wait_until: {kubectl: delete pod x, timeout: 1m}", "error: `wait_until` only looks, and this is `once`: it is refused when"),
    ("wait_until: {kubectl: '${{ $run.id }} x', timeout: 1m}", "error: `wait_until` only looks, and this is `once`: what `${{"),
    ("kubectl: apply -f -", "error: `-` is standard input, and there is none"),
    ("kubectl: apply -f https://example.org/x.yml", "warning: `https://example.org/x.yml` can't be pinned"),
    ("kubectl: rolout restart deployment/x", "warning: what `kubectl rolout` does is not known: it is taken to be `once`"),
    ("kubectl: -n blue", "warning: it says no verb: it is taken to be `once`"),
    ("{kubectl: get pods, env: {KUBECONFIG: /x}}", "error: `KUBECONFIG` is set by the target `main`"),
])
def test_what_check_says(world, step, said):
    inside = step if step.startswith("{") else "{" + step + "}"
    text = "  - {id: a, " + inside[1:] + "\n" if step.startswith("{") else f"  - id: a\n    {step}\n"
    world.write(book(text))
    checked = world("check", world.book)
    assert said in checked.out + checked.err
    assert checked.code == (2 if said.startswith("error") else 0)


# The kubectls of this machine: that of PATH, and Debian's of 1.20 where a test run unpacked it.

def kubectls():
    return [path for path in kubectl.found().values() if path]


def commands_of(kubectl, *words):
    text = subprocess.run([kubectl, *words, "--help"], capture_output=True, text=True).stdout.split("\nUsage:")[0]
    return re.findall(r"^  ([a-z][a-z-]+) +\S", text.partition("ommands")[2], re.M)


@pytest.mark.parametrize("kubectl", kubectls())
def test_every_verb_that_kubectl_lists_is_known(world, kubectl):
    groups = ("auth", "certificate", "cluster-info", "config", "create", "rollout", "set")
    verbs = [verb for verb in commands_of(kubectl) if verb not in ("alpha", "plugin", *groups)]
    verbs += [f"{group} {verb}" for group in groups for verb in commands_of(kubectl, group)]
    assert len(verbs) > 60
    steps = "".join(f"  - {{id: s{i}, kubectl: {verb} x}}\n" for i, verb in enumerate(verbs))
    world.write(book(steps))
    checked = world("check", world.book)
    assert "is not known" not in checked.out + checked.err


@pytest.mark.parametrize("kubectl", kubectls())
def test_a_required_version_of_kubectl_is_read(world, kubectl):
    (world.folder / "bin").mkdir()
    (world.folder / "bin" / "kubectl").symlink_to(kubectl)
    path = f"{world.folder}/bin:{os.environ['PATH']}"
    for wanted, code in ((">=1.20", 0), (">=1.40", 2)):
        world.write(f"runbook: shop\nrequires: {{tools: {{kubectl: '{wanted}'}}}}\nsteps:\n  - {{id: a, shell: 'true'}}\n")
        done = world.run(PATH=path)
        assert done.code == code, done
