"""A real kube-apiserver and etcd, as the judge of the double: RUNBOOK_TEST_KUBE_APISERVER names the binary; etcd is looked for beside
it, in RUNBOOK_TEST_ETCD and in PATH (Debian: etcd-server). A kube-controller-manager beside it is started too."""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import SimpleNamespace

from . import certificate, kubeconfig
from .connection import kept_port


def binary():
    path = os.environ.get("RUNBOOK_TEST_KUBE_APISERVER")
    return Path(path) if path else None


def etcd():
    named = os.environ.get("RUNBOOK_TEST_ETCD")
    beside = binary().parent / "etcd"
    return named or (str(beside) if beside.exists() else shutil.which("etcd"))


class RealServer:
    def __init__(self, controllers=True, nodes=0):
        """`nodes`: so many are written down; nothing runs on them."""
        self.nodes, self.heard_from = nodes, 0
        self.folder = Path(tempfile.mkdtemp(prefix="runbook-kube-real-"))
        self.certificate, self.key = certificate.make(self.folder)
        self.token, self.places, self.processes = "token-of-ana", [], []
        self.port = self._port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.has_controllers = controllers and (binary().parent / "kube-controller-manager").exists()
        (self.folder / "tokens").write_text(f"{self.token},ana,ana,system:masters\n")

    def __enter__(self):
        try:
            self._start()
            for number in range(self.nodes):
                node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number + 1}"}}
                self._kubectl("create", "--filename=-", input=json.dumps(node).encode())
            self.heard_from = len(self._audit_log())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def _start(self):
        accounts = self.folder / "accounts.key"
        policy = self.folder / "audit.json"
        policy.write_text(json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}))
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", accounts, "2048"], check=True, capture_output=True)
        clients, peers = f"http://127.0.0.1:{self._port()}", f"http://127.0.0.1:{self._port()}"
        self._run("etcd", [etcd(), "--data-dir", self.folder / "etcd", "--listen-client-urls", clients, "--advertise-client-urls", clients,
                           "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}"])
        self._run("apiserver", [binary(), "--etcd-servers", clients, "--bind-address=127.0.0.1", "--advertise-address=10.9.8.7",
                                f"--secure-port={self.port}",
                                "--cert-dir", self.folder, "--tls-cert-file", self.certificate, "--tls-private-key-file", self.key,
                                "--token-auth-file", self.folder / "tokens", "--audit-policy-file", policy, "--audit-log-path", self.folder / "audit.log", "--service-account-issuer=https://kubernetes.default.svc",
                                "--service-account-key-file", accounts, "--service-account-signing-key-file", accounts,
                                "--service-cluster-ip-range=10.0.0.0/16", "--authorization-mode=RBAC",
                                "--disable-admission-plugins=ServiceAccount", "--insecure-port=0"])
        self._wait("/readyz")
        if self.has_controllers:
            path = self.kubeconfig(self.folder / "controllers")
            self._run("controllers", [binary().parent / "kube-controller-manager", "--kubeconfig", path,
                                      "--use-service-account-credentials=false",
                                      "--leader-elect=false", "--port=0", f"--secure-port={self._port()}", "--bind-address=127.0.0.1",
                                      "--cert-dir", self.folder / "controllers-cert", "--concurrent-deployment-syncs=2"])
        self._wait("/api/v1/namespaces/default/services/kubernetes")
        if self.has_controllers:
            self._wait("/api/v1/namespaces/default/serviceaccounts/default")

    def _port(self):
        self.places.append(kept_port())
        return self.places[-1].getsockname()[1]

    def _run(self, name, argv):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(["setpriv", "--pdeathsig=KILL", *map(str, argv)], stdin=subprocess.DEVNULL, stdout=log,
                                                   stderr=log))

    def _wait(self, path):
        context = ssl.create_default_context(cafile=str(self.certificate))
        asked = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(asked, context=context, timeout=5):
                    return
            except OSError as error:
                dead = next((each for each in self.processes if each.poll() is not None), None)
                if dead or time.monotonic() > deadline:
                    logs = "".join(f"--- {log}\n{log.read_text(errors='replace')[-2000:]}" for log in self.folder.glob("*.log"))
                    raise RuntimeError(f"the real server does not come up\n{logs}") from error
                time.sleep(0.05)

    def _end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        for place in self.places:
            place.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kubeconfig(self, path, context="test", token=None, **options):
        return kubeconfig.write(path, self.url, self.certificate, token or self.token, context, **options)

    def environment(self, folder, **options):
        return kubeconfig.environment(self, folder, **options)

    # What was asked, by its own audit log, and what is there

    METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}

    @property
    def requests(self):
        """Of kubectl, those that are answered."""
        found = [json.loads(line) for line in self._audit_log()[self.heard_from:].splitlines()]
        return [self._request(each) for each in found if each["stage"] == "ResponseComplete" and "kubectl" in each.get("userAgent", "")]

    def _audit_log(self):
        log = self.folder / "audit.log"
        return log.read_text() if log.exists() else ""

    def _request(self, logged):
        address = urllib.parse.urlsplit(logged["requestURI"])
        return SimpleNamespace(method=self.METHODS.get(logged["verb"], "GET"), path=address.path, query=urllib.parse.parse_qs(address.query),
                               user_agent=logged["userAgent"])

    def asked(self, method, path):
        return [each for each in self.requests if each.method == method and path in each.path]

    def writes(self):
        return [each for each in self.requests if each.method != "GET" and "dryRun" not in each.query and "selfsubject" not in each.path]

    def list(self, kind, namespace=None):
        return self._kubectl("get", kind, *(["--namespace", namespace] if namespace else ["--all-namespaces"]))["items"]

    def get(self, kind, name, namespace="default"):
        return next((each for each in self.list(kind, namespace) if each["metadata"]["name"] == name), None)

    def _kubectl(self, *words, **options):
        env = os.environ | kubeconfig.environment(self, self.folder)
        return json.loads(subprocess.run(["kubectl", *words, "--output=json"], env=env, check=True, capture_output=True, **options).stdout)
