"""Objects: slots on top, plain dicts below, nothing lost on the way back."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
import rancher
from rancher.testing import Simulator


@pytest.fixture
def project(client: rancher.Client) -> rancher.Object[Any]:
    project = client.projects.list(cluster="c-prod1", where={"name": "shop"}).first()
    assert project is not None
    return project


def test_what_is_on_top(project: rancher.Object[Any]) -> None:
    assert (project.name, project.state, project.kind) == ("shop", "active", "project")
    assert project.id.startswith("c-prod1:p-")
    assert repr(project) == f"<Project 'shop' {project.id} active>"
    assert not hasattr(project, "__dict__")
    with pytest.raises(AttributeError):
        project.name = "other"  # type: ignore[misc]


def test_what_is_below(project: rancher.Object[Any]) -> None:
    assert type(project.raw) is dict
    assert project["name"] == "shop" and "name" in project and "nothing" not in project
    assert project.get("nothing", 7) == 7 and project.get("name") == "shop"
    assert set(project) == set(project.raw) == set(project.keys()) and len(project) == len(project.raw)
    assert dict(project) == project.raw and dict(project.items()) == project.raw
    assert json.loads(project.json) == project.raw
    with pytest.raises(KeyError):
        project["nothing"]
    with pytest.raises(TypeError):
        hash(project)


def test_equal_by_id_and_content(client: rancher.Client, project: rancher.Object[Any]) -> None:
    again = client.projects.get(project.id)
    assert again == project and again is not project
    again["description"] = "other"
    assert again != project and project != project.raw
    del again["description"]
    assert again == project or project.get("description") is not None


def test_it_survives_pickle_and_copy(client: rancher.Client, project: rancher.Object[Any]) -> None:
    project["description"] = "written elsewhere"
    for other in (pickle.loads(pickle.dumps(project)), copy.deepcopy(project)):
        assert other == project and repr(other) == repr(project) and other.json == project.json
    other = pickle.loads(pickle.dumps(project))
    written = client.projects.update(other)
    assert written["description"] == "written elsewhere"


def test_a_change_is_the_difference(simulator: Simulator, client: rancher.Client, project: rancher.Object[Any]) -> None:
    project["description"] = "for the shop"
    written = client.projects.update(project)
    assert written["description"] == "for the shop" and written.altered == ()
    simulator.forget()
    # nothing was changed, so nothing is sent
    client.projects.update(written)
    assert simulator.requests() == []


def test_what_was_not_read_is_refused(client: rancher.Client) -> None:
    with pytest.raises(rancher.Invalid, match="update_with"):
        client.projects.update({"id": "c-prod1:p-x"})  # type: ignore[arg-type]
    with pytest.raises(rancher.Invalid, match="its id"):
        client.projects.action(7, "x")  # type: ignore[arg-type]


def test_changing_with_a_function(client: rancher.Client, project: rancher.Object[Any]) -> None:
    seen: list[str | None] = []

    def change(read: rancher.Object[Any]) -> None:
        seen.append(read.name)
        read["description"] = "by a function"

    written = client.projects.update_with(project.id, change)
    assert written["description"] == "by a function" and seen == ["shop"]

    def replaced(read: rancher.Object[Any]) -> dict[str, Any]:
        return {**read.raw, "description": "by another dict"}

    assert client.projects.update_with(project.id, replaced)["description"] == "by another dict"
    with pytest.raises(rancher.Invalid, match="returns a int"):
        client.projects.update_with(project.id, lambda _: 7)
    with pytest.raises(ZeroDivisionError):
        client.projects.update_with(project.id, lambda _: 1 / 0)


def test_changing_with_an_awaited_function(simulator: Simulator, project: rancher.Object[Any]) -> None:
    async def change(read: rancher.Object[Any]) -> None:
        await asyncio.sleep(0)
        read["description"] = "awaited"

    async def main() -> rancher.Object[Any]:
        async with simulator.async_client() as client:
            return await client.projects.update_with(project.id, change)

    assert asyncio.run(main())["description"] == "awaited"


def test_create_ensure_delete(client: rancher.Client) -> None:
    wanted: Any = {"name": "py-lab", "clusterId": "c-prod1"}
    ensured = client.projects.ensure(wanted, ["name", "clusterId"])
    assert ensured.created and ensured.object.name == "py-lab"
    again = client.projects.ensure(wanted, ["name", "clusterId"])
    assert not again.created and again.object.id == ensured.object.id
    assert repr(ensured).startswith("<Ensured <Project 'py-lab'") and pickle.loads(pickle.dumps(again)) == again
    with pytest.raises(AttributeError):
        ensured.created = False
    deleted = client.projects.delete(ensured.object.id)
    assert isinstance(deleted.gone, bool)
    gone = client.projects.wait_gone(ensured.object.id, deadline=20, poll=0.1)
    assert gone is None or gone.id == ensured.object.id
    with pytest.raises(rancher.NotFound):
        client.projects.get(ensured.object.id)


def test_waiting_tells_what_it_waits_for(client: rancher.Client, project: rancher.Object[Any]) -> None:
    told: list[Any] = []
    with pytest.raises(TimeoutError) as caught:
        client.projects.wait(project.id, state="nonesuch", deadline=0.3, poll=0.1, on_progress=told.append)
    assert isinstance(caught.value, rancher.RancherTimeout) and told and told[0]["event"] == "unmet"
    done = client.projects.wait(project.id, state="active", deadline=20, poll=0.1, stable_for=0)
    assert done.id == project.id


def test_a_response(client: rancher.Client) -> None:
    response = client.request("GET", "/v3/settings?limit=1")
    assert response.status == 200 and response.json()["type"] == "collection"
    assert response.headers["content-type"].startswith("application/json")
    assert json.loads(response.raw) == response.json() and "200" in repr(response)


def test_numbers_stay_what_they_are() -> None:
    from rancher._native import loads

    value = loads(b'{"ttl": 7776000000, "big": 123456789012345678901234567890, "half": 0.5, "one": 1.0}')
    assert value == {"ttl": 7776000000, "big": 123456789012345678901234567890, "half": 0.5, "one": 1.0}
    assert type(value["ttl"]) is int and type(value["one"]) is float


def test_a_notebook_shows_names_only(project: rancher.Object[Any]) -> None:
    project["secret"] = "canary"
    html = project._repr_html_()
    assert "<td>shop</td>" in html and "canary" not in html


def test_an_item_of_a_list_of_kubernetes_shows_its_kind(client: rancher.Client) -> None:
    maps = client.cluster("c-prod1").resource("configmaps", namespace="shop-web")
    item = maps.list().first()
    # the server leaves it out of the item, and it is not made up there
    assert item is not None and "kind" not in item and item.kind == "ConfigMap"
    assert repr(item).startswith("<ConfigMap 'kube-root-ca.crt' shop-web/") and "<td>ConfigMap</td>" in item._repr_html_()
    assert repr(pickle.loads(pickle.dumps(item))) == repr(item)


def test_what_follows_the_first_argument_can_be_named(client: rancher.Client, project: rancher.Object[Any]) -> None:
    ensured = client.projects.ensure({"name": "shop", "clusterId": "c-prod1"}, by=["name", "clusterId"])
    assert not ensured.created and ensured.object == project
    assert client.request("GET", path="/v3/settings?limit=1").status == 200
    assert client.cluster("c-prod1").can_i("get", resource="pods")["allowed"]


@pytest.mark.parametrize("name", [None, True, 8080, 1.5])
def test_names_of_fields_are_text(simulator: Simulator, client: rancher.Client, name: object) -> None:
    labels: Any = {"team": "shop", name: "x"}
    simulator.forget()
    for data in ({"labels": labels}, {"labels": MappingProxyType(labels)}, {"list": [(labels,)]}):
        with pytest.raises(rancher.Invalid, match=f"is text, not a {type(name).__name__}"):
            client.projects.create({"name": "py-names", "clusterId": "c-prod1", **data})  # type: ignore[typeddict-item]
    assert simulator.requests() == []


def test_what_holds_itself_is_refused(client: rancher.Client, project: rancher.Object[Any]) -> None:
    project["itself"] = project.raw
    calls: list[Any] = [client.projects.update, client.projects.create]
    for call in calls:
        with pytest.raises(rancher.Invalid, match="Circular"):
            call(project)


def test_a_long_table_is_cut() -> None:
    many = rancher.Objects([rancher.Object(b"{}") for _ in range(60)])
    html = many._repr_html_()
    assert html.count("<tr>") == 1 + 50 + 1 and "10 more" in html


def test_spans_of_time_are_whole() -> None:
    from rancher._border import as_json

    assert as_json("x", {"timeout": timedelta(days=1, milliseconds=500)}) == '{"timeout":86400.5}'


def test_what_is_not_given_is_no_target(client: rancher.Client) -> None:
    assert repr(client.collection("projects")) == "<Collection collection='projects'>"


def test_progress_can_be_awaited(simulator: Simulator, project: rancher.Object[Any]) -> None:
    told: list[str] = []

    async def progress(event: Any) -> None:
        await asyncio.sleep(0)
        told.append(event["text"])

    async def main() -> None:
        async with simulator.async_client() as client:
            await client.projects.wait(project.id, state="nonesuch", deadline=0.3, poll=0.1, on_progress=progress)

    with pytest.raises(rancher.RancherTimeout):
        asyncio.run(main())
    assert told
