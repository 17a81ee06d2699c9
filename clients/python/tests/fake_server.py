"""A server on a unix socket that answers as it is told, byte by byte."""

import json
import os
import socket
import threading


def http(body, status="200 OK", headers=()):
    body = body if isinstance(body, bytes) else body.encode()
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n" + body


def result(value, headers=()):
    """The answer to whatever id was sent."""
    return lambda r: http(json.dumps({"jsonrpc": "2.0", "id": r["json"]["id"], "result": value}), headers=headers)


def error(name, message="no", code=-32000, **data):
    return lambda r: http(
        json.dumps({"jsonrpc": "2.0", "id": r["json"]["id"], "error": {
            "code": code, "message": message, "data": {"name": name, **data}}})  # fmt: skip
    )


CLOSE = object()  # the connection, instead of an answer
SILENCE = object()  # no answer at all


class FakeServer:
    """
    ANSWERS: for one request after another, bytes, a function from the request to bytes, CLOSE or
    SILENCE; the last one goes on. `requests` has what came, `connections` how many there were.
    """

    def __init__(self, folder, *answers):
        self.path = os.path.join(folder, "fake.sock")
        self.answers = list(answers)
        self.requests = []
        self.connections = 0
        self.lock = threading.Lock()
        self.listener = None

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while True:
                request = self.read(stream)
                if request is None:
                    return
                with self.lock:
                    self.requests.append(request)
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is SILENCE:
                    continue
                if answer is CLOSE:
                    return
                raw = answer(request) if callable(answer) else answer
                connection.sendall(raw)
                if b"Connection: close" in raw:
                    return

    @staticmethod
    def read(stream):
        line = stream.readline().decode()
        if not line:
            return None
        headers = {}
        while True:
            header = stream.readline().decode().strip()
            if not header:
                break
            key, _, value = header.partition(":")
            headers[key.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        method, path, _ = line.split()
        return {"method": method, "path": path, "headers": headers, "body": body,
                "json": json.loads(body) if body else None}  # fmt: skip
