"""A client for Rancher Manager that knows what its answers mean.

>>> import rancher
>>> client = rancher.Client()  # doctest: +SKIP
>>> for cluster in client.clusters.list():  # doctest: +SKIP
...     print(cluster.name, cluster.state)
"""

from __future__ import annotations

import atexit
from rancher._typing import TYPE_CHECKING

from rancher import _native
from rancher._client import Client
from rancher._objects import (
    AsyncObjectList,
    AsyncRecordList,
    Deleted,
    Ensured,
    Object,
    ObjectList,
    Objects,
    RecordList,
    Response,
)
from rancher.errors import (
    AlreadyExists,
    Cancelled,
    ClusterUnavailable,
    ConfigError,
    Conflict,
    ConnectError,
    DecodeError,
    Forbidden,
    InternalError,
    Invalid,
    NotFound,
    NotRancher,
    OutOfScope,
    PartlyDone,
    RancherError,
    RancherTimeout,
    RateLimited,
    TlsError,
    TokenRefused,
    Unauthenticated,
    Unavailable,
    Undetermined,
    Unsupported,
)

if TYPE_CHECKING:
    from rancher._async_client import AsyncClient

__all__ = [
    "AlreadyExists",
    "AsyncClient",
    "AsyncObjectList",
    "AsyncRecordList",
    "Cancelled",
    "Client",
    "ClusterUnavailable",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "DecodeError",
    "Deleted",
    "Ensured",
    "Forbidden",
    "InternalError",
    "Invalid",
    "NotFound",
    "NotRancher",
    "Object",
    "ObjectList",
    "Objects",
    "OutOfScope",
    "PartlyDone",
    "RancherError",
    "RancherTimeout",
    "RateLimited",
    "RecordList",
    "Response",
    "TlsError",
    "TokenRefused",
    "Unauthenticated",
    "Unavailable",
    "Undetermined",
    "Unsupported",
    "__version__",
]

__version__: str = _native.version()

# before the interpreter goes: nobody may ask for it afterwards
atexit.register(_native.shutdown)

if not TYPE_CHECKING:

    def __getattr__(name):
        # half of the time of the import, and most programs use the other one
        if name == "AsyncClient":
            from rancher._async_client import AsyncClient

            globals()["AsyncClient"] = AsyncClient
            return AsyncClient
        raise AttributeError(f"module 'rancher' has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
