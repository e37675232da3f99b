"""One client, many threads; many clients, many loops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import rancher
from conftest import Run
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


def test_one_interpreter_of_a_process_has_it(run: Run) -> None:
    done = run(
        """
try:
    import _interpreters as interpreters
    new = lambda: interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    new = lambda: interpreters.create(isolated=False)
other = new()
text = "import sys\\ntry: import rancher\\nexcept ImportError as error: sys.stdout.write(str(error))"
interpreters.run_string(other, text)
interpreters.destroy(other)
print(client.version()["version"])
"""
    )
    assert done.returncode == 0 and "another one has loaded it" in done.stdout, done
    assert "v2." in done.stdout, done
