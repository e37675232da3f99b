"""The package as type checkers see it. `tests/run` gives this file to mypy and pyright, both strict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import pytest
import rancher
from rancher import types
from rancher._generated import aio, sync
from rancher.types import management

if TYPE_CHECKING:
    from typing import assert_type

    from rancher.types.values import DoctorReport, Permission, ServerVersion, WaitProgress


class Named(TypedDict, total=False):
    """A type of the user's own."""

    name: str


def waiting(client: rancher.Client) -> None:
    """Never called: what every sort of call gives."""
    assert_type(client.version(), "ServerVersion")
    assert_type(client.doctor(cluster="c-prod1"), "DoctorReport")
    project = client.projects.get("c-prod1:p-abcde", timeout=2.5)
    assert_type(project, rancher.Object[management.Project])
    assert_type(project.raw, management.Project)
    assert_type(project.name, str | None)
    assert_type(client.projects.delete(project.id), rancher.Deleted[management.Project])
    assert_type(project.get("anything"), Any)
    listed = client.projects.list(cluster="c-prod1", where={"name": {"in": ["a", "b"]}})
    assert_type(listed, rancher.ObjectList[management.Project])
    for each in listed:
        assert_type(each, rancher.Object[management.Project])
    for page in listed.pages():
        assert_type(page, rancher.Objects[management.Project])
        assert_type(page.resource_version, str | None)
    assert_type(listed.first(), rancher.Object[management.Project] | None)
    assert_type(listed.records("id", title="name"), rancher.RecordList)
    assert_type(client.projects.list(fields=["id"]), rancher.RecordList)
    assert_type(client.projects.list(fields=["id"]).collect(), list[dict[str, Any]])
    assert_type(client.projects.total(), int)
    assert_type(client.projects.first(), rancher.Object[management.Project] | None)
    created = client.projects.create({"name": "shop", "clusterId": "c-prod1"})
    assert_type(created, rancher.Object[management.Project])
    assert_type(client.projects.update(created), rancher.Object[management.Project])
    ensured = client.projects.ensure({"name": "shop"}, "name")
    assert_type(ensured, rancher.Ensured[management.Project])
    assert_type(ensured.object, rancher.Object[management.Project])
    assert_type(client.projects.delete("x"), rancher.Deleted[management.Project])
    assert_type(client.projects.delete("x").object, rancher.Object[management.Project] | None)
    assert_type(client.projects.wait("x", state="active", timeout=5), rancher.Object[management.Project])
    assert_type(client.request("GET", "/v3").headers, dict[str, str])
    pods = client.cluster("c-prod1").resource("pods", namespace="shop-web")
    assert_type(pods.get("web-0"), rancher.Object[dict[str, Any]])
    assert_type(client.cluster("c-prod1").can_i("get", "pods"), "Permission")

    def change(read: rancher.Object[management.Project]) -> None:
        read.raw["description"] = "changed"

    assert_type(client.projects.update_with("x", change), rancher.Object[management.Project])
    with client as same:
        assert_type(same, rancher.Client)


async def awaited(client: rancher.AsyncClient) -> None:
    """Never called: the same, awaited."""
    assert_type(await client.version(), "ServerVersion")
    project = await client.projects.get("c-prod1:p-abcde")
    assert_type(project, rancher.Object[management.Project])
    listed = client.projects.list()
    assert_type(listed, rancher.AsyncObjectList[management.Project])
    async for each in listed:
        assert_type(each, rancher.Object[management.Project])
    assert_type(await listed.collect(), rancher.Objects[management.Project])
    assert_type(await listed.records("id").collect(), list[dict[str, Any]])
    assert_type(client.projects.list(fields={"title": "name"}), rancher.AsyncRecordList)
    async with client as same:
        assert_type(same, rancher.AsyncClient)


def failing(error: rancher.RancherError) -> None:
    """Never called: the fields of an error."""
    assert_type(error.kind, str)
    assert_type(error.status, int | None)
    assert_type(error.causes, tuple[str, ...])
    assert_type(error.retry_after, float | None)
    assert_type(error.retryable, bool)


def handed_on(
    projects: rancher.Collection[management.Project],
    cluster: rancher.Cluster,
    pods: rancher.KubernetesResource[dict[str, Any]],
    shops: rancher.SteveResource[dict[str, Any]],
    awaited: rancher.AsyncCollection[management.Project],
) -> None:
    """Never called: what a client hands out can be named, and so can what a callback is given."""
    assert_type(projects.list(), rancher.ObjectList[management.Project])
    assert_type(cluster.can_i("get", resource="pods"), Permission)
    assert_type(pods.get("web-0"), rancher.Object[dict[str, Any]])
    assert_type(shops.get("shop"), rancher.Object[dict[str, Any]])
    assert_type(awaited.list(), rancher.AsyncObjectList[management.Project])

    def progress(event: WaitProgress) -> None:
        assert_type(event["text"], str)

    projects.wait("shop", state="active", on_progress=progress)
    projects.ensure({"name": "shop"}, by="name")


def refused(client: rancher.Client) -> None:
    """Never called: what a type checker does not let through. Each line must be an error, or the comment is one."""
    client.projects.get(id="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.projects.list(nmae="shop")  # type: ignore[call-overload]  # pyright: ignore
    client.projects.update({"name": "shop"})  # type: ignore[arg-type]  # pyright: ignore
    client.projects.get("x", timeout="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_types_are_there_at_run_time() -> None:
    assert management.Project.__total__ is False
    assert "clusterId" in management.Project.__annotations__
    assert rancher.Object[Named] is not None and rancher.ObjectList[management.Project] is not None


@pytest.mark.parametrize("name", rancher.__all__)
def test_everything_public_is_there(name: str) -> None:
    assert getattr(rancher, name) is not None and name in dir(rancher)


def test_everything_that_is_handed_out_is_public() -> None:
    for module in (sync, aio):
        handed = {name for name in module.__all__ if not name.endswith("ClientOperations")}
        assert handed and handed <= set(rancher.__all__)
        assert all(getattr(rancher, name) is getattr(module, name) for name in handed)
    assert {"DoctorReport", "WaitProgress", "Where"} <= set(types.values.__all__)
