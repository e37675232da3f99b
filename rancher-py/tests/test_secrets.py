"""A token shows nowhere."""

from __future__ import annotations

import asyncio
import gc
import pickle
import traceback
from typing import Any

import pytest
import rancher
from conftest import Run
from rancher.testing import Simulator

CANARY = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry"
TOKEN = f"token-abcde:{CANARY}"


def told(error: BaseException) -> str:
    parts = [str(error), repr(error), "".join(traceback.format_exception(error)), repr(vars(error))]
    if isinstance(error, rancher.RancherError):
        parts += [error.evidence(), error._repr_html_(), repr(pickle.dumps(error))]
    return "\n".join(parts)


CALLS: list[Any] = [
    lambda client: client.clusters.get("c-prod1"),
    lambda client: client.projects.list().collect(),
    lambda client: client.projects.create({"name": "shop", "clusterId": "c-prod1"}),
    lambda client: client.request("GET", f"/v3/tokens/token-abcde?x={CANARY}"),
    lambda client: client.clusters.get(TOKEN),
    lambda client: client.cluster(TOKEN).version(),
    lambda client: client.collection(TOKEN).get("x"),
    lambda client: client.projects.update(TOKEN),
    lambda client: client.projects.create({"name": object(), "token": TOKEN}),
    lambda client: client.doctor(witness=f"{TOKEN} x"),
    lambda client: client.doctor(key_is_for=TOKEN),
]


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_no_error_shows_it(simulator: Simulator, call: Any) -> None:
    client = rancher.Client(simulator.url, token=TOKEN, ca_pem=simulator.ca_pem)
    with pytest.raises(rancher.RancherError) as caught:
        call(client)
    # the lines of this file are in the traceback, and hold no canary but by name
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"token": f"{TOKEN} {TOKEN}"},
        {"token": TOKEN, "ca_pem": TOKEN},
        {"token": TOKEN, "timeout": TOKEN},
        {"token": TOKEN, "cluster": f"c {TOKEN}"},
        {"access_key": "token-abcde", "secret_key": f"{CANARY}\n{CANARY}"},
        {"url": f"https://{TOKEN}@rancher.example.com"},
    ],
    ids=range(6),
)
def test_no_wrong_configuration_shows_it(options: dict[str, Any]) -> None:
    with pytest.raises(rancher.RancherError) as caught:
        rancher.Client(**{"url": "https://rancher.example.com", **options})
    assert CANARY not in told(caught.value)


def test_no_object_of_ours_shows_it(simulator: Simulator) -> None:
    client = rancher.Client(simulator.url, token=TOKEN, ca_pem=simulator.ca_pem)
    shown = [client, client.projects, client.projects.list(), client.cluster("c-prod1"), client._border.native]
    assert all(CANARY not in repr(thing) + str(thing) for thing in shown)
    assert repr(client) == f"<Client {simulator.url} token-abcde>"
    # no object that Python knows keeps it; what was given is the caller's
    del shown
    gc.collect()
    keepers = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, dict) and thing.get("token") == TOKEN and thing is not globals()
    ]
    assert keepers == []
    assert client


def test_an_awaited_error_does_not_show_it(simulator: Simulator) -> None:
    async def main() -> None:
        async with rancher.AsyncClient(simulator.url, token=TOKEN, ca_pem=simulator.ca_pem) as client:
            with pytest.raises(rancher.RancherError) as caught:
                await client.clusters.get("c-prod1")
            assert CANARY not in told(caught.value)
            assert CANARY not in repr(client)

    asyncio.run(main())


def test_the_command_line_does_not_repeat_it(run: Run) -> None:
    for arguments in ([TOKEN], ["doctor", TOKEN], ["doctor", "--timeout", TOKEN], ["doctor", "--" + CANARY]):
        done = run(f"import sys\nfrom rancher.__main__ import main\nsys.exit(main({arguments!r}))")
        assert done.returncode == 4 and done.stderr
        assert CANARY not in done.stdout + done.stderr
