"""The client: calls, batches, events and jobs."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import ssl
import time
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Type

from . import _errors
from ._api import Api
from .errors import CallError, GatewayError, GatewayTimeout, GatewayUnavailable, HttpError, Unauthorized
from .transport import DEFAULT_SOCKET, PASSING, Address, Transport

BATCH_MAX = 100  # calls in one request
JOB_ENDED = ("succeeded", "failed", "cancelled")


def error_of(error: Mapping[str, Any], method: str = "") -> CallError:
    """The exception for the error of an answer; one that is newer than this package is a CallError."""
    data = error.get("data")
    data = dict(data) if isinstance(data, dict) else {}
    code = error.get("code")
    code = code if isinstance(code, int) else 0
    known = _errors.BY_NAME.get(str(data.get("name")))
    if known is None and "name" not in data:
        known = _errors.BY_CODE.get(code)
    kind: Type[CallError] = known or CallError
    return kind(str(error.get("message", "")), code, data, method)


def http_error(status: int, answer: bytes, url: str) -> GatewayError:
    """For an answer that is no JSON-RPC: JSON of ours with an error in it, or evhttp's HTML."""
    try:
        error = json.loads(answer)["error"]
        message = str(error["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        text = re.sub(r"<[^>]*>", " ", answer[:2000].decode("utf-8", "replace"))
        message = " ".join(text.split())[:200] or http_reason(status)
    else:
        if status not in (401, 404, 405) and isinstance(error.get("data"), dict) and error["data"].get("name"):
            return error_of(error)
    message = f"{url}: HTTP status {status}: {message}"
    if status == 401:
        return Unauthorized(status, message)
    if status == 503:
        return GatewayUnavailable(message, errno.EAGAIN)
    return HttpError(status, message)


def http_reason(status: int) -> str:
    from http.client import responses

    return responses.get(status, "no reason given")


def may_pass(error: GatewayError) -> bool:
    """Nothing was done, and a moment later it may go."""
    if isinstance(error, _errors.Unavailable):
        return True
    return isinstance(error, GatewayUnavailable) and not error.maybe_done and error.errno in PASSING


class Pending:
    """A call of a batch. It has its result once the batch was sent."""

    def __init__(self, method: str, params: Dict[str, Any]) -> None:
        self.method = method
        self.params = params
        self.error: Optional[CallError] = None
        self._answer: Optional[Dict[str, Any]] = None

    def _settle(self, answer: Dict[str, Any]) -> None:
        self._answer = answer
        if "error" in answer:
            self.error = error_of(answer["error"], self.method)

    def result(self) -> Any:
        """Raises the call's error."""
        if self._answer is None:
            raise GatewayError("the batch has not been sent")
        if self.error is not None:
            raise self.error
        return self._answer["result"]


class Batch:
    """
    Calls that go together, in order, when the block ends; one that fails does not stop the others,
    and all of them are not one change (config.apply is). More than 100 are several requests. Leave
    the block by an exception, and none is sent.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls: List[Pending] = []

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, /, **more: Any) -> Pending:
        pending = Pending(method, {**(params or {}), **more})
        self.calls.append(pending)
        return pending

    def send(self) -> None:
        calls, self.calls = self.calls, []
        for start in range(0, len(calls), BATCH_MAX):
            self._client._send_batch(calls[start : start + BATCH_MAX])

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], value: Optional[BaseException], tb: Optional[TracebackType]
    ) -> None:
        if kind is None:
            self.send()


class Events:
    """
    What happens, one event after the other, without end. `last` is the number to go on after, `lost`
    how many were gone before they were read: the daemon keeps the last 4096.
    """

    def __init__(self, client: Client, after: int, types: Optional[List[str]], poll_s: float) -> None:
        self._client = client
        self._types = types
        self._poll_ms = max(0, min(60000, int(poll_s * 1000)))
        self._ready: List[Dict[str, Any]] = []
        self.last = after
        self.lost = 0

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        return self

    def __next__(self) -> Dict[str, Any]:
        while not self._ready:
            self._ready = self.poll(self._poll_ms)
        event = self._ready.pop(0)
        self.last = event["id"]
        return event

    def poll(self, timeout_ms: int = 0) -> List[Dict[str, Any]]:
        """What there is now, or comes within TIMEOUT_MS. Not to be mixed with iteration."""
        params: Dict[str, Any] = {"after": self.last, "timeout_ms": timeout_ms}
        if self._types is not None:
            params["types"] = self._types
        answer = self._client.call("event.poll", params)
        events: List[Dict[str, Any]] = answer["events"]
        self.lost += answer.get("lost", 0)
        self.last = answer["last"]
        return events


class Client(Api):
    """
    A connection to blockgated; `client.target.list()`, or `client.call("target.list")`.

    URL is the path of a unix socket, http://127.0.0.1:PORT or https://HOST:PORT; without one it is
    that of $BLOCKGATE_URL, or /run/blockgated/api.sock. TOKEN ($BLOCKGATE_TOKEN) or CERTFILE with
    KEYFILE say who is calling; CAFILE names the authority of the daemon's certificate, where it is
    none of the system's. TIMEOUT is how long an answer may take, beyond the time that the call itself
    asks to wait.

    Where the daemon cannot be reached, or is only starting, a call is made again for RETRY_S
    seconds. A call that may have been made is never made again.

    Threads may share a client; each call of theirs has a connection of its own while it lasts. A
    batch or an iterator of events belongs to one thread.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        token: Optional[str] = None,
        cafile: Optional[str] = None,
        certfile: Optional[str] = None,
        keyfile: Optional[str] = None,
        timeout: float = 60.0,
        retry_s: float = 5.0,
    ) -> None:
        super().__init__(self.call)
        env = os.environ
        self.url = url or env.get("BLOCKGATE_URL") or DEFAULT_SOCKET
        self.timeout = timeout
        self.retry_s = retry_s
        address = Address(self.url)
        context = None
        if address.is_tls:
            context = ssl.create_default_context(cafile=cafile or env.get("BLOCKGATE_CAFILE") or None)
            certfile = certfile or env.get("BLOCKGATE_CERTFILE") or None
            if certfile is not None:
                context.load_cert_chain(certfile, keyfile or env.get("BLOCKGATE_KEYFILE") or None)
        if address.socket is None:
            token = token or env.get("BLOCKGATE_TOKEN") or None
        if token is not None and not address.is_private():
            raise ValueError(f"{self.url}: a token goes over https only, or stays on this machine")
        self.transport = Transport(address, token, context)
        self._ids = itertools.count(1)

    def close(self) -> None:
        """Connections are closed; another call makes a new one."""
        self.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], value: Optional[BaseException], tb: Optional[TracebackType]
    ) -> None:
        self.close()

    # --- calls ---

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, /, **more: Any) -> Any:
        """The result of METHOD. Raises CallError, or the class of the error's name."""
        params = {**(params or {}), **more}
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        wait = wait_s(params)
        return self._again(lambda: self._call_once(request, wait))

    def _call_once(self, request: Dict[str, Any], wait: float) -> Any:
        answer = self._post(request, wait)
        if not isinstance(answer, dict) or ("result" in answer) == ("error" in answer):
            raise HttpError(200, f"{self.url}: this is not blockgated: {str(answer)[:100]!r}")
        if "error" in answer:
            raise error_of(answer["error"], request["method"])
        if answer.get("id") != request["id"]:
            raise HttpError(200, f"{self.url}: an answer to another call ({answer.get('id')!r})")
        return answer["result"]

    def _again(self, attempt: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + self.retry_s
        pause = 0.02
        while True:
            try:
                return attempt()
            except GatewayError as e:
                if not may_pass(e) or time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _post(self, payload: Any, wait: float) -> Any:
        body = json.dumps(payload, separators=(",", ":")).encode()
        status, answer = self.transport.request("POST", "/rpc", body, self.timeout + wait)
        try:
            decoded = json.loads(answer)
        except (ValueError, RecursionError):
            decoded = None
        is_rpc = isinstance(decoded, list) or (isinstance(decoded, dict) and "jsonrpc" in decoded)
        if status not in (200, 400) or not is_rpc:
            raise http_error(status, answer, self.url)
        return decoded

    def batch(self) -> Batch:
        """`with client.batch() as b: first = b.call("target.get", name=…)`, then `first.result()`."""
        return Batch(self)

    def _send_batch(self, calls: List[Pending]) -> None:
        ids = {next(self._ids): pending for pending in calls}
        payload = [
            {"jsonrpc": "2.0", "id": number, "method": p.method, "params": p.params} for number, p in ids.items()
        ]
        wait = sum(wait_s(p.params) for p in calls)
        answers = self._again(lambda: self._post(payload, wait))
        if isinstance(answers, dict) and "error" in answers:  # of the batch as a whole
            raise error_of(answers["error"])
        by_id = {a.get("id"): a for a in answers if isinstance(a, dict) and ("result" in a) != ("error" in a)}
        if set(by_id) != set(ids):
            raise HttpError(200, f"{self.url}: the batch was answered by other calls than it had")
        for number, pending in ids.items():
            pending._settle(by_id[number])

    # --- what takes time ---

    def events(self, after: int = -1, types: Optional[List[str]] = None, *, poll_s: float = 20.0) -> Events:
        """
        An iterator that waits for what happens. AFTER: go on behind this event; -1: from now on. TYPES:
        only these, all without.
        """
        return Events(self, after, types, poll_s)

    def wait(
        self,
        job: Any,
        timeout: Optional[float] = None,
        progress: Optional[Callable[[Dict[str, Any]], None]] = None,
    ) -> Dict[str, Any]:
        """
        Waits until a job has ended and returns it; its `result` is what the call would have given. JOB
        is its id, the job, or the result of a call, which is returned at once where it has no job. A
        job that failed raises its error, one that was cancelled Cancelled, and GatewayTimeout where
        TIMEOUT seconds are over (the job goes on). PROGRESS is shown the job about twice a second.
        """
        if isinstance(job, dict) and "id" not in job:
            if not job.get("job"):
                return dict(job)
            job = job["job"]
        name = job["id"] if isinstance(job, dict) else str(job)
        deadline = None if timeout is None else time.monotonic() + timeout
        step = 30.0 if progress is None else 0.5
        while True:
            left = step if deadline is None else max(0.0, min(step, deadline - time.monotonic()))
            state: Dict[str, Any] = self.call("job.wait", id=name, timeout_ms=int(left * 1000))
            if progress is not None:
                progress(state)
            if state["state"] in JOB_ENDED:
                return ended(state)
            if deadline is not None and time.monotonic() >= deadline:
                raise GatewayTimeout(f"job {name} has not ended within {timeout:g} s")


def wait_s(params: Mapping[str, Any]) -> float:
    """How long a call asks the daemon to wait with its answer."""
    given = [params[name] for name in ("timeout_ms", "wait_ms") if isinstance(params.get(name), (int, float))]
    return max([0.0, *(float(ms) / 1000 for ms in given)])


def ended(job: Dict[str, Any]) -> Dict[str, Any]:
    if job["state"] == "succeeded":
        return job
    error = job.get("error")
    if not isinstance(error, dict):
        name = "CANCELLED" if job["state"] == "cancelled" else "INTERNAL"
        error = {"code": 0, "message": f"job {job['id']} was {job['state']}", "data": {"name": name}}
    raise error_of(error, str(job.get("method", "")))


__all__ = ["Address", "Batch", "Client", "Events", "Pending"]
