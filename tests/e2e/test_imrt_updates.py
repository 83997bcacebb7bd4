"""The three updates of IMRT in runbooks/, on the tests' own API server with the real kubectl. kops is a double that refuses what the real
one would."""

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from world import ROOT, kill, until, world  # noqa: F401  (the fixture)

sys.path.insert(0, str(ROOT / "tests"))
from kube.server import KubeServer  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("kubectl") and os.environ.get("CI") != "true", reason="there is no kubectl")

CLUSTER = "imrt.example.org"
SERVICE = "ap-imrt-iis-deployment"
OLD, NEW = "fwsbac/ap-imrt-iis:0.1.26", "fwsbac/ap-imrt-iis:0.1.27"

# kops 1.9.0, as far as the runbooks need it: it writes the context of the cluster into the kubeconfig and makes it the current one.
KOPS = """#!/usr/bin/python3
import json, os, sys
words = sys.argv[1:]
if words == ["version"]:
    sys.exit(print("Version 1.9.0"))
if words[:2] != ["export", "kubecfg"]:
    sys.exit(f"Error: unknown command {words}")
flags = dict(zip(words[2::2], words[3::2]))
if len(words) % 2 or set(flags) != {"--state", "--name"}:
    sys.exit(f"Error: unknown flags {words[2:]}")
if flags != {"--state": "s3://kops-imrt-example-org-state-store", "--name": "imrt.example.org"}:
    sys.exit(f"cluster not found: {flags}")
with open(os.environ["KUBECONFIG"]) as file:
    config = json.load(file)
with open(os.environ["W"] + "/exported") as file:
    exported = json.load(file)
for kind in ("clusters", "users", "contexts"):
    config[kind] = [each for each in config[kind] if each["name"] != flags["--name"]] + exported[kind]
config["current-context"] = flags["--name"]
with open(os.environ["KUBECONFIG"], "w") as file:
    json.dump(config, file)
print("kops has set your kubectl context to " + flags["--name"])
"""


def service(image=OLD, replicas=2, policy="Always", env=""):
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {SERVICE}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: ap-imrt-iis}}
  template:
    metadata:
      labels: {{app: ap-imrt-iis}}
    spec:
      containers:
      - name: ap-imrt-iis
        image: {image}
        imagePullPolicy: {policy}
{env}"""


CRON = f"""apiVersion: batch/v1beta1
kind: CronJob
metadata:
  name: sync-job
spec:
  # Schedule to run at 1:30 AM UTC (6:30 PM PST) each day
  schedule: "30 1 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: ap-imrt-iis
            image: {OLD}
            imagePullPolicy: Always
            command: ["./sync-job.sh"]
          restartPolicy: Never
"""


CREDENTIAL = 'hunter2"&rabbit7'      # looks different where it stands in JSON
PLACEHOLDER = "(set during deployment)"


def with_credential(value):
    return service(env=f"        env:\n        - name: GIT_PASSWORD\n          value: '{value}'\n")


class Site:
    """A cluster with the service and its cron job, and the machine of an operator: kops, and a kubeconfig in which another cluster is
    current."""

    def __init__(self, world, server, other):  # noqa: F811
        self.world, self.server, self.other = world, server, other
        world.write(KOPS, "kops").chmod(0o755)
        world.env |= server.environment(world.folder, context="here")
        world.env["PATH"] = f"{world.folder}:{world.env['PATH']}"
        server.kubeconfig(world.folder / "exported", context=CLUSTER)
        self.manifests = world.folder / "manifests"
        self.manifests.mkdir()
        self.cron = world.write(CRON, "manifests/sync-cron.yml")
        self.file = world.write(service(), "manifests/iis.yml")
        self.stands(with_credential(CREDENTIAL), CRON)
        self.switch()

    def stands(self, *manifests):
        subprocess.run(["kubectl", "--context=here", "apply", "-f", "-"], env=self.world.env, input="---\n".join(manifests), text=True,
                       check=True, capture_output=True)
        self.server.requests.clear()

    def switch(self):
        """As when somebody else works on another cluster with the same kubeconfig."""
        self.other.kubeconfig(self.world.folder / "kubeconfig", context="elsewhere", current=True)

    def words(self, book, **inputs):
        self.world.book = ROOT / "runbooks" / f"imrt-update-{book}.yaml"
        own = {"image": {"image_version": "0.1.27", "manifests": self.manifests}, "snapshot": {}, "manifest": {"file": self.file}}[book]
        return ["--accept", *[word for name, value in ({"cluster_name": CLUSTER} | own | inputs).items() for word in ("-i", f"{name}={value}")]]

    def update(self, book, **inputs):
        return self.world.run(*self.words(book, **inputs))

    def fails_to_roll_out(self, book, **inputs):
        """Runs it to the end of its patience; returns what was told."""
        self.server.hold_rollout()
        run = self.world.start(*self.words(book, **inputs))
        # Made, not only asked for: what is done to a rollout must not come before it.
        until(lambda: any(each.status and "/deployments/" in each.path for each in self.server.writes()), "the change")
        self.server.release_rollout()
        self.server.exceed_deadline(SERVICE)
        assert run.wait(60) == 1
        return run.log.read_text()

    def undo(self, *words):
        return self.world("undo", "last", "--non-interactive", *words)

    def writes_of(self, kind):
        return [f"{each.method} {each.path.rpartition('/')[2]}" for each in self.server.writes() if f"/{kind}/" in each.path]

    def template(self):
        return self.server.get("deployments", SERVICE)["spec"]["template"]

    def image(self):
        return self.template()["spec"]["containers"][0]["image"]

    def image_of_cron_job(self):
        return self.server.get("cronjobs", "sync-job")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"]

    def recorded(self):
        """All that the journal holds, and what lies beside it."""
        rows = [row[0] for row in sqlite3.connect(self.world.journal).execute("select bytes from blobs")]
        return b"".join(rows) + b"".join(path.read_bytes() for path in self.world.run_folder().iterdir() if path.is_file())


@pytest.fixture
def site(world):  # noqa: F811
    with KubeServer(version="v1.20.2") as server, KubeServer(version="v1.20.2") as other:
        made = Site(world, server, other)
        yield made
        asked = [each for each in other.requests if each.path != "/version"]     # which `kubectl version` may ask for
        assert not asked, "the other cluster was touched"


def test_an_image_is_set_and_the_cron_job_follows_and_undo_takes_both_back(site):
    ended = site.update("image")
    assert ended.code == 0 and ended.out == f"before={OLD}\nnow={NEW}\n", ended
    assert (site.image(), site.image_of_cron_job(), site.cron.read_text()) == (NEW, NEW, CRON.replace(OLD, NEW))
    assert [each.method for each in site.server.writes()] == ["PATCH", "PATCH"]
    undone = site.undo()
    assert undone.code == 0, undone
    assert (site.image(), site.image_of_cron_job(), site.cron.read_text()) == (OLD, OLD, CRON)
    assert site.writes_of("deployments") == [f"PATCH {SERVICE}"] * 2
    assert b"hunter2" not in site.recorded()


def test_an_image_that_can_not_be_pulled_stops_the_update_and_undo_brings_the_old_one_back(site):
    site.server.set_image_broken(NEW)
    told = site.fails_to_roll_out("image")
    assert "ImagePullBackOff" in told and "manifest unknown" in told and "There is no such version" in told, told
    assert site.image() == NEW and site.writes_of("cronjobs") == [] and site.cron.read_text() == CRON
    undone = site.undo("--to", "set_image")
    assert undone.code == 0, undone
    assert site.image() == OLD and site.writes_of("deployments") == [f"PATCH {SERVICE}"] * 2
    assert site.server.get("deployments", SERVICE)["status"]["readyReplicas"] == 2


def test_an_image_whose_answer_was_lost_is_set_once_and_a_new_cron_job_is_gone_again_after_undo(site):
    subprocess.run(["kubectl", "--context=here", "delete", "cronjob/sync-job"], env=site.world.env, check=True, capture_output=True)
    site.server.requests.clear()
    site.server.lose_answers(method="PATCH", path="/deployments/")
    first = site.update("image")
    assert first.code == 1 and "step `set_image` failed" in first.err and site.image() == NEW, first
    ended = site.world.resume()
    assert ended.code == 0 and site.writes_of("deployments") == [f"PATCH {SERVICE}"] and site.image_of_cron_job() == NEW, ended
    assert site.undo().code == 0 and site.server.get("cronjobs", "sync-job") is None
    assert site.image() == OLD      # what an attempt did whose answer was lost is undone too


def test_another_image_altogether_is_not_set(site):
    ended = site.update("image", image="fwsbac/ap-imrt-iss")
    assert ended.code == 1 and "something else altogether" in ended.err and site.server.writes() == [], ended


def test_a_snapshot_is_fetched_anew_and_undo_gives_the_label_back(site):
    before = site.server.pods(SERVICE)
    ended = site.update("snapshot")
    assert ended.code == 0, ended
    label = site.template()["metadata"]["labels"]["date"]
    assert ended.out.splitlines()[0] == f"label={label}" and "@sha256:" in ended.out.splitlines()[2]
    assert not set(before) & set(site.server.pods(SERVICE)) and site.writes_of("deployments") == [f"PATCH {SERVICE}"]
    assert site.undo().code == 0 and "date" not in site.template()["metadata"]["labels"]
    assert b"hunter2" not in site.recorded()


def test_a_snapshot_that_does_not_come_up_stops_and_undo_keeps_the_pods_that_still_run(site):
    before = site.server.pods(SERVICE)
    site.server.set_image_unready(OLD)
    assert "progress deadline" in site.fails_to_roll_out("snapshot")
    assert set(before) & set(site.server.pods(SERVICE)) and site.writes_of("deployments") == [f"PATCH {SERVICE}"]
    site.server.hold_rollout()
    assert site.undo("--to", "patch").code == 0 and "date" not in site.template()["metadata"]["labels"]
    assert set(before) & set(site.server.pods(SERVICE)) and site.writes_of("deployments") == [f"PATCH {SERVICE}"] * 2


def test_a_snapshot_that_pods_would_not_fetch_is_not_asked_for(site):
    site.stands(service(policy="IfNotPresent"))
    ended = site.update("snapshot")
    assert ended.code == 1 and "imagePullPolicy must be Always" in ended.err and site.server.writes() == [], ended


def test_a_manifest_gets_its_credentials_from_the_cluster_and_nobody_writes_them_down(site):
    site.file.write_text(with_credential(PLACEHOLDER).replace("replicas: 2", "replicas: 3"))
    site.server.forbid("patch", "deployments")
    refused = site.update("manifest")
    assert refused.code == 1 and "is forbidden" in refused.err and "hunter2" not in refused.err, refused
    site.server.allow()
    ended = site.world.resume()
    assert ended.code == 0, ended
    found = site.server.get("deployments", SERVICE)
    assert found["spec"]["replicas"] == found["status"]["readyReplicas"] == 3
    assert site.template()["spec"]["containers"][0]["env"] == [{"name": "GIT_PASSWORD", "value": CREDENTIAL}]
    assert b"hunter2" not in site.recorded()


def test_a_manifest_with_a_credential_or_an_old_image_is_not_applied(site):
    site.file.write_text(with_credential(CREDENTIAL))
    ended = site.update("manifest")
    assert ended.code == 1 and "Credentials must not be checked in" in ended.err and site.server.writes() == [], ended
    site.file.write_text(service(image="fwsbac/ap-imrt-iis:0.1.25"))
    ended = site.update("manifest")
    assert ended.code == 1 and "would bring it back" in ended.err and site.server.writes() == [], ended


def test_a_manifest_with_an_image_that_can_not_be_pulled_stops_and_the_old_file_brings_the_old_one_back(site):
    site.file.write_text(service(image=NEW))
    site.server.set_image_broken(NEW)
    told = site.fails_to_roll_out("manifest", changes_image="true")
    assert "is_ready" in told and "ImagePullBackOff" in told and site.image() == NEW, told
    assert site.undo().code == 2 and site.image() == NEW     # nothing claims to have taken it back
    site.file.write_text(service())
    ended = site.update("manifest", changes_image="true")
    assert ended.code == 0 and site.image() == OLD and site.writes_of("deployments") == [f"PATCH {SERVICE}"] * 2, ended


@pytest.mark.parametrize("book", ["image", "snapshot", "manifest"])
def test_killed_while_the_rollout_runs_it_goes_on_with_the_same_cluster_and_changes_it_once(site, book):
    more = {}
    if book == "manifest":
        more = {"changes_image": "true"}
        site.file.write_text(service(image=NEW))
        site.stands(CRON.replace(OLD, NEW))
    site.server.hold_rollout()
    run = site.world.start(*site.words(book, **more))
    until(lambda: " sees " in run.log.read_text(), "what the wait sees")
    kill(run.pid, *site.world.supervisors())
    run.wait()
    site.switch()
    site.server.release_rollout()
    ended = site.world.resume()
    assert ended.code == 0, ended
    assert site.writes_of("deployments") == [f"PATCH {SERVICE}"]
    assert site.template()["metadata"]["labels"].get("date") if book == "snapshot" else site.image() == NEW


def test_a_wrong_flag_of_kops_ends_the_update_before_the_cluster_is_asked(site):
    words = site.words("image")
    text = site.world.book.read_text()
    for right, wrong in [("--state", "--stat"), ("--name \"$cluster_name\"", "--name other.example.org"), ("kubecfg --state", "kubecfg --admin --state")]:
        assert right in text
        site.world.book = site.world.write(text.replace(right, wrong, 1), "wrong.yaml")
        ended = site.world.run(*words)
        assert ended.code == 1 and "step `kubectl_configured` failed" in ended.err and site.server.requests == [], ended
