"""A program ends while calls are under way: it neither hangs, nor aborts, nor complains."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from conftest import Run
from rancher.testing import Simulator

# what is under way when the main thread comes to its end
DAEMON = """
import threading, time
threading.Thread(target=client.clusters.get, args=("c-prod1",), daemon=True).start()
time.sleep(0.05)
"""
LOOPING = """
import threading, time
def loop():
    while True:
        client.version()
for _ in range(4):
    threading.Thread(target=loop, daemon=True).start()
time.sleep(0.05)
"""
TASK = """
import asyncio
async def main():
    awaited = rancher.AsyncClient(**access)
    task = asyncio.create_task(awaited.clusters.get("c-prod1"))
    await asyncio.sleep(0.05)
asyncio.run(main())
"""
ABANDONED = """
import asyncio
loop = asyncio.new_event_loop()
awaited = rancher.AsyncClient(**access)
async def main():
    global call
    # neither awaited nor cancelled, and its loop is gone
    call = awaited._border.native.call_async("version", "{}")
    await asyncio.sleep(0)
loop.run_until_complete(main())
"""
STREAM = """
stream = iter(client.projects.list())
next(stream)
"""
POOL = """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(4)
for _ in range(4):
    pool.submit(client.clusters.get, "local")
"""
WAYS = [DAEMON, LOOPING, TASK, ABANDONED, STREAM, POOL]


def test_two_hundred_ends(simulator: Simulator, run: Run) -> None:
    simulator.fault("GET /v3/clusters/c-prod1 hang", "GET /v3/clusters/local delay:100")
    begun = time.monotonic()

    def one(at: int) -> subprocess.CompletedProcess[str]:
        return run(WAYS[at % len(WAYS)], timeout=60)

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(one, range(200)))
    clean = [end for end in ends if (end.returncode, end.stdout, end.stderr) == (0, "", "")]
    print(f"exit: {len(clean)} of 200 clean in {time.monotonic() - begun:.0f} s")
    dirty = [
        (at % len(WAYS), end.returncode, end.stdout, end.stderr)
        for at, end in enumerate(ends)
        if end not in clean
    ]
    assert not dirty, dirty[:3]


def test_a_hanging_call_does_not_hold_the_end_up(simulator: Simulator, run: Run) -> None:
    simulator.fault("GET /v3/clusters/c-prod1 hang")
    begun = time.monotonic()
    done = run(DAEMON)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - begun < 15


def test_calls_after_the_end_are_refused(run: Run) -> None:
    done = run(
        """
import atexit
from rancher import _native
_native.shutdown()
try:
    client.version()
except rancher.Cancelled as error:
    print(error)
"""
    )
    assert (done.stdout, done.stderr) == ("the process is ending\n", "")


def test_hooks_that_come_later_can_still_call(run: Run) -> None:
    done = run(
        """
import atexit
atexit.register(lambda: print(bool(client.version())))
"""
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
