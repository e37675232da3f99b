"""Lists page by themselves, waiting and awaited, and as flat records."""

from __future__ import annotations

import asyncio
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


def test_a_list_that_breaks_off_ends_with_an_error(simulator: Simulator, client: rancher.Client) -> None:
    simulator.fault("GET /v3/projects status:500 after=1")
    seen: list[Any] = []
    with pytest.raises(rancher.Unavailable):
        for project in client.projects.list(page_size=5):
            seen.append(project)
    assert len(seen) == 5


def test_other_apis(client: rancher.Client) -> None:
    cluster = client.cluster("c-prod1")
    namespaces = cluster.resource("namespaces").list().collect()
    assert namespaces and namespaces[0].state == "Active"
    assert client.steve("management.cattle.io.clusters").list().first() is not None
    assert isinstance(cluster.version(), str)


def test_a_notebook_shows_a_table(client: rancher.Client) -> None:
    html = client.projects.list().collect()._repr_html_()
    assert html.startswith("<table>") and html.count("<tr>") <= 52
