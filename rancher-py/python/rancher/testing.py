"""A Rancher to test against: a simulator that answers as a recorded server did.

>>> from rancher.testing import Simulator
>>> with Simulator() as simulator:  # doctest: +SKIP
...     client = simulator.client("admin-unscoped")
...     print(client.version()["version"])
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import rancher

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

__all__ = ["Simulator", "SimulatorError"]

_PROGRAM = "rancher-sim"
_START = 60.0
_STOP = 10.0


class SimulatorError(Exception):
    """The simulator cannot be found or does not do what it is told."""


class Simulator:
    """A simulator as a process of its own. It listens on this machine only, and ends with the block or the program.

    The program is found by `RANCHER_SIM`, in the distribution `rancher-sim`, or on the path.

    Args:
        world: `record` is the recorded server, `fleet` one of the size that is asked for.
        faults: What goes wrong, one rule or several: `METHOD PATH-GLOB ACTION [after=N] [times=N]`, as `GET /v3/clusters/* hang`.
        clusters: How many clusters a fleet has.
        projects: How many projects.
        pods: How many pods.
        seed: What random values are drawn from.
        delay_scale: By what recorded delays are multiplied.
        http2: Whether HTTP/2 is offered.
    """

    url: str
    """Where it is."""
    ca_pem: str
    """The authority of its certificate."""
    tokens: dict[str, str]
    """Credentials, by what they are: `admin-unscoped`, `member-prod`, `expired`, …"""
    users: dict[str, dict[str, str]]
    """Who can log in: `id`, `username`, `password`."""
    clusters: dict[str, str]
    """The ids of clusters, by name."""
    projects: dict[str, Any]
    """The ids of projects, by name."""

    def __init__(
        self,
        world: str = "record",
        faults: Iterable[str] = (),
        *,
        clusters: int | None = None,
        projects: int | None = None,
        pods: int | None = None,
        seed: int | None = None,
        nodes: int | None = None,
        delay_scale: float = 0.0,
        http2: bool = False,
    ) -> None:
        self._faults = [faults] if isinstance(faults, str) else list(faults)
        sizes = {"clusters": clusters, "projects": projects, "pods": pods, "seed": seed, "nodes": nodes}
        arguments = [_found(), "--world", world, "--exit-with-stdin", "--delay-scale", str(delay_scale)]
        arguments += [f"--{name}={size}" for name, size in sizes.items() if size is not None]
        arguments += [f"--fault={rule}" for rule in self._faults]
        arguments += ["--http2"] if http2 else []
        self._owner = os.getpid()
        ready = self._started(arguments)
        self.url = ready["url"]
        self.ca_pem = ready["ca_pem"] or ""
        self.tokens = ready["tokens"]
        self.users = ready["users"]
        self.clusters = ready["clusters"]
        self.projects = ready["projects"]
        atexit.register(self.stop)

    def _started(self, arguments: list[str]) -> dict[str, Any]:
        with tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints
                )
            except OSError as error:
                raise SimulatorError(f"{arguments[0]} cannot be started: {error}") from None
            assert process.stdout is not None
            late = threading.Timer(_START, process.kill)
            late.start()
            try:
                line = process.stdout.readline()
            finally:
                late.cancel()
            if not line:
                process.wait(_STOP)
                complaints.seek(0)
                words = complaints.read().decode(errors="replace").strip()
                _closed(process)
                raise SimulatorError(f"the simulator did not start: {words or process.returncode}")
        self._process = process
        ready: dict[str, Any] = json.loads(line)
        return ready

    def client(self, label: str = "admin-unscoped", **options: Any) -> rancher.Client:
        """A client with one of the simulator's credentials."""
        return rancher.Client(**{**self._access(label), **options})

    def async_client(self, label: str = "admin-unscoped", **options: Any) -> rancher.AsyncClient:
        """A client with one of the simulator's credentials, whose calls are awaited."""
        return rancher.AsyncClient(**{**self._access(label), **options})

    def _access(self, label: str) -> dict[str, Any]:
        if label not in self.tokens:
            raise SimulatorError(f"there is no credential {label!r}; there are {', '.join(sorted(self.tokens))}")
        return {"url": self.url, "token": self.tokens[label], "ca_pem": self.ca_pem or None}

    def fault(self, *rules: str) -> None:
        """Lets these things go wrong from now on, besides those that do already."""
        self._asked("POST", "faults", {"faults": [*self._faults, *rules]})
        self._faults.extend(rules)

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._asked("DELETE", "faults")
        self._faults.clear()

    def agents(self, **agents: str) -> None:
        """Changes what the agents of clusters are, by the clusters' names: `connected`, `gone` or `never`."""
        ids = {self.clusters.get(cluster, cluster): agent for cluster, agent in agents.items()}
        self._asked("POST", "agents", {"agents": ids})

    def streams(
        self,
        *,
        cut: bool | None = None,
        inject: str | None = None,
        mute: bool | None = None,
        forget_past: bool | None = None,
    ) -> dict[str, int]:
        """What becomes of the watches and logs that are open, and how many are (`open`) and were (`opened`).

        Args:
            cut: Breaks all of them off.
            inject: Sends this to all of them, as a message or a line.
            mute: Whether they say nothing, as a connection does whose other end is gone.
            forget_past: Makes every revision so far too old to go on from.
        """
        done = {"cut": cut, "inject": inject, "mute": mute, "forget_past": forget_past}
        given = {name: value for name, value in done.items() if value is not None}
        streams: dict[str, int] = self._asked("POST", "streams", given) if given else self._asked("GET", "streams")
        return streams

    def write_log(self, cluster: str, namespace: str, pod: str, container: str, text: str) -> None:
        """Has a container write."""
        place = {"cluster": self.clusters.get(cluster, cluster), "namespace": namespace, "pod": pod}
        self._asked("POST", "logs", {**place, "container": container, "text": text})

    def journal(self) -> list[dict[str, Any]]:
        """The requests that it has answered."""
        requests: list[dict[str, Any]] = self._asked("GET", "journal")
        return requests

    def requests(self) -> list[dict[str, Any]]:
        """The same as `journal`."""
        return self.journal()

    def forget(self) -> None:
        """Forgets the requests."""
        self._asked("DELETE", "journal")

    def _asked(self, method: str, path: str, body: object = None) -> Any:
        import ssl
        from http.client import HTTPSConnection

        where = self.url.removeprefix("https://").partition("/")[0]
        trusted = ssl.create_default_context(cadata=self.ca_pem)
        connection = HTTPSConnection(where, timeout=_START, context=trusted)
        try:
            connection.request(method, f"/-/{path}", None if body is None else json.dumps(body))
            answer = connection.getresponse()
            said: Any = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise SimulatorError(said["error"])
        return said

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def stop(self) -> None:
        """Ends it. A forked child leaves its parent's alone."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_STOP)
        _closed(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Simulator {self.url}>"


def _closed(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _found() -> str:
    named = os.environ.get("RANCHER_SIM")
    if named:
        if not os.path.isfile(named):
            raise SimulatorError(f"RANCHER_SIM names {named}, and there is no such file")
        return named
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        installed = shutil.which(_PROGRAM, path=sysconfig.get_path("scripts", scheme))
        if installed:
            return installed
    on_path = shutil.which(_PROGRAM)
    if on_path:
        return on_path
    raise SimulatorError(
        f"{_PROGRAM} is not here: install the distribution rancher-sim, or set RANCHER_SIM to the program"
    )
