"""What a failed call raises: class, code, field, causes, advice."""

from __future__ import annotations

import re
from typing import Any

import pytest
import rancher
from conftest import ROOT
from rancher import errors
from rancher.testing import Simulator

ALL = [getattr(errors, name) for name in errors.__all__]


def kinds() -> set[str]:
    text = (ROOT / "rancher-client/src/error/kind.rs").read_text()
    table = text.split("ErrorKind {", 1)[1].split("\n    }", 1)[0]
    return set(re.findall(r'= "(\w+)"', table))


def test_every_kind_has_a_class_of_its_own() -> None:
    classes = {cls.kind: cls for cls in ALL if cls is not rancher.RancherError}
    assert set(classes) == kinds()
    assert len(classes) == len(ALL) - 1
    for kind, cls in classes.items():
        error = errors._from_json({"kind": kind, "text": "a line"})
        assert type(error) is cls and str(error) == "a line" and error.kind == kind
        assert getattr(rancher, cls.__name__) is cls


def test_a_kind_of_a_newer_core_is_a_plain_error() -> None:
    error = errors._from_json({"kind": "out_of_paper", "text": "no paper"})
    assert type(error) is rancher.RancherError and error.kind == "out_of_paper"


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (rancher.Forbidden, PermissionError),
        (rancher.OutOfScope, PermissionError),
        (rancher.NotFound, LookupError),
        (rancher.RancherTimeout, TimeoutError),
        (rancher.ConnectError, ConnectionError),
        (rancher.Invalid, ValueError),
        (rancher.ConfigError, ValueError),
    ],
)
def test_where_python_has_a_word_it_is_that_too(cls: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(cls, builtin) and issubclass(cls, rancher.RancherError)


def test_conflict_is_not_already_exists() -> None:
    assert not issubclass(rancher.AlreadyExists, rancher.Conflict)


def raised(simulator: Simulator, label: str, call: Any, **options: Any) -> rancher.RancherError:
    with simulator.client(label, **options) as client, pytest.raises(rancher.RancherError) as caught:
        call(client)
    error = caught.value
    text = str(error)
    assert text and "\n" not in text and len(text) < 1000
    return error


def get(path: str) -> Any:
    return lambda client: client.request("GET", path)


def clusters(client: rancher.Client) -> Any:
    return client.clusters.get("c-prod1")


PROJECT = {"name": "", "clusterId": "c-prod1"}

TABLE: list[tuple[str, str, Any, type[rancher.RancherError], dict[str, Any]]] = [
    # 401 of every sort
    ("expired", "expired", get("/v3/clusters"), rancher.Undetermined, {"status": 401, "causes": {"token_refused"}}),
    ("deleted", "deleted", get("/v3/clusters"), rancher.Undetermined, {"status": 401, "causes": {"token_refused"}}),
    ("scoped", "admin-prod", lambda c: c.clusters.get("c-stag1"), rancher.RancherError, {"causes": {"out_of_scope"}}),
    # 403: a missing right, and out of scope before anything is sent
    ("403", "base-unscoped", lambda c: c.clusters.get("c-prod1"), rancher.Forbidden, {"status": 403, "reason": "rbac"}),
    ("404", "admin-unscoped", lambda c: c.clusters.get("c-nope"), rancher.NotFound, {"status": 404, "code": "NotFound"}),
    (
        "422",
        "admin-unscoped",
        lambda c: c.collection("projects", unchecked=True).create(PROJECT),
        rancher.Invalid,
        {"status": 422, "field": "name"},
    ),
    (
        "unknown filter",
        "admin-unscoped",
        lambda c: c.projects.list(where={"nmae": "shop"}).first(),
        rancher.Invalid,
        {"status": None},
    ),
    ("no such id", "admin-unscoped", lambda c: c.clusters.get("../x"), rancher.Invalid, {"status": None}),
]


@pytest.mark.parametrize(("label", "call", "cls", "fields"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_the_server_answers(
    simulator: Simulator, label: str, call: Any, cls: type[rancher.RancherError], fields: dict[str, Any]
) -> None:
    error = raised(simulator, label, call)
    assert isinstance(error, cls), repr(error)
    for name, value in fields.items():
        if name == "causes":
            assert value <= set(error.causes), error.causes
        else:
            assert getattr(error, name) == value, (name, error.evidence())
    assert error.advice


FAULTS: list[tuple[str, str, type[rancher.RancherError], dict[str, Any]]] = [
    ("429", "429:7", rancher.RateLimited, {"status": 429, "retryable": True, "retry_after": 7.0}),
    ("502", "html502", rancher.Unavailable, {"status": 502, "retryable": True}),
    ("503", "status:503", rancher.RancherError, {"status": 503}),
    ("409", "status:409", rancher.Conflict, {"status": 409}),
    ("500", "status:500", rancher.Unavailable, {"status": 500}),
    ("cut", "cut:40", rancher.RancherError, {}),
    ("length", "length:9000", rancher.RancherError, {}),
    ("reset", "reset", rancher.ConnectError, {"status": None}),
    ("hang", "hang", rancher.RancherTimeout, {"status": None}),
]


@pytest.mark.parametrize(("action", "cls", "fields"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_what_goes_wrong_on_the_way(
    simulator: Simulator, action: str, cls: type[rancher.RancherError], fields: dict[str, Any]
) -> None:
    simulator.fault(f"GET /v3/clusters/c-prod1 {action}")
    error = raised(simulator, "admin-unscoped", clusters, timeout=2)
    assert isinstance(error, cls), repr(error)
    for name, value in fields.items():
        assert getattr(error, name) == value, (name, error.evidence())


@pytest.mark.parametrize("action", ["cut:40", "length:9000"])
def test_a_body_that_breaks_off_is_never_an_answer(simulator: Simulator, action: str) -> None:
    simulator.fault(f"GET /v3/clusters/c-prod1 {action}")
    error = raised(simulator, "admin-unscoped", clusters, timeout=5)
    assert error.kind in {"decode", "connect", "timeout"}


def test_no_server(simulator: Simulator) -> None:
    error = raised(simulator, "admin-unscoped", clusters, url="https://127.0.0.1:1")
    assert isinstance(error, (rancher.ConnectError, ConnectionError))
    error = raised(simulator, "admin-unscoped", clusters, ca_pem=None)
    assert isinstance(error, rancher.TlsError) and "certificate_unknown_issuer" in error.causes


def test_no_configuration() -> None:
    with pytest.raises(ValueError, match="RANCHER_URL") as caught:
        rancher.Client()
    assert isinstance(caught.value, rancher.ConfigError) and caught.value.because


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"url": "https://rancher.example.com", "token": "a b"}, "token"),
        ({"url": "ftp://rancher.example.com", "token": "token-abcde:x"}, "ftp"),
        ({"url": "https://rancher.example.com", "token": "token-abcde:x", "timeout": -1}, "timeout"),
        ({"url": "https://rancher.example.com", "token": "token-abcde:x", "retries": "many"}, "retries"),
        ({"url": "https://rancher.example.com", "token": "token-abcde:x", "ca_file": "/nowhere/ca.pem"}, "ca.pem"),
    ],
)
def test_a_wrong_configuration_is_named(options: dict[str, Any], word: str) -> None:
    with pytest.raises(rancher.ConfigError, match=word):
        rancher.Client(**options)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"a": float("nan")}, "JSON"),
        ({"a": {1, 2}}, "set"),
        ({"a": b"bytes"}, "bytes"),
        ({("a", "b"): 1}, "keys"),
    ],
)
def test_what_is_no_json_is_not_sent(client: rancher.Client, simulator: Simulator, value: Any, word: str) -> None:
    with pytest.raises(rancher.Invalid, match=word) as caught:
        client.projects.create(value)
    assert "nothing was sent" in str(caught.value)
    assert simulator.requests() == []


def test_evidence_and_notebooks(client: rancher.Client) -> None:
    with pytest.raises(rancher.NotFound) as caught:
        client.clusters.get("c-nope")
    error = caught.value
    lines = error.evidence().splitlines()
    assert lines[0] == str(error) and lines[1].startswith("kind: not_found") and "$RANCHER_TOKEN" in lines[-1]
    assert repr(error).startswith("<NotFound GET /v3/clusters/c-nope") and len(repr(error)) < 200
    assert "<b>NotFound</b>" in error._repr_html_()
    error.add_note("while looking for the cluster")
    assert error.__notes__


def test_faults_add_up_until_they_are_healed() -> None:
    with Simulator(faults=["GET /v3/users status:503"]) as simulator:
        client = simulator.client(retries=1)
        simulator.fault("GET /v3/settings status:503")
        simulator.fault("GET /v3/features status:503")
        for collection in (client.users, client.settings, client.features):
            with pytest.raises(rancher.Unavailable):
                collection.total()
        assert [entry["status"] for entry in simulator.journal()] == [503] * 3
        simulator.heal()
        assert client.users.total() and client.settings.total() and client.features.total()
        simulator.forget()
        assert simulator.journal() == simulator.requests() == []
