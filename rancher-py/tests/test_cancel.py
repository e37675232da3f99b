"""Cancelling what is awaited stops the request and closes its connection."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
import rancher
from rancher.testing import Simulator


class Holding:
    """A server that takes a request, never answers, and tells when its connection is closed."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(20)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked = threading.Event()
        self.closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        connection.settimeout(20)
        with connection:
            while connection.recv(65536):
                self.asked.set()
        self.closed.set()

    def __enter__(self) -> Holding:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join(20)


async def until(event: threading.Event) -> None:
    deadline = time.monotonic() + 20
    while not event.is_set():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("way", ["cancel", "timeout", "close", "page"])
def test_what_is_cancelled_closes_its_connection(way: str) -> None:
    async def main(server: Holding) -> float:
        client = rancher.AsyncClient(server.url, token="token-abcde:secret", allow_http=True)
        if way == "page":
            task = asyncio.create_task(client.clusters.list().first())
        else:
            task = asyncio.create_task(client.clusters.get("c-prod1"))
        await until(server.asked)
        begun = time.monotonic()
        if way == "close":
            await client.aclose()
            with pytest.raises(rancher.Cancelled):
                await task
        elif way == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await task
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await until(server.closed)
        return (time.monotonic() - begun) * 1000

    with Holding() as server:
        taken = asyncio.run(main(server))
    print(f"{way}: connection closed after {taken:.0f} ms")
    assert taken < 2000


def test_closing_ends_calls_of_other_threads() -> None:
    with Holding() as server:
        client = rancher.Client(server.url, token="token-abcde:secret", allow_http=True)
        raised: list[BaseException] = []

        def call() -> None:
            try:
                client.clusters.get("c-prod1")
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        assert server.asked.wait(20)
        client.close()
        thread.join(20)
        assert server.closed.wait(20)
    assert [type(error) for error in raised] == [rancher.Cancelled]


def test_other_calls_of_the_client_go_on(simulator: Simulator) -> None:
    simulator.fault("GET /v3/clusters/c-prod1 hang")

    async def main() -> None:
        client = simulator.async_client()
        hanging = asyncio.create_task(client.clusters.get("c-prod1"))
        await asyncio.sleep(0.05)
        hanging.cancel()
        results = await asyncio.gather(hanging, client.version(), return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert isinstance(results[1], dict)

    asyncio.run(main())
