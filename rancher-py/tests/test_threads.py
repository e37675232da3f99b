"""One client, many threads; many clients, many loops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import rancher
from rancher.testing import Simulator


def test_one_client_in_many_threads(client: rancher.Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda _: client.clusters.get("c-prod1").id, range(200)))
    assert ids == ["c-prod1"] * 200


def test_one_list_in_many_threads_gives_each_page_once(client: rancher.Client) -> None:
    everything = sorted(str(project.id) for project in client.projects.list())
    found: list[str] = []
    with client._border.begin("v3.list", {"target": {"collection": "projects"}, "page_size": 4}) as steps:

        def take() -> None:
            while (answer := steps.next()) is not None:
                found.extend(answer.head(at)[0] or "" for at in range(len(answer)))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(found) == everything


def test_one_client_on_loops_of_many_threads(simulator: Simulator) -> None:
    client = simulator.async_client()

    async def some() -> int:
        return len(await asyncio.gather(*(client.clusters.get("c-prod1") for _ in range(20))))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: asyncio.run(some()), range(8))) == [20] * 8
