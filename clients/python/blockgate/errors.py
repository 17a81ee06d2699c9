"""What may go wrong. An error that the API names has a class of its own, in _errors.py."""

from __future__ import annotations

from typing import Any, Dict, Optional


class GatewayError(Exception):
    """Whatever this package raises of its own."""


class GatewayUnavailable(GatewayError):
    """
    The daemon cannot be reached, or has gone. `errno` is the system's reason where it is one;
    `maybe_done` is true where the call was sent and no answer came, so that nobody can tell.
    """

    errno: Optional[int] = None
    maybe_done = False

    def __init__(self, message: str, errno: Optional[int] = None, maybe_done: bool = False) -> None:
        super().__init__(message)
        self.errno = errno
        self.maybe_done = maybe_done


class GatewayTimeout(GatewayUnavailable):
    """No answer in time."""


class HttpError(GatewayError):
    """An answer that is no JSON-RPC; evhttp's own are HTML. `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unauthorized(HttpError):
    """The token or certificate is missing or not known."""


class CallError(GatewayError):
    """
    The daemon answered with an error. `name` is what programs match on (so do the classes of this
    one), `message` is for people, `data` has the particulars, `method` is what was called.
    """

    name = ""
    code = 0

    def __init__(self, message: str, code: int, data: Dict[str, Any], method: str = "") -> None:
        Exception.__init__(self, message)
        self.message = message
        self.code = code
        self.name = str(data.get("name") or type(self).name or code)
        self.data = data
        self.method = method
