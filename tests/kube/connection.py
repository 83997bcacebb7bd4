"""HTTP: a connection's requests, one after the other, and their answers."""

import http.server
import socket
import ssl
import threading

from .request import Answer, Request, Stream, Upgrade
from .status import ApiError, PageNotFound, fault


def kept_port():
    """A socket that keeps a port for a server that binds with SO_REUSEADDR, also while that is dead: nobody else is given it, and who
    calls there is refused."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, owner, context):
        self.owner, self.context = owner, context
        self.open, self.lock, self.has_ended = set(), threading.Lock(), False
        super().__init__(address, Connection)

    def process_request_thread(self, request, client_address):
        try:
            if self.context:         # the socket moves into another object, which is the one to close
                request = self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            with self.lock:
                if self.has_ended:
                    return
                self.open.add(request)
            if self.context:
                request.do_handshake()
            self.finish_request(request, client_address)
        except (OSError, ValueError):
            pass                     # the client went, or we stop
        finally:
            with self.lock:
                self.open.discard(request)
            _close(request)

    def handle_error(self, request, client_address):
        pass

    def end(self):
        """No new connections, and the end of those that are open."""
        self.shutdown()
        self.server_close()
        with self.lock:
            self.has_ended = True
            for each in self.open:
                _shut(each)


def _shut(connection):
    """That of the socket alone: the one of TLS forgets the key first, and what another thread sends then goes out in clear."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass


def _close(connection):
    _shut(connection)
    try:
        connection.close()
    except OSError:
        pass


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            self.close_connection = True

    def _handle(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self._chunks() if self.headers.get("Transfer-Encoding", "").lower() == "chunked" else self.rfile.read(size)
        request = Request(self.command, self.path, self.headers, body)
        request.warnings, request.is_cut = [], self.server.owner.watches.token()     # whom a test sees asking, a cut reaches
        record = self.server.owner.record(request)
        try:
            self._answer(request, record)
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _handle

    def _chunks(self):
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, request, record):
        met = self.server.owner.faults.take(request)
        if met and met.gate:
            met.gate.wait()
        if met and met.cut:
            record.fault, self.close_connection = "cut", True
            return
        if met and met.status:
            answer = _of_error(fault(met.status, met.message or None, met.retry_after or None))
        else:
            answer = self._answer_of(request)
        if met and met.lose_answer:
            record.fault, self.close_connection = "answer lost", True
            return
        record.status = answer.code if isinstance(answer, Answer) else 200
        self._send(request, answer)

    def _answer_of(self, request):
        owner = self.server.owner
        try:
            request.user = owner.access.user(request.headers)
            return owner.routes.answer(request)
        except ApiError as error:
            return _of_error(error)
        except PageNotFound:
            return Answer(404, "404 page not found\n", {"X-Content-Type-Options": "nosniff"}, "text/plain; charset=utf-8")
        except Exception as error:
            owner.failures.append(error)
            return _of_error(ApiError(500, "InternalError", f"Internal error occurred: {error!r}"))

    def _send(self, request, answer):
        if isinstance(answer, Upgrade):
            self.close_connection = True
            try:
                answer.talk(self)
            except ApiError as error:
                self._send(request, _of_error(error))
        elif isinstance(answer, Stream):
            self._stream(request, answer)
        else:
            self._whole(request, answer)

    def _whole(self, request, answer):
        data = answer.data()
        self.send_response(answer.code)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(data)),
                   "Cache-Control": "no-cache, private"} | answer.headers
        for name, value in headers.items():
            self.send_header(name, value)
        for warning in request.warnings:
            escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
            self.send_header("Warning", f'299 - "{escaped}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, request, answer):
        """Chunked; cut off without its end when the generator was cut."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for chunk in answer.chunks:
            if chunk:
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.flush()
        if not request.is_cut():
            self.wfile.write(b"0\r\n\r\n")

    def switch(self, headers):
        """101, and what follows is the protocol's."""
        self.send_response(101)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()


def _of_error(error):
    return Answer(error.code, error.status(), error.headers)
