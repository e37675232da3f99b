"""The scenarios that every language runs, by clients of both classes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
import rancher
from rancher.testing import Simulator
from scenario import OPERATIONS, Run, Wrong, files, misfit, scenarios

CLIENTS = [rancher.Client, rancher.AsyncClient]
NAMES = [(file, scenario["name"]) for file in files() for scenario in scenarios(file) if file != "errors"]


def at_once(work: Coroutine[Any, Any, int]) -> int:
    """What it comes to if nothing in it waits: calls of the plain client need no loop."""
    try:
        work.send(None)
    except StopIteration as done:
        return int(done.value)
    work.close()
    raise AssertionError("a call of the plain client has to be awaited")


def done(scenario: dict[str, Any], cls: type[Any]) -> int:
    """How many rows of the errors table it has."""
    with Simulator(seed=7, nodes=scenario.get("nodes")) as simulator:
        work = Run(scenario, cls, simulator).run()
        return at_once(work) if cls is rancher.Client else asyncio.run(asyncio.wait_for(work, 120))


@pytest.mark.parametrize("cls", CLIENTS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize(("file", "name"), NAMES, ids=lambda part: part)
def test_scenario(file: str, name: str, cls: type[Any]) -> None:
    done(next(scenario for scenario in scenarios(file) if scenario["name"] == name), cls)


@pytest.mark.parametrize("cls", CLIENTS, ids=lambda cls: cls.__name__)
def test_errors_table(cls: type[Any], capsys: pytest.CaptureFixture[str]) -> None:
    meant, told, wrong = 0, 0, []
    for scenario in scenarios("errors"):
        meant += sum("row" in step for step in scenario["steps"])
        try:
            told += done(scenario, cls)
        except Wrong as error:
            wrong.append(str(error))
    with capsys.disabled():
        print(f"\nerrors table: {told} of {meant} answers told as meant in python ({cls.__name__})")
    assert not wrong, "\n\n".join(wrong)
    assert told == meant


def test_every_operation_is_called() -> None:
    steps = [step for file in files() for scenario in scenarios(file) for step in scenario["steps"]]
    assert OPERATIONS.keys() <= {step.get("operation") for step in steps}


def test_what_does_not_fit_is_told() -> None:
    found = {"id": "a", "n": 3, "list": ["x", "y"], "text": "hello", "none": None, "yes": True}
    good: list[dict[str, Any]] = [
        {"id": "a", "list": ["x", "y"]},
        {"list": {"$contains": "y"}, "text": {"$contains": "ell"}},
        {"list": {"$unordered": ["y", "x"]}, "n": {"$at_least": 3, "$at_most": 3}},
        {"none": {"$absent": True}, "gone": {"$absent": True}, "id": {"$any": True, "$not": "b"}},
    ]
    bad: list[dict[str, Any]] = [
        {"id": "b"},
        {"other": 1},
        {"list": ["x"]},
        {"list": {"$unordered": ["x", "x"]}},
        {"list": {"$contains": "z"}},
        {"n": {"$at_least": 4}},
        {"gone": {"$at_least": 0}},
        {"none": {"$any": True}},
        {"id": {"$not": "a"}},
        {"yes": 1},
    ]
    assert [misfit(one, found) for one in good] == [None] * len(good)
    assert all(misfit(one, found) for one in bad)
