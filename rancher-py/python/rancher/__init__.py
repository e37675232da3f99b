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

_native.settle()

from rancher._client import Client
from rancher._flows import AsyncLogLines, AsyncWatch, Event, LogLine, LogLines, Watch
from rancher._generated.sync import (
    AppRepos,
    Apps,
    Cluster,
    Collection,
    Ext,
    ExtKubeconfigs,
    ExtTokens,
    KubernetesResource,
    Namespace,
    Registration,
    Rollout,
    SteveResource,
)
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
from rancher._quantity import quantity
from rancher._secret import Secret
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
    from rancher._generated.aio import (
        AsyncAppRepos,
        AsyncApps,
        AsyncCluster,
        AsyncCollection,
        AsyncExt,
        AsyncExtKubeconfigs,
        AsyncExtTokens,
        AsyncKubernetesResource,
        AsyncNamespace,
        AsyncRegistration,
        AsyncRollout,
        AsyncSteveResource,
    )

__all__ = [
    "AlreadyExists",
    "AppRepos",
    "Apps",
    "AsyncAppRepos",
    "AsyncApps",
    "AsyncClient",
    "AsyncCluster",
    "AsyncCollection",
    "AsyncExt",
    "AsyncExtKubeconfigs",
    "AsyncExtTokens",
    "AsyncKubernetesResource",
    "AsyncLogLines",
    "AsyncNamespace",
    "AsyncObjectList",
    "AsyncRecordList",
    "AsyncRegistration",
    "AsyncRollout",
    "AsyncSteveResource",
    "AsyncWatch",
    "Cancelled",
    "Client",
    "Cluster",
    "ClusterUnavailable",
    "Collection",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "DecodeError",
    "Deleted",
    "Ensured",
    "Event",
    "Ext",
    "ExtKubeconfigs",
    "ExtTokens",
    "Forbidden",
    "InternalError",
    "Invalid",
    "KubernetesResource",
    "LogLine",
    "LogLines",
    "Namespace",
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
    "Registration",
    "Response",
    "Rollout",
    "Secret",
    "SteveResource",
    "TlsError",
    "TokenRefused",
    "Unauthenticated",
    "Unavailable",
    "Undetermined",
    "Unsupported",
    "Watch",
    "__version__",
    "quantity",
]

__version__: str = _native.version()

# before the interpreter goes: nobody may ask for it afterwards
atexit.register(_native.shutdown)

if not TYPE_CHECKING:

    def __getattr__(name):
        # half of the time of the import, and most programs use the other one
        if name in __all__:
            from rancher import _async_client
            from rancher._generated import aio

            found = getattr(_async_client if name == "AsyncClient" else aio, name)
            globals()[name] = found
            return found
        raise AttributeError(f"module 'rancher' has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
