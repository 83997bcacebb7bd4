"""Frames of RFC 6455, as a server speaks them."""

import base64
import hashlib
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSING, PING, PONG = 2, 8, 9, 10


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


class WebSocket:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, data, kind=BINARY):
        if len(data) < 126:
            head = struct.pack("!BB", 0x80 | kind, len(data))
        elif len(data) < 1 << 16:
            head = struct.pack("!BBH", 0x80 | kind, 126, len(data))
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 127, len(data))
        self.writer.write(head + data)
        self.writer.flush()

    def receive(self):
        """The next message; None when the other side is gone."""
        whole = b""
        while True:
            frame = self._frame()
            if frame is None or frame[1] == CLOSING:
                return None
            is_last, kind, data = frame
            if kind == PING:
                self.send(data, PONG)
            elif kind != PONG:
                whole += data
                if is_last:
                    return whole

    def ping(self):
        """Returns when the other side has answered, or is gone; messages that come before that are dropped."""
        self.send(b"", PING)
        while True:
            frame = self._frame()
            if frame is None or frame[1] in (PONG, CLOSING):
                return

    def _frame(self):
        head = self.reader.read(2)
        if len(head) < 2:
            return None
        size = head[1] & 127
        if size > 125:
            form = "!H" if size == 126 else "!Q"
            size = struct.unpack(form, self.reader.read(struct.calcsize(form)))[0]
        mask = self.reader.read(4) if head[1] & 128 else b"\0" * 4
        data = self.reader.read(size)
        return bool(head[0] & 128), head[0] & 15, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))

    def close(self):
        self.send(struct.pack("!H", 1000), CLOSING)
