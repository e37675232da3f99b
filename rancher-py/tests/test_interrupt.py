"""Ctrl-C ends a call that waits."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time

from conftest import PRELUDE
from rancher.testing import Simulator

WAITING = """
import sys, time
print("waiting", flush=True)
try:
    client.clusters.get("c-prod1")
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
    sys.exit(7)
"""


def interrupted(simulator: Simulator) -> float:
    process = subprocess.Popen(
        [sys.executable, "-c", PRELUDE + WAITING],
        env={**os.environ, "ACCESS": json.dumps(simulator._access("admin-unscoped"))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        arrived(simulator)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (7, "")
        return (float(out) - sent) * 1000
    finally:
        process.kill()
        process.wait()


def arrived(simulator: Simulator) -> None:
    """Waits until the request is with the server, which holds its answer."""
    deadline = time.monotonic() + 20
    while not any(rule["fired"] for rule in simulator._asked("GET", "faults")["faults"]):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_ends_a_call(simulator: Simulator) -> None:
    taken = []
    for _ in range(5):
        simulator.heal()
        simulator.fault("GET /v3/clusters/c-prod1 hang")
        taken.append(interrupted(simulator))
    # what else the machine does can only add to it
    median = statistics.median(taken)
    print(f"ctrl-c: {median:.0f} ms (median of {len(taken)}, at most {max(taken):.0f})")
    assert median <= 200, taken


def test_a_handler_may_call_the_client_itself(simulator: Simulator) -> None:
    simulator.fault("GET /v3/clusters/c-prod1 delay:1500")
    text = """
import signal, time
seen = []
def handler(*_):
    client.version()
    seen.append(time.monotonic())
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
print(client.clusters.get("c-prod1").id)
# it did not wait for the answer
assert time.monotonic() - seen[0] > 0.2
"""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + text],
        env={**os.environ, "ACCESS": json.dumps(simulator._access("admin-unscoped"))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("c-prod1\n", "")
