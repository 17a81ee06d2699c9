"""The ways to the API besides the admin's socket: a request by any of them."""

import http.client
import json

from daemon import RpcError, UnixHTTP


class Door:
    """CONNECT gives a new http.client connection."""

    def __init__(self, connect, **headers):
        self.connect = connect
        self.headers = headers

    def http(self, method, path, body=None, **headers):
        """(status, headers, body) of one request on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, path, body, {**self.headers, **headers})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()

    def short(self, method, params=None, **headers):
        """(status, JSON) of the short form."""
        headers = {"Content-Type": "application/json", **headers}
        status, _, raw = self.http("POST", f"/call/{method}", json.dumps(params or {}).encode(), **headers)
        return status, json.loads(raw)

    def call(self, method, /, **params):
        """The result of METHOD; raises RpcError."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        status, _, raw = self.http("POST", "/rpc", json.dumps(request).encode(), **{"Content-Type": "application/json"})
        assert status == 200, (status, raw)
        reply = json.loads(raw)
        if "error" in reply:
            raise RpcError(reply["error"])
        return reply["result"]


def unix_door(path):
    return Door(lambda: UnixHTTP(path))


def tcp_door(address, **headers):
    return Door(lambda: http.client.HTTPConnection(*address, timeout=30), **headers)


def tls_door(address, context, **headers):
    return Door(lambda: http.client.HTTPSConnection(*address, timeout=30, context=context), **headers)
