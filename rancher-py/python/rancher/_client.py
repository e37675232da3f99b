"""Clients: what they are opened with, and how they end."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any

from rancher._base import Calls
from rancher._border import Border
from rancher._generated.sync import ClientOperations
from rancher._native import loads

if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType
    from typing import NoReturn, Self

    from rancher.types.values import Seconds

__all__ = ["Client", "Opened"]


class Opened(Calls):
    """A client of either sort."""

    __slots__ = ("_options",)

    _options: dict[str, Any]

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        verify: bool | str | PathLike[str] | None = None,
        cluster: str | None = None,
        anonymous: bool = False,
        ca_pem: str | None = None,
        ca_file: str | PathLike[str] | None = None,
        allow_http: bool | None = None,
        proxy: str | None = None,
        server: str | None = None,
        kubeconfig: str | PathLike[str] | None = None,
        context: str | None = None,
        timeout: Seconds | None = None,
        connect_timeout: Seconds | None = None,
        retries: int | None = None,
        probes: bool | None = None,
        in_flight: int | None = None,
        application: str | None = None,
    ) -> None:
        """Opens a client. Nothing is sent.

        What is not given is looked for in the environment (`RANCHER_URL`, `RANCHER_TOKEN`, …), in the Rancher CLI's
        `cli2.json` and in the kubeconfig.

        Args:
            url: The server's address, with or without `/v3`.
            token: The token, `token-xxxxx:secret`.
            access_key: Its first half, if it is given in two.
            secret_key: Its second half.
            verify: False trusts whatever certificate comes, True does not, whatever the environment says; a path is a
                file of authorities to trust.
            cluster: The cluster that is meant where none is named.
            anonymous: Send no credential.
            ca_pem: Authorities to trust besides the machine's, as PEM.
            ca_file: The same, as a file.
            allow_http: Whether an address without TLS is taken.
            proxy: The proxy to go through.
            server: A server of `cli2.json`, by its name.
            kubeconfig: A kubeconfig whose server is a Rancher proxy URL.
            context: A context in it, if not its current one.
            timeout: How long a call may take in all, in seconds or as a `timedelta`.
            connect_timeout: How long connecting may take.
            retries: How often a request is sent at most.
            probes: Whether a refused credential may be probed, which settles why it was refused.
            in_flight: How many requests may be under way at once.
            application: The name of your program, for the server's log.

        Raises:
            ConfigError: Something is missing or contradicts itself; it names every place that was looked at.
        """
        given = {
            "url": url,
            "token": token,
            "access_key": access_key,
            "secret_key": secret_key,
            "verify": verify,
            "cluster": cluster,
            "anonymous": anonymous or None,
            "ca_pem": ca_pem,
            "ca_file": ca_file,
            "allow_http": allow_http,
            "proxy": proxy,
            "server": server,
            "kubeconfig": kubeconfig,
            "context": context,
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "retries": retries,
            "probes": probes,
            "in_flight": in_flight,
            "application": application,
        }
        self._options = {name: value for name, value in given.items() if value is not None}
        super().__init__(Border(self._options), {})
        if {"token", "secret_key"} & self._options.keys() or "@" in (proxy or ""):
            # kept nowhere but behind the border
            self._options = {"token": None}

    @property
    def url(self) -> str:
        """The server's address."""
        url: str = self._about()["url"]
        return url

    @property
    def cluster_id(self) -> str | None:
        """The cluster that is meant where none is named."""
        cluster: str | None = self._about()["cluster"]
        return cluster

    def describe(self) -> dict[str, Any]:
        """How the client is configured, without secrets: `url`, the `credential`'s name and `kind`, whether it was `replaced`
        since the client was opened, as by a login, the `cluster` that is meant, what certificates are trusted (`trust`),
        and where all of it was looked for and found (`discovery`).
        """
        return self._about()

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = loads(self._border.native.describe().encode())
        return about

    def __repr__(self) -> str:
        about = self._about()
        parts = (type(self).__name__, about["url"], about["credential"], about["cluster"])
        return f"<{' '.join(part for part in parts if part)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # what would be opened anew after a login is somebody else's client
        if "token" in self._options or self._about()["replaced"]:
            self._refuse()
        return _reopened, (type(self), self._options)

    def _refuse(self) -> NoReturn:
        raise TypeError(
            f"cannot pickle a {type(self).__name__} that was given a credential: the token would stand in the pickle; "
            "leave the credential to the environment or a file, or open a client where it is used"
        )


class Client(Opened, ClientOperations):
    """A Rancher server as one user. Calls wait for their answer, and release the interpreter meanwhile.

    It can be used from many threads, and in forked children. Closing it is optional.
    """

    __slots__ = ()

    def close(self) -> None:
        """Ends the calls that are under way, and refuses those to come; a session that was begun with
        ``revoke_on_close`` ends on the server.

        Raises:
            RancherError: A session could not be ended, and may go on. The client is closed all the same; closing again
                tries again.
        """
        self._border.native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _reopened(cls: type[Opened], options: dict[str, Any]) -> Opened:
    return cls(**options)
