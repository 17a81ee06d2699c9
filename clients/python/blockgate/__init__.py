"""
Client for blockgated, an iSCSI target.

    from blockgate import Client, NotFound

    with Client() as c:
        c.backstore.create({"name": "disk0", "type": "ram", "size": 1 << 30})
        c.target.create("iqn.2026-01.org.example:disk0", luns=[{"lun": 0, "backstore": "disk0"}],
                        acls=[{"initiator": "*"}])

Standard library only. See the README beside this package, and `blockgated --print-openrpc`.
"""

from . import _errors
from ._api import API_VERSION, UNSET, Unset
from ._errors import *  # noqa: F403
from .client import Batch, Client, Events, Pending
from .errors import CallError, GatewayError, GatewayTimeout, GatewayUnavailable, HttpError, Unauthorized

__version__ = "0.1.0"

__all__ = [
    "API_VERSION",
    "UNSET",
    "Batch",
    "CallError",
    "Client",
    "Events",
    "GatewayError",
    "GatewayTimeout",
    "GatewayUnavailable",
    "HttpError",
    "Pending",
    "Unauthorized",
    "Unset",
    "__version__",
]
__all__ += _errors.__all__
