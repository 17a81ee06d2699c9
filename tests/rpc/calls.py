"""Calls that must go wrong, and that nothing came of it."""

from contextlib import contextmanager

from daemon import RpcError
from schemas import check_error, check_result

NAMES_OF = {-32700: "PARSE_ERROR", -32600: "INVALID_REQUEST", -32601: "METHOD_NOT_FOUND",
            -32602: "INVALID_PARAMS", -32603: "INTERNAL"}  # fmt: skip


def call(daemon, method, /, **params):
    """A call whose reply is checked against the schema."""
    try:
        result = daemon.call(method, **params)
    except RpcError as e:
        check_error({"code": e.code, "message": e.message, "data": e.data}, method)
        raise
    check_result(method, result)
    return result


@contextmanager
def unchanged(daemon):
    """The configuration and its revision are after the block what they were before."""
    before = daemon.call("config.get")
    yield
    after = daemon.call("config.get")
    assert after == before, f"changed from {before} to {after}"


def fails(daemon, name, method, /, **params):
    """METHOD fails with NAME and changes nothing. Returns the error."""
    with unchanged(daemon):
        try:
            result = call(daemon, method, **params)
        except RpcError as e:
            names = (name,) if isinstance(name, str) else name
            assert e.name in names, f"expected {name}: {e}"
            return e
        raise AssertionError(f"{method} succeeded: {result}")
