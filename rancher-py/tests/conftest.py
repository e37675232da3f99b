"""The simulator that the tests talk to. Nothing here needs more than pytest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rancher
from rancher import testing
from rancher.testing import Simulator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A shell that runs the tests in the background has Ctrl-C ignored, and so would their processes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def program() -> None:
    """The simulator of this tree, unless another one is named or installed."""
    try:
        testing._found()
    except testing.SimulatorError:
        os.environ["RANCHER_SIM"] = str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "rancher-sim")


@pytest.fixture(scope="session", autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No configuration of the machine plays a part."""
    for name in [name for name in os.environ if name.startswith(("RANCHER_", "CATTLE_"))]:
        if name != "RANCHER_SIM":
            del os.environ[name]
    home = tmp_path_factory.mktemp("home")
    os.environ.update(HOME=str(home), KUBECONFIG=str(home / "none"), NO_PROXY="127.0.0.1,localhost")


@pytest.fixture(scope="session")
def shared(program: None, alone: None) -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared: Simulator) -> Iterator[Simulator]:
    """The recorded server, in order. What a test lets go wrong ends with it."""
    shared.forget()
    yield shared
    shared.heal()


@pytest.fixture
def client(simulator: Simulator) -> Iterator[rancher.Client]:
    with simulator.client() as client:
        yield client


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(simulator: Simulator) -> Run:
    """Runs a text of Python in a process of its own, with `client` and `access` at hand."""

    def run(text: str, *, timeout: float = 60, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PRELUDE + text],
            env={**os.environ, "ACCESS": json.dumps(simulator._access("admin-unscoped")), **more},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


PRELUDE = """
import json, os, rancher
access = json.loads(os.environ["ACCESS"])
client = rancher.Client(**access)
"""

