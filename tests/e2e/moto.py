"""AWS as the tests have it: the moto server on loopback, and what stands between it and the engine."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from world import ROOT, until

sys.path.insert(0, str(ROOT / "tests"))
from kube.connection import kept_port  # noqa: E402

REGION = "us-east-2"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE12", "AWS_SECRET_ACCESS_KEY": "secretkey/EXAMPLE/secretkey/EXAMPLE/1234"}
ACCOUNT = "123456789012"        # moto's


def program(name):
    """In PATH, or in the virtual environment that `./dev test` makes where there is none."""
    own = ROOT / "build" / "moto" / "bin" / name
    found = str(own) if own.exists() else shutil.which(name)
    if not found:
        reason = f"{name} is not here; `./dev test` installs it by pip"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def without_aws(env):
    """An environment in which nothing of the person who runs the tests says how AWS is called."""
    return {name: value for name, value in env.items() if not name.startswith("AWS_")}


def alone(url, config):
    """Variables by which a server is called, with what a config file says and with nothing else of this machine."""
    return {"AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}


class Moto:
    """One server, ended by `stop`."""

    def __init__(self, folder, **env):
        self.place = kept_port()
        self.port = self.place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "moto.log", "ab")
        self.process = subprocess.Popen([program("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)], env={**without_aws(os.environ), **env},
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(self.answers, "the moto server", 300)     # cold, it reads thousands of files before it listens

    def answers(self):
        assert self.process.poll() is None, Path(self.log.name).read_text()
        try:
            return self.get("/moto-api/data.json")
        except OSError:
            return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        return connection.getresponse().read()

    def reset(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.place.close()
        self.log.close()

    def env(self, **more):
        return {**KEYS, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **alone(self.url, "/dev/null"), **more}


@pytest.fixture(scope="module")
def moto(request, tmp_path_factory):
    """One server for all stories of a file, with what the file's MOTO adds to its environment."""
    server = Moto(tmp_path_factory.mktemp("moto"), **getattr(request.module, "MOTO", {}))
    yield server
    server.stop()


class Between:
    """A proxy in front of a server. `hold` keeps answers back, `cut` closes the connection instead of answering, `lose` keeps the request from
    the server, `deny` answers in its place as STS does where a code is wrong; all count what was sent."""

    DENIED = (b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>MultiFactorAuthentication failed with invalid MFA one time pass code."
              b"</Message></Error></ErrorResponse>")

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests, self.answered = [], 0
        self.mode = "pass"
        self.is_held = lambda request: True
        self.release = threading.Event()
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                ours, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(ours,), daemon=True).start()

    def serve(self, ours):
        try:
            with ours, socket.create_connection(("127.0.0.1", self.target)) as theirs:
                while request := read_message(ours):
                    is_concerned = self.is_held(request)
                    if self.mode == "lose" and is_concerned:
                        self.requests.append(request)
                        self.release.wait()
                        return
                    if self.mode == "deny" and is_concerned:
                        self.requests.append(request)
                        ours.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(self.DENIED) + self.DENIED)
                        continue
                    theirs.sendall(request)
                    answer = read_message(theirs, has_body=not request.startswith(b"HEAD "))
                    self.requests.append(request)
                    if self.mode == "cut" and is_concerned:
                        return
                    if self.mode == "hold" and is_concerned:
                        self.release.wait()
                    ours.sendall(answer)
                    self.answered += 1
        except OSError:
            pass        # the engine was killed

    def close(self):
        """The number of the listener may be given to another one: who still accepts by it would take that one's connections."""
        self.release.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()

    def sent(self, text):
        return [request for request in self.requests if text.encode() in request]


def read_message(stream, has_body=True):
    """A request or an answer with its body, or b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while has_body and len(body) < length and (more := stream.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body
