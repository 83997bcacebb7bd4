"""Exec and attach over a WebSocket (v5.channel.k8s.io and v4); SPDY, which kubectl before 1.29 speaks, is refused by name."""

import json
import time

from . import peer, status
from .websocket import WebSocket, accept_key

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


def wait_until_it_rests(ends, seconds=60):
    """All threads of the process at the other end sleep, at several looks. Who can't be seen is not waited for."""
    pid = peer.process_at(*ends)
    deadline, looks = time.monotonic() + seconds, 0
    while pid and looks < 5 and time.monotonic() < deadline:
        looks = looks + 1 if peer.is_at_rest(pid) else 0
        time.sleep(0.02)


def not_a_websocket(request):
    kind = request.headers.get("Upgrade", "")
    if kind:
        return status.ApiError(400, "BadRequest",
                               f"this server of the tests speaks no {kind}: it has exec by WebSocket alone, which kubectl "
                               "has from 1.29 on")
    return status.bad_request("Upgrade request required")


def ended(code):
    """The last word on the error channel."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {"metadata": {}, "status": "Failure", "message": f"command terminated with non-zero exit code: Error executing command: {code}",
            "reason": "NonZeroExitCode", "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}


class Exec:
    def __init__(self, server, request, pod, container):
        self.server, self.request, self.pod, self.container = server, request, pod, container

    def __call__(self, connection):
        offered = [each.strip() for each in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        protocol = next((each for each in PROTOCOLS if each in offered), None)
        if not protocol:
            raise status.ApiError(400, "BadRequest", f"unable to upgrade: unsupported protocols {offered}")
        connection.switch({"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Protocol": protocol,
                           "Sec-WebSocket-Accept": accept_key(self.request.headers["Sec-WebSocket-Key"])})
        self.protocol, self.peers = protocol, (connection.client_address, connection.server.server_address)
        self.socket = WebSocket(connection.rfile, connection.wfile)
        self._talk()

    def _talk(self):
        is_attached = self.request.subresource == "attach"
        words = self._own_words() if is_attached else self.request.query.get("command", [])
        stdin = self._read_input() if self.request.param("stdin") in ("true", "1") else b""
        self._start_process()
        out, err, code = self.server.execute(self.pod, self.container, words, stdin)
        self._send(STDOUT, out if self.request.param("stdout") in ("true", "1") else b"")
        self._send(STDERR if self.request.param("tty") not in ("true", "1") else STDOUT, err)
        self._send(ERROR, json.dumps(ended(0 if is_attached else code)).encode())
        self.socket.close()
        if is_attached:
            self.server.finish_pod(self.pod["metadata"]["name"], code, self.pod["metadata"]["namespace"])

    def _start_process(self):
        """A kubectl without kubernetes/kubernetes#131203 reads before it has made its streams, and discards what comes that early, be
        it the exit code. Its answer to a ping says that it reads; that it has nothing to do any more, that it has made them."""
        self.socket.ping()
        wait_until_it_rests(self.peers)

    def _own_words(self):
        """What the container runs: who attaches to it sees that from its beginning, and then it has ended."""
        container = next(each for each in self.pod["spec"]["containers"] if each["name"] == self.container)
        return [*container.get("command", []), *container.get("args", [])]

    def _send(self, channel, data):
        data = data.encode() if isinstance(data, str) else data
        if data:
            self.socket.send(bytes([channel]) + data)

    def _read_input(self):
        """Until the client closes its channel; a terminal's input isn't waited for, nor is one in v4, which has no end."""
        if self.request.param("tty") in ("true", "1") or self.protocol == PROTOCOLS[1]:
            return b""
        data = b""
        while True:
            message = self.socket.receive()
            if message is None or message[:1] == bytes([CLOSE]):
                return data
            if message[0] == STDIN:
                data += message[1:]
