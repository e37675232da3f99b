"""Sessions: what closing a client ends on the server, and what their secrets show."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import time

import pytest

import rancher
from rancher.testing import Simulator


def opened(simulator: Simulator, cls: type = rancher.Client, **options: object):
    return cls(url=simulator.url, ca_pem=simulator.ca_pem, anonymous=True, **options)


def logouts(simulator: Simulator) -> int:
    return sum("action=logout" in entry["target"] for entry in simulator.journal())


def user(simulator: Simulator) -> tuple[str, str]:
    return simulator.users["member"]["username"], simulator.users["member"]["password"]


def test_leaving_with_ends_the_session_where_the_login_asked_for_it() -> None:
    with Simulator() as simulator:
        with opened(simulator) as client:
            client.login(*user(simulator))
            assert client.describe()["credential"].startswith("token-")
        assert logouts(simulator) == 0
        with opened(simulator) as client:
            client.login(*user(simulator), revoke_on_close=True)
            client.clusters.total()
        assert logouts(simulator) == 1
        client.close()
        assert logouts(simulator) == 1, "closing twice ends nothing twice"
        with pytest.raises(rancher.Cancelled):
            client.clusters.total()


def test_a_login_with_a_deadline_makes_a_session_that_ends_later() -> None:
    with Simulator() as simulator:
        client = opened(simulator)
        client.login(*user(simulator), timeout=3, revoke_on_close=True)
        time.sleep(3.2)
        client.close()
        assert logouts(simulator) == 1


def test_what_a_server_sends_is_no_secret_for_its_key() -> None:
    from rancher._secret import Secret, unsealed

    assert unsealed({"a": {"$secret": "x", "user": "y"}}) == {"a": {"$secret": "x", "user": "y"}}
    assert isinstance(unsealed({"$secret": "x"}), Secret)


def test_an_async_client_does_the_same() -> None:
    async def run(simulator: Simulator) -> None:
        async with opened(simulator, rancher.AsyncClient) as client:
            await client.login(*user(simulator), revoke_on_close=True)
            assert await client.clusters.total() > 0

    with Simulator() as simulator:
        asyncio.run(run(simulator))
        assert logouts(simulator) == 1


def test_a_session_that_could_not_be_ended_is_an_error() -> None:
    with Simulator() as simulator:
        client = opened(simulator)
        client.login(*user(simulator), revoke_on_close=True)
        simulator.fault("POST /v3/tokens status:500")
        with pytest.raises(rancher.RancherError, match="may go on") as failed:
            client.close()
        assert failed.value.operation == "logout"
        with pytest.raises(rancher.Cancelled):
            client.clusters.total()
        simulator.heal()
        before = logouts(simulator)
        client.close()
        assert logouts(simulator) == before + 1, "closing again tries again"
        client.close()
        assert logouts(simulator) == before + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_its_parent_s_session_alone() -> None:
    with Simulator() as simulator:
        client = opened(simulator)
        client.login(*user(simulator), revoke_on_close=True)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                # it goes by the session, too, and closing it ends nothing
                status = 0 if client.clusters.total() > 0 else 2
                client.close()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert logouts(simulator) == 0
        assert client.clusters.total() > 0
        client.close()
        assert logouts(simulator) == 1


def test_secrets_have_to_be_asked_for() -> None:
    with Simulator() as simulator, rancher.Client(
        url=simulator.url, ca_pem=simulator.ca_pem, token=simulator.tokens["standard-unscoped"]
    ) as client:
        made = client.ext.tokens.create(ttl=3600)
        secret = made["bearer"].reveal()
        assert secret.startswith("ext/token-")
        assert secret.partition(":")[2] not in f"{made} {made!r} {made['bearer']} {[made['bearer']]}"
        assert made["token"]["ttl"] == 3600
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(made)
        assert copy.deepcopy(made) == made
        names = [token["name"] for token in client.ext.tokens.list()]
        assert made["token"]["name"] in names
