"""Other threads go on while a call waits."""

from __future__ import annotations

import threading
import time

import pytest
from rancher.testing import Simulator


@pytest.mark.parametrize("waiter", ["main", "thread"])
def test_another_thread_goes_on(simulator: Simulator, waiter: str) -> None:
    simulator.fault("GET /v3/clusters/c-prod1 delay:600")
    client = simulator.client()
    ticks: list[float] = []
    done = threading.Event()

    def wait() -> None:
        client.clusters.get("c-prod1")
        done.set()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.01)

    first, second = (tick, wait) if waiter == "main" else (wait, tick)
    other = threading.Thread(target=first)
    other.start()
    second()
    other.join(20)
    assert done.is_set()
    # 600 ms in steps of 10: a thread that had to wait for the answer would have made one or two
    assert len(ticks) >= 10
