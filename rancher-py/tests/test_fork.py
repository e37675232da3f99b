"""A forked child has a client that works, and so has its parent."""

from __future__ import annotations

import os
import time

from conftest import Run
from rancher.testing import Simulator

FORKS = """
import multiprocessing, sys, time, traceback

def told(pid, deadline):
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return None

def asked(_=None):
    return client.version()["version"]

def child():
    code = 1
    try:
        # its own connections, and a list from the beginning
        code = 0 if asked() and client.clusters.list().first() is not None else 2
        try:
            begun.next()
            code = 3
        except rancher.Unsupported as error:
            code = code or (0 if "forked" in str(error) else 4)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)

assert asked()
# a stream that the parent began
begun = client._border.begin("v3.list", {"target": {"collection": "projects"}})
assert len(begun.next()) > 0
answered = 0
deadline = time.monotonic() + 45
for _ in range(12):
    pid = os.fork()
    if pid == 0:
        child()
    answered += told(pid, deadline) == 0
    assert asked()

context = multiprocessing.get_context("fork")
processes = [context.Process(target=asked) for _ in range(4)]
for process in processes:
    process.start()
for process in processes:
    process.join(max(0.1, deadline - time.monotonic()))
    answered += process.exitcode == 0
    if process.is_alive():
        process.kill()
with context.Pool(4) as pool:
    results = [pool.apply_async(asked) for _ in range(4)]
    answered += sum(result.get(max(0.1, deadline - time.monotonic())) is not None for result in results)

assert asked()
print(f"fork: {answered} of 20 children answered")
"""


def test_forked_children_answer(run: Run) -> None:
    begun = time.monotonic()
    done = run(FORKS, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.strip() == "fork: 20 of 20 children answered"
    print(done.stdout.strip(), f"in {time.monotonic() - begun:.1f} s")


BUSY = """
import threading, time, sys

import logging
logging.getLogger("rancher").setLevel(1)
# the parent forks while other threads are in the middle of calls
stop = False
def busy():
    while not stop:
        client.version()
threads = [threading.Thread(target=busy) for _ in range(4)]
for thread in threads:
    thread.start()
answered = 0
for _ in range(10):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if client.version() else 2
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            os._exit(code)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            answered += status == 0
            if status:
                print("status", status, file=sys.stderr)
            break
        time.sleep(0.005)
    else:
        print("hangs", file=sys.stderr)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
stop = True
for thread in threads:
    thread.join()
print(answered)
"""


def test_a_fork_in_the_middle_of_other_threads_calls(run: Run) -> None:
    done = run(BUSY, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "10"), done.stderr


def test_a_closed_client_stays_closed_in_the_child(run: Run) -> None:
    done = run(
        """
client.close()
pid = os.fork()
if pid == 0:
    try:
        client.version()
    except rancher.Cancelled:
        os._exit(0)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    )
    assert done.stdout.strip() == "0", done.stderr



def test_a_child_leaves_the_simulator_alone() -> None:
    with Simulator() as simulator:
        child = os.fork()
        if child == 0:
            simulator.stop()
            os._exit(0)
        os.waitpid(child, 0)
        assert simulator.client().version()["version"]
