"""What is told to `logging.getLogger("rancher")`."""

from __future__ import annotations

import logging

import pytest
import rancher
from conftest import Run
from rancher.testing import Simulator


def test_a_line_for_each_request(client: rancher.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rancher")
    client.clusters.get("c-prod1")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("rancher")]
    assert any("GET /v3/clusters/c-prod1 200" in line for line in lines), lines
    caplog.clear()
    caplog.set_level(logging.WARNING, "rancher")
    client.clusters.get("c-prod1")
    assert [record for record in caplog.records if record.name.startswith("rancher")] == []


def test_no_secret_at_any_level(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1, "rancher")
    secret = simulator.tokens["admin-unscoped"].partition(":")[2]
    with simulator.client() as client:
        client.clusters.get("c-prod1")
        with pytest.raises(rancher.NotFound):
            client.clusters.get("c-nope")
    assert caplog.records and secret not in caplog.text


def test_the_thread_that_called_tells_it(client: rancher.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rancher")
    client.clusters.get("c-prod1")
    ours = [record for record in caplog.records if record.name.startswith("rancher")]
    assert ours and {record.threadName for record in ours} == {"MainThread"}


def test_nothing_is_printed_where_nothing_is_configured(run: Run) -> None:
    done = run(
        """
import sys
client.version()
assert "logging" not in sys.modules
import logging
try:
    client.clusters.get("c-nope")
except rancher.NotFound:
    pass
assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("rancher").handlers)
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
