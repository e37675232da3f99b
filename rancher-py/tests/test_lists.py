"""Lists page by themselves, waiting and awaited, and as flat records."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
from typing import Any

import pytest
import rancher
from rancher.testing import Simulator


def pages(simulator: Simulator) -> int:
    return sum(request["target"].startswith("/v3/projects") for request in simulator.requests())


def test_three_pages(simulator: Simulator, client: rancher.Client) -> None:
    everything = client.projects.list().collect()
    size = -(-len(everything) // 3)
    simulator.forget()
    paged = client.projects.list(page_size=size)
    assert [len(page) for page in paged.pages()] == [size, size, len(everything) - 2 * size]
    assert pages(simulator) == 3
    ids = [project.id for project in paged]
    # another walk asks anew
    assert pages(simulator) == 6
    assert sorted(map(str, ids)) == sorted(str(project.id) for project in everything) and len(set(ids)) == len(ids)


def test_three_pages_awaited(simulator: Simulator) -> None:
    async def main() -> None:
        async with simulator.async_client() as client:
            everything = await client.projects.list().collect()
            size = -(-len(everything) // 3)
            paged = client.projects.list(page_size=size)
            assert [len(page) async for page in paged.pages()] == [size, size, len(everything) - 2 * size]
            ids = [project.id async for project in paged]
            assert sorted(map(str, ids)) == sorted(str(project.id) for project in everything)
            first = await paged.first()
            assert first is not None and first.id in ids
            names = await paged.records("name").collect()
            assert sorted(record["name"] for record in names) == sorted(str(o.name) for o in everything)
            assert (await paged.records("id").first() or {}).keys() == {"id"}

    asyncio.run(main())


def test_nothing_is_sent_before_it_is_wanted(simulator: Simulator, client: rancher.Client) -> None:
    listing = client.projects.list()
    assert repr(listing) == "<ObjectList v3.list>"
    with pytest.raises(TypeError, match="first"):
        bool(listing)
    assert simulator.requests() == []


def test_records(client: rancher.Client) -> None:
    listing = client.projects.list(cluster="c-prod1")
    plain = listing.records("id", "name").collect()
    assert plain and all(list(record) == ["id", "name"] for record in plain)
    named = listing.records("id", title="name", lost="no.such.field").collect()
    assert [record["title"] for record in named] == [record["name"] for record in plain]
    assert {record["lost"] for record in named} == {None} and set(named[0]) == {"id", "title", "lost"}
    assert client.projects.list(cluster="c-prod1", fields=["id", "name"]).collect() == plain
    assert client.projects.list(cluster="c-prod1", fields={"title": "name"}).first() == {"title": plain[0]["name"]}
    assert [len(page) for page in listing.records("id").pages()] == [len(plain)]


def test_first_find_total(client: rancher.Client) -> None:
    assert client.projects.total(cluster="c-prod1") == len(client.projects.list(cluster="c-prod1").collect())
    shop = client.projects.first(cluster="c-prod1", where={"name": {"in": ["shop"]}})
    assert shop is not None and shop.name == "shop"
    assert client.projects.first(where={"name": "no-such-project"}) is None
    assert client.projects.list(where={"name": "no-such-project"}).first() is None


def test_leaving_early_stops_it(simulator: Simulator, client: rancher.Client) -> None:
    for _ in client.projects.list(page_size=5):
        break
    # the page that was read, and at most the one that was on its way
    assert pages(simulator) <= 2


def test_a_walk_that_was_closed_is_over(simulator: Simulator, client: rancher.Client) -> None:
    listing: Any = client.projects.list(page_size=5)
    for walk in (iter(listing), listing.pages()):
        with contextlib.closing(walk):
            assert next(walk) is not None
        assert list(walk) == []

    async def awaited() -> None:
        listing: Any = simulator.async_client().projects.list(page_size=5)
        for walk in (aiter(listing), listing.pages()):
            async with contextlib.aclosing(walk):
                assert await anext(walk) is not None
            assert [one async for one in walk] == []

    asyncio.run(awaited())


def test_a_list_that_breaks_off_ends_with_an_error(simulator: Simulator, client: rancher.Client) -> None:
    simulator.fault("GET /v3/projects status:500 after=1")
    seen: list[Any] = []
    with pytest.raises(rancher.Unavailable):
        for project in client.projects.list(page_size=5):
            seen.append(project)
    assert len(seen) == 5


def test_a_list_that_broke_off_never_looks_like_its_end(simulator: Simulator, client: rancher.Client) -> None:
    simulator.fault("GET /v3/projects status:500 after=1")
    for listing in (client.projects.list(page_size=5), client.projects.list(page_size=5, fields=["id"])):
        simulator.heal()
        simulator.fault("GET /v3/projects status:500 after=1")
        items = iter(listing)
        assert next(items) is not None
        with pytest.raises(rancher.Unavailable):
            list(items)
        for _ in range(2):
            with pytest.raises(rancher.Cancelled, match="begin it anew"):
                next(items)
    simulator.heal()
    pages = client.projects.list().pages()
    assert sum(len(page) for page in pages) == client.projects.total()
    # the end stays the end
    assert next(pages, None) is None


def test_ctrl_c_in_a_list_never_looks_like_its_end(simulator: Simulator, client: rancher.Client) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        simulator.fault("GET /v3/projects hang after=1")
        pages = client.projects.list(page_size=5).pages()
        assert len(next(pages)) == 5
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            next(pages)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(rancher.Cancelled, match="begin it anew"):
        next(pages)


def test_a_timeout_in_a_list_never_looks_like_its_end(simulator: Simulator) -> None:
    async def main() -> None:
        async with simulator.async_client() as client:
            simulator.fault("GET /v3/projects hang after=1")
            items = aiter(client.projects.list(page_size=5))
            assert [(await anext(items)).id for _ in range(5)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await anext(items)
            with pytest.raises(rancher.Cancelled, match="begin it anew"):
                await anext(items)

    asyncio.run(main())


def test_a_list_outlives_the_loop_that_began_it(simulator: Simulator) -> None:
    client = simulator.async_client()
    pages = client.projects.list(page_size=5).pages()

    async def some(most: int) -> list[str | None]:
        found = []
        async for page in pages:
            found.extend(project.id for project in page)
            if len(found) >= most:
                break
        return found

    first, rest = asyncio.run(some(5)), asyncio.run(some(10_000))
    assert len(first) == 5 and len({*first, *rest}) == len(first) + len(rest) > 30


def test_the_state_that_a_list_shows(client: rancher.Client) -> None:
    cluster = client.cluster("c-prod1")
    for listing in (cluster.resource("namespaces").list(page_size=1), cluster.steve("namespaces").list(page_size=1)):
        pages = list(listing.pages())
        everything = listing.collect()
        assert len(pages) > 1 and everything.resource_version == pages[0].resource_version
        assert everything.resource_version and int(everything.resource_version) > 0
        again = pickle.loads(pickle.dumps(everything))
        assert (again, again.resource_version) == (everything, everything.resource_version)
    assert client.projects.list().collect().resource_version is None


def test_lists_over_http_2() -> None:
    with Simulator(http2=True) as simulator, simulator.client() as client:
        everything = client.projects.list(page_size=5).collect()
        assert len(everything) == client.projects.total() > 30
        assert {request["http"] for request in simulator.requests()} == {"HTTP/2.0"}


def test_other_apis(client: rancher.Client) -> None:
    cluster = client.cluster("c-prod1")
    namespaces = cluster.resource("namespaces").list().collect()
    assert namespaces and namespaces[0].state == "Active"
    assert client.steve("management.cattle.io.clusters").list().first() is not None
    assert isinstance(cluster.version(), str)


def test_a_notebook_shows_a_table(client: rancher.Client) -> None:
    html = client.projects.list().collect()._repr_html_()
    assert html.startswith("<table>") and html.count("<tr>") <= 52
