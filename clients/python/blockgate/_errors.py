"""An exception for each error of the API. Made from schemas/ by generate: do not edit."""

from __future__ import annotations

from typing import Any, Dict, List, Type, cast

from . import _api
from .errors import CallError, GatewayTimeout, GatewayUnavailable


class ParseError(CallError):
    """The request is not JSON."""

    name = 'PARSE_ERROR'
    code = -32700

    @property
    def line(self) -> int:
        return cast('int', self.data.get('line', 0))

    @property
    def column(self) -> int:
        return cast('int', self.data.get('column', 0))

    @property
    def position(self) -> int:
        return cast('int', self.data.get('position', 0))


class InvalidRequest(CallError):
    """The request is not JSON-RPC 2.0."""

    name = 'INVALID_REQUEST'
    code = -32600


class MethodNotFound(CallError):
    """There is no such method."""

    name = 'METHOD_NOT_FOUND'
    code = -32601

    @property
    def near(self) -> List[str]:
        return cast('List[str]', self.data.get('near', []))


class InvalidParams(CallError):
    """A parameter breaks its rule."""

    name = 'INVALID_PARAMS'
    code = -32602

    @property
    def path(self) -> str:
        return cast('str', self.data.get('path', ""))

    @property
    def keyword(self) -> str:
        return cast('str', self.data.get('keyword', ""))

    @property
    def problems(self) -> List[_api.Problem]:
        return cast('List[_api.Problem]', self.data.get('problems', []))

    @property
    def object(self) -> _api.ObjectName:
        return cast('_api.ObjectName', self.data.get('object', {}))


class Internal(CallError):
    """The daemon failed."""

    name = 'INTERNAL'
    code = -32603

    @property
    def problems(self) -> List[_api.Problem]:
        return cast('List[_api.Problem]', self.data.get('problems', []))


class Unavailable(CallError, GatewayUnavailable):
    """The daemon is starting or stopping."""

    name = 'UNAVAILABLE'
    code = -32000

    @property
    def state(self) -> str:
        return cast('str', self.data.get('state', ""))


class NotFound(CallError):
    """No such object."""

    name = 'NOT_FOUND'
    code = -32001

    @property
    def kind(self) -> str:
        return cast('str', self.data.get('kind', ""))

    @property
    def object(self) -> str:
        return cast('str', self.data.get('object', ""))

    @property
    def near(self) -> List[str]:
        return cast('List[str]', self.data.get('near', []))

    @property
    def problems(self) -> List[_api.Problem]:
        return cast('List[_api.Problem]', self.data.get('problems', []))


class AlreadyExists(CallError):
    """An object of that name exists with other attributes."""

    name = 'ALREADY_EXISTS'
    code = -32002

    @property
    def kind(self) -> str:
        return cast('str', self.data.get('kind', ""))

    @property
    def object(self) -> str:
        return cast('str', self.data.get('object', ""))

    @property
    def differences(self) -> List[_api.ErrorDataDifferencesItem]:
        return cast('List[_api.ErrorDataDifferencesItem]', self.data.get('differences', []))


class RevisionMismatch(CallError):
    """The configuration changed since the revision given."""

    name = 'REVISION_MISMATCH'
    code = -32003

    @property
    def expected(self) -> int:
        return cast('int', self.data.get('expected', 0))

    @property
    def actual(self) -> int:
        return cast('int', self.data.get('actual', 0))


class Busy(CallError):
    """The object is in use."""

    name = 'BUSY'
    code = -32004

    @property
    def objects(self) -> List[_api.ObjectName]:
        return cast('List[_api.ObjectName]', self.data.get('objects', []))

    @property
    def object(self) -> _api.ObjectName:
        return cast('_api.ObjectName', self.data.get('object', {}))


class PermissionDenied(CallError):
    """The caller's role may not call this method."""

    name = 'PERMISSION_DENIED'
    code = -32005

    @property
    def role(self) -> str:
        return cast('str', self.data.get('role', ""))

    @property
    def needed(self) -> str:
        return cast('str', self.data.get('needed', ""))


class LimitExceeded(CallError):
    """A limit would be exceeded."""

    name = 'LIMIT_EXCEEDED'
    code = -32006

    @property
    def limit(self) -> int:
        return cast('int', self.data.get('limit', 0))

    @property
    def value(self) -> int:
        return cast('int', self.data.get('value', 0))

    @property
    def object(self) -> _api.ObjectName:
        return cast('_api.ObjectName', self.data.get('object', {}))


class BackendError(CallError):
    """The backing store or portal reported an error."""

    name = 'BACKEND_ERROR'
    code = -32007

    @property
    def errno(self) -> int:
        return cast('int', self.data.get('errno', 0))

    @property
    def errno_name(self) -> str:
        return cast('str', self.data.get('errno_name', ""))

    @property
    def object(self) -> _api.ObjectName:
        return cast('_api.ObjectName', self.data.get('object', {}))


class NotSupported(CallError):
    """Not supported by this backing store."""

    name = 'NOT_SUPPORTED'
    code = -32008

    @property
    def feature(self) -> str:
        return cast('str', self.data.get('feature', ""))

    @property
    def object(self) -> _api.ObjectName:
        return cast('_api.ObjectName', self.data.get('object', {}))


class Cancelled(CallError):
    """It was given up because somebody asked for that."""

    name = 'CANCELLED'
    code = -32010


class InvalidConfig(CallError):
    """The configuration is not consistent."""

    name = 'INVALID_CONFIG'
    code = -32011

    @property
    def problems(self) -> List[_api.Problem]:
        return cast('List[_api.Problem]', self.data.get('problems', []))


class PersistFailed(CallError):
    """The change was not made because it could not be saved."""

    name = 'PERSIST_FAILED'
    code = -32012

    @property
    def errno(self) -> int:
        return cast('int', self.data.get('errno', 0))

    @property
    def errno_name(self) -> str:
        return cast('str', self.data.get('errno_name', ""))

    @property
    def path(self) -> str:
        return cast('str', self.data.get('path', ""))


BY_NAME: Dict[str, Type[CallError]] = {
    'PARSE_ERROR': ParseError,
    'INVALID_REQUEST': InvalidRequest,
    'METHOD_NOT_FOUND': MethodNotFound,
    'INVALID_PARAMS': InvalidParams,
    'INTERNAL': Internal,
    'UNAVAILABLE': Unavailable,
    'NOT_FOUND': NotFound,
    'ALREADY_EXISTS': AlreadyExists,
    'REVISION_MISMATCH': RevisionMismatch,
    'BUSY': Busy,
    'PERMISSION_DENIED': PermissionDenied,
    'LIMIT_EXCEEDED': LimitExceeded,
    'BACKEND_ERROR': BackendError,
    'NOT_SUPPORTED': NotSupported,
    'CANCELLED': Cancelled,
    'INVALID_CONFIG': InvalidConfig,
    'PERSIST_FAILED': PersistFailed,
}

BY_CODE: Dict[int, Type[CallError]] = {e.code: e for e in BY_NAME.values()}

__all__ = [
    'ParseError',
    'InvalidRequest',
    'MethodNotFound',
    'InvalidParams',
    'Internal',
    'Unavailable',
    'NotFound',
    'AlreadyExists',
    'RevisionMismatch',
    'Busy',
    'PermissionDenied',
    'LimitExceeded',
    'BackendError',
    'NotSupported',
    'Cancelled',
    'InvalidConfig',
    'PersistFailed',
]
