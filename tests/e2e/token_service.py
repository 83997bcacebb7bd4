"""RunInstances of EC2 as far as its documentation tells of tokens ("Ensuring idempotency in Amazon EC2 API requests"): the same token with the
same parameters makes nothing and answers as before; with others it is IdempotentParameterMismatch. And GetCallerIdentity, for targets. What
lacks a signature, or names another action, is refused."""

import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TokenService:
    def __init__(self):
        self.made, self.asked = {}, []         # token: parameters; tokens in order
        self.lock, self.gate = threading.Lock(), threading.Event()
        self.gate.set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = service.answer(dict(urllib.parse.parse_qsl(body)), self.headers.get("Authorization", ""))
                if "RunInstances" in body:
                    service.gate.wait()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer.encode())
                except OSError:
                    pass        # the engine was killed

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def hold(self):
        self.gate.clear()

    def go_on(self):
        self.gate.set()

    def answer(self, params, authorization):
        if not authorization.startswith("AWS4-HMAC-SHA256 Credential="):
            return refusal(403, "MissingAuthenticationToken")
        if params.get("Action") == "GetCallerIdentity":
            return 200, ("<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"
                         "</GetCallerIdentityResult></GetCallerIdentityResponse>")
        if params.get("Action") != "RunInstances" or "ClientToken" not in params:
            return refusal(400, "InvalidAction")
        with self.lock:
            token = params["ClientToken"]
            self.asked.append(token)
            if self.made.setdefault(token, params) != params:
                return refusal(400, "IdempotentParameterMismatch")
            number = list(self.made).index(token) + 1
        return 200, f"<RunInstancesResponse><instancesSet><item><instanceId>i-{number}</instanceId></item></instancesSet></RunInstancesResponse>"


def refusal(status, code):
    return status, f"<Response><Errors><Error><Code>{code}</Code><Message>refused</Message></Error></Errors><RequestID>r</RequestID></Response>"
