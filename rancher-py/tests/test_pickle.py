"""What crosses to another process, and what does not."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import rancher
from rancher.testing import Simulator


def test_a_client_with_a_credential_is_not_pickled(client: rancher.Client, simulator: Simulator) -> None:
    with pytest.raises(TypeError, match="cannot pickle a Client") as caught:
        pickle.dumps(client)
    assert simulator.tokens["admin-unscoped"].partition(":")[2] not in str(caught.value)
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(client.projects)
    assert copy.copy(client) is client and copy.deepcopy(client) is client
    held = copy.deepcopy({"projects": client.projects, "cluster": client.cluster("c-prod1")})
    assert held["projects"].total() > 0 and repr(held["cluster"]) == "<Cluster cluster='c-prod1'>"


def test_a_client_of_the_environment_is_opened_anew(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANCHER_URL", simulator.url)
    monkeypatch.setenv("RANCHER_TOKEN", simulator.tokens["admin-unscoped"])
    monkeypatch.setenv("RANCHER_CA_CERTS", simulator.ca_pem)
    client = rancher.Client(cluster="c-prod1", timeout=30)
    pickled = pickle.dumps(client)
    assert simulator.tokens["admin-unscoped"].partition(":")[2].encode() not in pickled
    again = pickle.loads(pickled)
    assert repr(again) == repr(client) and again.cluster_id == "c-prod1" and again.version()
    monkeypatch.delenv("RANCHER_TOKEN")
    with pytest.raises(rancher.ConfigError):
        pickle.loads(pickled)


def test_a_client_that_logged_in_is_not_opened_anew_as_somebody_else(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANCHER_URL", simulator.url)
    monkeypatch.setenv("RANCHER_TOKEN", simulator.tokens["admin-unscoped"])
    monkeypatch.setenv("RANCHER_CA_CERTS", simulator.ca_pem)
    client = rancher.Client()
    assert not client.describe()["replaced"] and pickle.dumps(client)
    user = simulator.users["standard"]
    client.login(user["username"], user["password"])
    assert client.describe()["replaced"]
    with pytest.raises(TypeError, match="cannot pickle a Client"):
        pickle.dumps(client)
    client.logout()
    with pytest.raises(TypeError, match="cannot pickle a Client"):
        pickle.dumps(client)


def test_an_error_crosses_whole(client: rancher.Client) -> None:
    with pytest.raises(rancher.NotFound) as caught:
        client.clusters.get("c-nope")
    error = caught.value
    error.add_note("kept")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is rancher.NotFound and str(again) == str(error) and again.evidence() == error.evidence()
    assert vars(again).keys() >= {"status", "code", "path"} and again.status == 404
    assert again.__notes__ == ["kept"]


def test_errors_of_ones_own_making() -> None:
    error = rancher.RancherTimeout("too late", status=504, causes=["agent_gone"])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status, again.causes, again.kind) == ("too late", 504, ("agent_gone",), "timeout")
    assert isinstance(again, TimeoutError)


SECRET = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry"


@pytest.mark.parametrize(
    "given",
    [
        {"token": f"token-abcde:{SECRET}"},
        {"access_key": "token-abcde", "secret_key": SECRET},
        {"anonymous": True, "proxy": f"http://shop:{SECRET}@127.0.0.1:9"},
    ],
    ids=["token", "secret_key", "proxy"],
)
def test_no_secret_of_any_form_is_pickled(given: dict[str, Any]) -> None:
    client = rancher.Client("https://rancher.example.com", **given)
    with pytest.raises(TypeError, match="cannot pickle a Client"):
        pickle.dumps(client)
    assert SECRET not in repr(client._options)


def test_what_the_server_altered_crosses() -> None:
    read: rancher.Object[Any] = rancher.Object(b'{"id": "c-prod1:p-x"}', ("description",))
    assert pickle.loads(pickle.dumps(read)).altered == ("description",)
