"""What a client is opened with, and what it says of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import rancher

if TYPE_CHECKING:
    from rancher.testing import Simulator

URL = "https://rancher.example.com"
TOKEN = "token-abc12:s3cr3ts3cr3ts3cr3t"


def test_the_keywords_of_the_old_client() -> None:
    for url in (URL, f"{URL}/v3", f"{URL}/"):
        client = rancher.Client(url=url, access_key="token-abc12", secret_key="s3cr3ts3cr3ts3cr3t", verify=True)
        assert (client.url.rstrip("/"), client.describe()["credential"]) == (URL, "token-abc12")


def test_what_is_said_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANCHER_INSECURE", "true")
    monkeypatch.setenv("RANCHER_CLUSTER_ID", "c-prod1")
    trust = {verify: rancher.Client(URL, token=TOKEN, verify=verify).describe()["trust"] for verify in (None, True, False)}
    assert trust[None] == trust[False] != trust[True]
    assert rancher.Client(URL, token=TOKEN).cluster_id == "c-prod1"


@pytest.mark.parametrize("name", ["token", "cluster", "verify", "ca_pem"])
def test_an_empty_option_is_not_whatever_lies_around(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANCHER_TOKEN", TOKEN)
    for blank in ("", " ", "\n"):
        with pytest.raises(rancher.ConfigError, match=f"{name} is empty"):
            rancher.Client(**{"url": URL, name: blank})


@pytest.mark.parametrize("name", ["url", "token", "secret_key", "verify", "timeout", "cluster"])
def test_what_is_no_json_is_named_and_not_shown(name: str) -> None:
    with pytest.raises(rancher.ConfigError, match=f"the option {name} is not what it must be: bytes") as caught:
        rancher.Client(**{"url": URL, "token": TOKEN, name: b"s3cr3t"})
    assert caught.value.field == name and "s3cr3t" not in str(caught.value)


def test_of_ten_arguments_the_wrong_one_is_named() -> None:
    client = rancher.Client(URL, token=TOKEN)
    calls = {
        "id": lambda: client.projects.get(b"s3cr3t"),  # type: ignore[arg-type]
        "where": lambda: client.projects.list(cluster="c-1", where={"name": b"s3cr3t"}).first(),
        "cluster": lambda: client.cluster(b"s3cr3t").version(),  # type: ignore[arg-type]
        "namespace": lambda: client.cluster("c-1").resource("pods", namespace=b"s3cr3t").get("x"),  # type: ignore[arg-type]
        "timeout": lambda: client.version(timeout=float("nan")),
        "object": lambda: client.projects.create({"name": {1, 2}}),  # type: ignore[typeddict-item]
    }
    for name, call in calls.items():
        with pytest.raises(rancher.Invalid, match=f": nothing was sent: {name}: ") as caught:
            call()
        assert caught.value.field == name and "s3cr3t" not in str(caught.value)


def test_what_it_goes_by_is_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANCHER_URL", URL)
    monkeypatch.setenv("RANCHER_TOKEN", TOKEN)
    for client in (rancher.Client(), rancher.AsyncClient()):
        about = client.describe()
        assert about["credential"] == "token-abc12"
        assert "RANCHER_TOKEN" in str(about["discovery"])
        assert "s3cr3t" not in str(about)


def test_a_closed_client_says_so(simulator: Simulator) -> None:
    client = simulator.client()
    assert client.version()["version"]
    client.close()
    client.close()
    with pytest.raises(rancher.Cancelled, match="closed"):
        client.version()
    assert client.describe()["url"].rstrip("/") == simulator.url
