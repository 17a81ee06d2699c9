"""HTTP to the daemon: over a unix socket, TCP or TLS, with connections that are used again."""

from __future__ import annotations

import errno
import http.client
import ipaddress
import os
import select
import socket
import ssl
import threading
import time
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from .errors import GatewayTimeout, GatewayUnavailable

DEFAULT_SOCKET = "/run/blockgated/api.sock"
IDLE_S = 10.0  # the daemon closes a connection that was idle for 30
KEPT = 4

# A connection that could not be made for one of these may be made a moment later.
PASSING = {errno.ENOENT, errno.ECONNREFUSED, errno.EAGAIN, errno.ETIMEDOUT, errno.EHOSTUNREACH,
           errno.ENETUNREACH, errno.ECONNRESET}  # fmt: skip


class Exchange(NamedTuple):
    """A request and its answer, as an observer sees them. The headers have the token in them."""

    url: str
    method: str
    path: str
    headers: Dict[str, str]
    body: Optional[bytes]
    status: int
    answer: bytes
    seconds: float


class Address:
    """Where the API is: a path, unix:PATH, http://HOST:PORT or https://HOST:PORT."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.socket: Optional[str] = None
        self.host, self.port, self.prefix, self.is_tls = "localhost", 80, "", False
        if "://" not in url or url.startswith("unix:"):
            self.socket = url[len("unix:") :] if url.startswith("unix:") else url
            if self.socket.startswith("//"):
                self.socket = "/" + self.socket.lstrip("/")
            if not self.socket:
                raise ValueError(f"there is no path in {url!r}")
            return
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is neither a path nor http://HOST:PORT nor https://HOST:PORT")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("the URL may have a host, a port and a path; a token is given by itself")
        self.is_tls = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.is_tls else 80)
        self.prefix = parts.path.rstrip("/")

    def is_private(self) -> bool:
        """What is sent there is not seen by others."""
        if self.socket is not None or self.is_tls or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.unix_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self.unix_path)
        except BaseException:
            self.sock.close()
            raise


def is_open(connection: http.client.HTTPConnection) -> bool:
    """False where the other end has closed, or has said what nobody asked for."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return not poll.poll(0)


class Transport:
    """
    Any number of threads may use one; a request has a connection of its own while it lasts. A
    process that was forked off makes new ones.
    """

    def __init__(self, address: Address, token: Optional[str], context: Optional[ssl.SSLContext]) -> None:
        self.address = address
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        self.context = context
        self.observer: Optional[Callable[[Exchange], None]] = None
        self.lock = threading.Lock()
        self.idle: List[Tuple[float, http.client.HTTPConnection]] = []
        self.pid = os.getpid()

    def close(self) -> None:
        with self.lock:
            idle, self.idle = self.idle, []
        for _, connection in idle:
            connection.close()

    def new_connection(self, timeout: float) -> http.client.HTTPConnection:
        a = self.address
        if a.socket is not None:
            return UnixConnection(a.socket, timeout)
        if a.is_tls:
            return http.client.HTTPSConnection(a.host, a.port, timeout=timeout, context=self.context)
        return http.client.HTTPConnection(a.host, a.port, timeout=timeout)

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        connection = self.new_connection(timeout)
        try:
            connection.connect()
        except socket.timeout:
            raise GatewayTimeout(f"{self.address.url}: no connection within {timeout:g} s", errno.ETIMEDOUT) from None
        except socket.gaierror as e:
            raise GatewayUnavailable(f"{self.address.url}: {e.strerror}") from e
        except ssl.SSLError as e:
            raise GatewayUnavailable(f"{self.address.url}: {e}") from e
        except OSError as e:
            raise GatewayUnavailable(f"{self.address.url}: {e.strerror or e}", e.errno) from e
        return connection

    def take(self, timeout: float) -> http.client.HTTPConnection:
        now = time.monotonic()
        while True:
            with self.lock:
                if self.pid != os.getpid():
                    self.pid, self.idle = os.getpid(), []
                if not self.idle:
                    break
                since, connection = self.idle.pop()
            if now - since < IDLE_S and is_open(connection):
                connection.sock.settimeout(timeout)
                return connection
            connection.close()
        return self.connect(timeout)

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        with self.lock:
            if self.pid == os.getpid() and len(self.idle) < KEPT:
                self.idle.append((time.monotonic(), connection))
                return
        connection.close()

    def request(self, method: str, path: str, body: Optional[bytes], timeout: float) -> Tuple[int, bytes]:
        """(HTTP status, body). Raises GatewayUnavailable; its `maybe_done` is false where nothing was sent."""
        start = time.monotonic()
        connection = self.take(timeout)
        try:
            connection.request(method, self.address.prefix + path, body, self.headers)
            response = connection.getresponse()
            answer = response.read()
        except socket.timeout:
            connection.close()
            raise GatewayTimeout(
                f"{self.address.url}: no answer within {timeout:g} s", errno.ETIMEDOUT, maybe_done=True
            ) from None
        except (OSError, http.client.HTTPException) as e:
            connection.close()
            why = str(e) or type(e).__name__
            raise GatewayUnavailable(
                f"{self.address.url}: the connection broke before the answer: {why}",
                getattr(e, "errno", None),
                maybe_done=True,
            ) from e
        except BaseException:  # a signal: what comes on this connection belongs to nobody
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self.give_back(connection)
        if self.observer is not None:
            seconds = time.monotonic() - start
            self.observer(
                Exchange(self.address.url, method, self.address.prefix + path, dict(self.headers), body,
                         response.status, answer, seconds)  # fmt: skip
            )
        return response.status, answer
