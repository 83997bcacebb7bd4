"""Rollouts: a deployment's replica sets, by revision; rolling within surge and unavailability, paused, failed and undone."""

import copy
import hashlib
import json

from .managers import now

REVISION, HASH = "deployment.kubernetes.io/revision", "pod-template-hash"
NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, "deployment.kubernetes.io/revision-history",
              "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to"}
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template):
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:10])


def plain_template(found):
    """Without the hash that tells replica sets apart."""
    template = copy.deepcopy(found["spec"]["template"])
    template.get("metadata", {}).get("labels", {}).pop(HASH, None)
    return template


def revision_of(found):
    return int(found["metadata"].get("annotations", {}).get(REVISION, 0))


def share(value, total, is_up):
    if isinstance(value, int):
        return value
    percent = int(value.rstrip("%")) * total
    return -(-percent // 100) if is_up else percent // 100


class Deployments:
    def __init__(self, cluster):
        self.cluster = cluster
        self.overdue = set()         # (uid, template hash): its progress deadline has passed

    def turn(self):
        for each in self.cluster.all("deployments"):
            if not each["metadata"].get("deletionTimestamp"):
                self._deployment(each)

    def sets(self, found):
        return sorted(self.cluster.owned("replicasets", found), key=revision_of)

    def current(self, found):
        wanted = found["spec"]["template"]
        return next((each for each in self.sets(found) if plain_template(each) == wanted), None)

    def exceed_deadline(self, found):
        self.overdue.add((found["metadata"]["uid"], template_hash(found["spec"]["template"])))

    def _deployment(self, found):
        new = self.current(found)
        if not found["spec"].get("paused"):
            new = self._renumbered(found, new) if new else self._created(found)
            old = [each for each in self.sets(found) if each["metadata"]["uid"] != new["metadata"]["uid"]]
            if found["spec"]["strategy"]["type"] == "Recreate":
                self._recreate(found, new, old)
            else:
                self._roll(found, new, old)
            self._forget(found, old)
        elif new:
            self._scale(found, new, found["spec"]["replicas"] - sum(each["spec"]["replicas"] for each in self.sets(found)
                                                                   if each["metadata"]["uid"] != new["metadata"]["uid"]))
        self._report(found)

    def _again(self, found):
        return self.cluster.find("deployments", found["metadata"]["name"], found["metadata"]["namespace"])

    def _annotate(self, found, revision):
        current = self._again(found)
        annotations = current["metadata"].get("annotations", {}) | {REVISION: str(revision)}
        self.cluster.put("deployments", current | {"metadata": current["metadata"] | {"annotations": annotations}})

    def _copied(self, found, revision):
        annotations = {key: value for key, value in found["metadata"].get("annotations", {}).items() if key not in NOT_COPIED}
        wanted = found["spec"]["replicas"]
        return annotations | {REVISION: str(revision), "deployment.kubernetes.io/desired-replicas": str(wanted),
                              "deployment.kubernetes.io/max-replicas": str(wanted + self._surge(found))}

    def _renumbered(self, found, new):
        """An old revision that is wanted again becomes the newest."""
        newest = max(map(revision_of, self.sets(found)))
        revision = revision_of(new) if revision_of(new) == newest else newest + 1
        annotations = new["metadata"].get("annotations", {}) | self._copied(found, revision)
        new = new | {"metadata": new["metadata"] | {"annotations": annotations}}
        self.cluster.put("replicasets", new)
        self._annotate(found, revision)
        return new

    def _created(self, found):
        revision = max(map(revision_of, self.sets(found)), default=0) + 1
        mark = template_hash(found["spec"]["template"])
        template = copy.deepcopy(found["spec"]["template"])
        template["metadata"].setdefault("labels", {})[HASH] = mark
        selector = copy.deepcopy(found["spec"]["selector"])
        selector.setdefault("matchLabels", {})[HASH] = mark
        meta = {"name": f"{found['metadata']['name']}-{mark}", "namespace": found["metadata"]["namespace"],
                "labels": dict(template["metadata"]["labels"]), "annotations": self._copied(found, revision)}
        created = self.cluster.make("replicasets", {"metadata": meta, "spec": {"replicas": 0, "selector": selector, "template": template}},
                                    found)
        self._annotate(found, revision)
        return created

    def _surge(self, found):
        return 0 if found["spec"]["strategy"]["type"] == "Recreate" else share(found["spec"]["strategy"]["rollingUpdate"]["maxSurge"],
                                                                               found["spec"]["replicas"], True)

    def _unavailable(self, found):
        rolling, wanted = found["spec"]["strategy"]["rollingUpdate"], found["spec"]["replicas"]
        least = share(rolling["maxUnavailable"], wanted, False)
        return least or (0 if self._surge(found) else 1)

    def _scale(self, found, replica_set, count):
        current = self.cluster.find("replicasets", replica_set["metadata"]["name"], replica_set["metadata"]["namespace"])
        before, count = current["spec"]["replicas"], max(0, count)
        if before == count:
            return
        word = "up" if count > before else "down"
        meta = current["metadata"] | {"generation": current["metadata"].get("generation", 1) + 1}
        self.cluster.put("replicasets", current | {"spec": current["spec"] | {"replicas": count}, "metadata": meta})
        text = f"Scaled {word} replica set {current['metadata']['name']} to {count}"
        self.cluster.event(found, "ScalingReplicaSet", text if self.cluster.minor < 25 else
                           f"Scaled {word} replica set {current['metadata']['name']} from {before} to {count}",
                           component="deployment-controller")

    def _recreate(self, found, new, old):
        for each in old:
            self._scale(found, each, 0)
        if not any(self.cluster.owned("pods", each) for each in old):
            self._scale(found, new, found["spec"]["replicas"])

    def _roll(self, found, new, old):
        wanted = found["spec"]["replicas"]
        total = new["spec"]["replicas"] + sum(each["spec"]["replicas"] for each in old)
        if new["spec"]["replicas"] > wanted:
            self._scale(found, new, wanted)
        elif new["spec"]["replicas"] < wanted:
            self._scale(found, new, new["spec"]["replicas"] + min(wanted - new["spec"]["replicas"],
                                                                  max(0, wanted + self._surge(found) - total)))
        new = self.cluster.find("replicasets", new["metadata"]["name"], new["metadata"]["namespace"])
        available = sum(each["status"].get("availableReplicas", 0) for each in [new, *old])
        lacking = new["spec"]["replicas"] - new["status"].get("availableReplicas", 0)
        least = wanted - self._unavailable(found)
        room = new["spec"]["replicas"] + sum(each["spec"]["replicas"] for each in old) - least - max(0, lacking)
        self._shrink(found, old, room, available - least)

    def _shrink(self, found, old, room, spare):
        """First what doesn't work anyway, then what can be spared."""
        for each in old:
            sick = min(each["spec"]["replicas"] - each["status"].get("availableReplicas", 0), max(0, room))
            if sick > 0:
                room -= sick
                self._scale(found, each, each["spec"]["replicas"] - sick)
        for each in old:
            each = self.cluster.find("replicasets", each["metadata"]["name"], each["metadata"]["namespace"])
            count = min(each["status"].get("availableReplicas", 0), each["spec"]["replicas"], max(0, spare), max(0, room))
            if count > 0:
                spare, room = spare - count, room - count
                self._scale(found, each, each["spec"]["replicas"] - count)

    def _forget(self, found, old):
        idle = [each for each in old if not each["spec"]["replicas"] and not each["status"].get("replicas")]
        for each in idle[:max(0, len(idle) - found["spec"]["revisionHistoryLimit"])]:
            self.cluster.delete("replicasets", each)

    # Status

    def _report(self, found):
        found = self._again(found)
        sets, new = self.sets(found), self.current(found)
        count = {key: sum(each["status"].get(name, 0) for each in sets) for key, name in (
            ("replicas", "replicas"), ("readyReplicas", "readyReplicas"), ("availableReplicas", "availableReplicas"))}
        wanted = found["spec"]["replicas"]
        count["updatedReplicas"] = new["status"].get("replicas", 0) if new else 0
        total = max(wanted, sum(each["spec"]["replicas"] for each in sets))
        count["unavailableReplicas"] = max(0, total - count["availableReplicas"])
        state = {"observedGeneration": found["metadata"].get("generation", 1)} | {key: value for key, value in count.items() if value}
        state["conditions"] = self._conditions(found, count, new, wanted)
        self.cluster.set_status("deployments", found, state)

    def _conditions(self, found, count, new, wanted):
        before = {each["type"]: each for each in found.get("status", {}).get("conditions", [])}
        least = wanted - (self._unavailable(found) if found["spec"]["strategy"]["type"] == "RollingUpdate" else 0)
        is_available = count["availableReplicas"] >= least
        made = [("Available", str(is_available), *(("MinimumReplicasAvailable", "Deployment has minimum availability.") if is_available else
                                                   ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")))]
        made.append(("Progressing", *self._progress(found, count, new, wanted, before.get("Progressing"))))
        return [self._condition(before.get(each[0]), *each) for each in made]

    def _progress(self, found, count, new, wanted, before):
        name = new["metadata"]["name"] if new else found["metadata"]["name"]
        progressed = f'ReplicaSet "{name}" has successfully progressed.'
        is_complete = new and count["updatedReplicas"] == wanted == count["replicas"] == count["availableReplicas"]
        if found["spec"].get("paused"):
            return "Unknown", "DeploymentPaused", "Deployment is paused"
        if is_complete:
            self.overdue.discard((found["metadata"]["uid"], template_hash(found["spec"]["template"])))
            return "True", "NewReplicaSetAvailable", progressed
        if before and before["message"] == progressed and count["replicas"] == count["updatedReplicas"]:
            return "True", "NewReplicaSetAvailable", progressed      # until the next rollout, whatever its pods do
        if (found["metadata"]["uid"], template_hash(found["spec"]["template"])) in self.overdue:
            return "False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'
        return "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'

    @staticmethod
    def _condition(before, kind, state, reason, message):
        made = {"type": kind, "status": state, "reason": reason, "message": message}
        if before and all(before.get(key) == value for key, value in made.items()):
            return before
        since = before["lastTransitionTime"] if before and before["status"] == state else now()
        return made | {"lastUpdateTime": now(), "lastTransitionTime": since}
