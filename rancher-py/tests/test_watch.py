"""Watches and logs: nothing is lost or doubled on the way to Python, and what is left leaves nothing open."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import rancher
from conftest import PRELUDE, Run
from rancher.testing import Simulator

PATIENCE = 60
CUTS = 5
OBJECTS = 40


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator of its own: its streams are counted."""
    with Simulator(nodes=0) as simulator:
        yield simulator


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def closed(sim: Simulator) -> None:
    until(lambda: sim.streams()["open"] == 0)


FAMILIES: dict[str, Callable[[Any], Any]] = {
    "v3": lambda client: client.cluster("c-prod1").collection("namespaces"),
    "steve": lambda client: client.cluster("c-prod1").steve("configmaps"),
    "kubernetes": lambda client: client.cluster("c-prod1").resource("configmaps", namespace="plain"),
}


def work(client: rancher.Client, sim: Simulator, family: str, seen: threading.Event) -> None:
    """Makes, changes and deletes objects, and cuts meanwhile; the last object is `last`, and goes when it was seen."""
    maps = client.cluster("c-prod1").resource("configmaps", namespace="plain")
    if family == "v3":
        maps = client.cluster("c-prod1").resource("namespaces")
    for number in range(OBJECTS):
        name = f"made-{number}"
        maps.create({"metadata": {"name": name}})
        maps.patch(name, {"metadata": {"labels": {"seen": "once"}}})
        if number % 3 == 0:
            maps.delete(name)
        if number % (OBJECTS // CUTS) == 3:
            sim.streams(cut=True, forget_past=number > OBJECTS // 2)
    maps.create({"metadata": {"name": "last"}})
    assert seen.wait(PATIENCE)
    maps.delete("last")


class Told:
    """What was told, and what was told twice."""

    def __init__(self) -> None:
        self.state: dict[str, bytes] = {}
        self.seen: set[tuple[str, str]] = set()
        self.doubled: list[str] = []
        self.events = 0
        self.words: dict[str, int] = {}
        self.last = threading.Event()

    def take(self, event: rancher.Event[Any]) -> bool:
        """Whether it is not the last one."""
        self.events += 1
        self.words[event.type] = self.words.get(event.type, 0) + 1
        if event.type in ("listed", "added", "modified"):
            assert event.object is not None and event.id is not None
            # v3 has no versions: there the text decides
            version = event.object.get("metadata", {}).get("resourceVersion") or event.object.json.decode()
            uid = event.object.get("metadata", {}).get("uid") or event.object["uuid"]
            if (uid, version) in self.seen:
                self.doubled.append(event.id)
            self.seen.add((uid, version))
            self.state[event.id] = event.object.json
        elif event.type == "deleted":
            assert event.id is not None and event.uid
            self.state.pop(event.id)
        if (event.id or "").endswith("last"):
            self.last.set()
            return event.type != "deleted"
        return True


@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_watch_survives_cuts(sim: Simulator, family: str, style: str) -> None:
    told = Told()
    with sim.client() as client:
        worker = threading.Thread(target=work, args=(client, sim, family, told.last), daemon=True)
        counts: Any
        if style == "sync":
            watch = FAMILIES[family](client).watch(base=0.02, longest=0.2)
            for event in watch:
                if event.type == "synced":
                    worker.start()
                if not told.take(event):
                    break
            counts = watch.counts()
            watch.close()
        else:
            counts = asyncio.run(followed(sim, family, told, worker))
        worker.join(PATIENCE)
        there = {object.id: object for object in FAMILIES[family](client).list()}
    lost = there.keys() ^ told.state.keys()
    print(f"watch: {family} {style}: {told.events} events, {len(lost)} lost, {len(told.doubled)} doubled, {counts}")
    assert (lost, told.doubled) == (set(), []), told.words
    assert counts["reconnects"] >= 2 and told.words["synced"] == 1, counts
    assert told.words["reconnected"] == counts["reconnects"]
    closed(sim)


async def followed(sim: Simulator, family: str, told: Told, worker: threading.Thread) -> Any:
    """The same, awaited: each wait is given up again and again, which must lose nothing."""
    async with sim.async_client() as client, FAMILIES[family](client).watch(base=0.02, longest=0.2) as watch:
        given_up, patience = 0, 0.001
        while True:
            try:
                event = await asyncio.wait_for(anext(watch), patience)
            except TimeoutError:
                given_up += 1
                # sometimes the answer is there at the very moment
                patience = 0.001 + 0.0005 * (given_up % 40)
                continue
            if event.type == "synced":
                worker.start()
            if not told.take(event):
                assert given_up > 3
                return watch.counts()


@pytest.mark.parametrize("way", ["break", "with", "close", "close elsewhere", "client"])
def test_what_is_left_is_closed(sim: Simulator, way: str) -> None:
    client = sim.client()
    maps = client.cluster("c-prod1").resource("configmaps", namespace="plain")

    def touch() -> None:
        until(lambda: sim.streams()["open"] == 1)
        maps.create({"metadata": {"name": "new"}})

    if way == "break":
        threading.Thread(target=touch, daemon=True).start()
        for event in maps.watch():
            if event.type == "added":
                break
        closed(sim)
        return
    watch = maps.watch()
    begun_by = threading.Thread(target=touch, daemon=True)
    begun_by.start()
    if way == "with":
        with watch:
            assert [event.type for event in watch if event.type == "added" and not watch.close()] == ["added"]
        assert list(watch) == []
    elif way == "close":
        while next(watch).type != "added":
            pass
        watch.close()
        assert list(watch) == []
    else:
        while next(watch).type != "added":
            pass
        ends: Callable[[], None] = watch.close if way == "close elsewhere" else client.close
        threading.Timer(0.2, ends).start()
        if way == "client":
            with pytest.raises(rancher.Cancelled, match="closed"):
                next(watch)
        else:
            # whoever waits gets no more, and no error
            assert list(watch) == []
    begun_by.join(PATIENCE)
    closed(sim)


@pytest.mark.parametrize("within", [True, False], ids=["within", "left to the end of the task"])
def test_a_cancelled_task_closes_its_watch(sim: Simulator, within: bool) -> None:
    async def main() -> None:
        client = sim.async_client()

        async def follow() -> None:
            watch = client.cluster("c-prod1").resource("configmaps", namespace="plain").watch()
            if not within:
                async for _ in watch:
                    pass
            async with watch:
                async for _ in watch:
                    pass

        async def cancelled(task: asyncio.Task[None]) -> None:
            deadline = time.monotonic() + PATIENCE
            while sim.streams()["open"] == 0:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
            if within:
                await asyncio.to_thread(closed, sim)

        await cancelled(asyncio.create_task(follow()))
        await asyncio.to_thread(closed, sim)
        # a watch that somebody holds is closed by itself, or by its client
        watch = client.cluster("c-prod1").resource("configmaps", namespace="plain").watch()
        assert (await anext(watch)).type == "listed"
        waiting = asyncio.create_task(read(watch))
        while sim.streams()["open"] == 0:
            await asyncio.sleep(0.01)
        await watch.aclose()
        assert await waiting == ["synced"]
        closed(sim)
        await client.aclose()

    async def read(watch: Any) -> list[str]:
        return [event.type async for event in watch]

    asyncio.run(main())


def test_a_watch_that_cannot_begin_says_so(sim: Simulator) -> None:
    client = sim.client("ro-prod")
    with pytest.raises(rancher.Forbidden):
        next(client.cluster("c-prod1").resource("secrets", namespace="kube-system").watch())
    with pytest.raises(rancher.Invalid, match="a second or more"):
        next(client.cluster("c-prod1").resource("pods").watch(silence=0.1))
    with pytest.raises(rancher.Invalid, match="page_size"):
        client.cluster("c-prod1").resource("pods").watch(page_size=-1)
    watch = client.cluster("c-prod1").resource("pods", namespace="plain").watch()
    assert set(watch.counts().values()) == {0} and repr(watch) == "<Watch kubernetes.watch>"


INTERRUPTED = """
import sys, time
maps = client.cluster("c-prod1").resource("configmaps", namespace="plain")
watch = maps.watch()
told = []
while True:
    try:
        for event in watch:
            told.append((event.type, event.id))
            if event.type == "synced":
                print("waiting", flush=True)
            if event.type == "added":
                print(told, flush=True)
                sys.exit(7)
    except KeyboardInterrupt:
        print(time.monotonic(), flush=True)
        # it goes on where it was
        maps.create({"metadata": {"name": "after"}})
"""


def test_ctrl_c_ends_the_wait_and_not_the_watch(sim: Simulator) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PRELUDE + INTERRUPTED],
        env={**os.environ, "ACCESS": json.dumps(sim._access("admin-unscoped"))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "waiting\n"
        until(lambda: sim.streams()["open"] == 1)
        time.sleep(0.2)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        when, told = out.splitlines()
        assert (process.returncode, err) == (7, "")
        assert told == "[('listed', 'plain/kube-root-ca.crt'), ('synced', None), ('added', 'plain/after')]"
        print(f"ctrl-c: {(float(when) - sent) * 1000:.0f} ms in a watch")
        assert float(when) - sent < 2
    finally:
        process.kill()
        process.wait()
    closed(sim)


FORKED = """
import sys, threading, time
maps = client.cluster("c-prod1").resource("configmaps", namespace="plain")
watch = maps.watch()
assert [next(watch).type for _ in range(2)] == ["listed", "synced"]
threading.Timer(0.3, lambda: maps.create({"metadata": {"name": "one"}})).start()
assert next(watch).object.name == "one"
waits = threading.Thread(target=lambda: print(next(watch).object.name, flush=True))
waits.start()
time.sleep(0.2)
pid = os.fork()
if pid == 0:
    code = 1
    try:
        try:
            next(watch)
        except rancher.Unsupported as error:
            # in the child a watch is begun anew, and works
            own = maps.watch()
            code = 0 if "forked" in str(error) and [next(own).type for _ in range(2)] == ["listed"] * 2 else 2
            own.close()
        watch.close()
        del watch
    finally:
        os._exit(code)
deadline = time.monotonic() + 45
while os.waitpid(pid, os.WNOHANG) == (0, 0):
    assert time.monotonic() < deadline
    time.sleep(0.01)
maps.create({"metadata": {"name": "two"}})
waits.join(45)
print(watch.counts()["reconnects"])
"""


def test_a_fork_leaves_the_parents_watch_alone(run: Run, simulator: Simulator) -> None:
    try:
        done = run(FORKED)
        assert (done.stdout, done.stderr) == ("two\n0\n", "")
    finally:
        maps = simulator.client().cluster("c-prod1").resource("configmaps", namespace="plain")
        for name in ("one", "two"):
            maps.delete(name)


def test_threads_share_a_client_and_even_a_watch(sim: Simulator) -> None:
    client = sim.client()
    maps = client.cluster("c-prod1").resource("configmaps", namespace="plain")
    shared = maps.watch()
    own: list[list[str]] = [[] for _ in range(4)]
    together: list[list[str]] = [[] for _ in range(4)]

    def follow(watch: Any, into: list[str]) -> None:
        into.extend(event.id for event in watch if event.type == "added")

    watches = [maps.watch() for _ in own]
    threads = [threading.Thread(target=follow, args=(watch, into)) for watch, into in zip(watches, own, strict=True)]
    threads += [threading.Thread(target=follow, args=(shared, into)) for into in together]
    for thread in threads:
        thread.start()
    until(lambda: sim.streams()["open"] == 5)
    names = [f"plain/made-{number}" for number in range(60)]
    for number in range(60):
        maps.create({"metadata": {"name": f"made-{number}"}})
    until(lambda: sum(map(len, together)) >= 60 and all(len(into) == 60 for into in own))
    for watch in [*watches, shared]:
        watch.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert all(into == names for into in own)
    assert sorted(name for into in together for name in into) == sorted(names)
    closed(sim)


def test_events_show_no_content_and_can_be_pickled(sim: Simulator) -> None:
    client = sim.client()
    secrets = client.cluster("c-prod1").resource("secrets", namespace="plain")
    secrets.create({"metadata": {"name": "db"}, "stringData": {"password": "CANARY-1"}})
    watch = secrets.watch(field_selector="metadata.name=db")
    listed, synced = next(watch), next(watch)
    assert listed.object is not None and listed.object["data"]["password"]
    assert repr(listed) == "<Event listed <Object 'db' plain/db>>" and repr(synced) == "<Event synced>"
    again = pickle.loads(pickle.dumps(listed))
    assert (again.type, again.id, again.object.raw) == ("listed", "plain/db", listed.object.raw)
    assert (synced.object, synced.id, synced.uid, synced.because) == (None, None, None, None)


@pytest.mark.parametrize("style", ["sync", "async"])
def test_lines_of_a_log(sim: Simulator, style: str) -> None:
    lines: list[rancher.LogLine]

    async def awaited() -> list[rancher.LogLine]:
        found = []
        async with sim.async_client() as client:
            async with client.cluster("c-prod1").namespace("plain").logs("hello", container="web", follow=True) as log:
                async for line in log:
                    found.append(line)
                    if len(found) == 1:
                        sim.write_log("prod", "plain", "hello", "web", "one\n\nzwei ä\n")
                    if len(found) == 4:
                        break
        return found

    if style == "async":
        lines = asyncio.run(awaited())
    else:
        lines = []
        for line in sim.client().cluster("c-prod1").namespace("plain").logs("hello", container="web", follow=True):
            lines.append(line)
            if len(lines) == 1:
                sim.write_log("prod", "plain", "hello", "web", "one\n\nzwei ä\n")
            if len(lines) == 4:
                break
    assert [str(line) for line in lines] == ["web started", "one", "", "zwei ä"]
    assert lines[3].bytes == "zwei ä".encode() and lines[3].whole and lines[3].timestamp is None
    assert repr(lines[1]) == "<LogLine 3 bytes>" and lines[1] == rancher.LogLine(b"one", None, True)
    closed(sim)


@pytest.mark.parametrize("style", ["sync", "async"])
def test_a_watch_and_a_log_end_with_their_timeout(sim: Simulator, style: str) -> None:
    parts: list[Callable[[Any], Any]] = [
        *(lambda client, part=part: part(client).watch(timeout=1.5) for part in FAMILIES.values()),
        lambda client: (
            client.cluster("c-prod1")
            .namespace("plain")
            .logs("hello", container="web", follow=True, timeout=timedelta(seconds=1.5))
        ),
    ]

    async def awaited(part: Callable[[Any], Any], told: list[Any]) -> None:
        async with sim.async_client() as client:
            async for one in part(client):
                told.append(one)

    for part in parts:
        told: list[Any] = []
        began = time.monotonic()
        with pytest.raises(rancher.RancherTimeout, match="1.5s"):
            if style == "async":
                asyncio.run(awaited(part, told))
            else:
                told.extend(part(sim.client()))
        # what came before it was told: `extend` keeps it
        assert told and time.monotonic() - began >= 1.49
        closed(sim)
