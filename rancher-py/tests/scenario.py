"""The scenarios of `tests/scenarios`, done by calling the facade by its names."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from inspect import isawaitable
from pathlib import Path
from typing import Any

import rancher
from rancher.testing import Simulator

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "scenarios"
TABLE: dict[str, Any] = json.loads((ROOT / "rancher-client/bridge/operations.json").read_text())
OPERATIONS: dict[str, Any] = {operation["name"]: operation for operation in TABLE["operations"]}


class Wrong(AssertionError):
    """Something is not as the scenario says."""


def scenarios(file: str) -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / f"{file}.json").read_text())["scenarios"])


def files() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


class Outcome:
    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.kept: Any = None
        self.many = False
        self.pages = 0
        self.records: list[Any] | None = None
        self.value: Any = None
        self.response: dict[str, Any] | None = None
        self.altered: list[str] | None = None
        self.created: bool | None = None
        self.gone: bool | None = None
        self.events: list[Any] = []
        self.edits = 0
        self.error: rancher.RancherError | None = None


class Run:
    """One scenario, on a simulator of its own, by clients of one class."""

    def __init__(self, scenario: dict[str, Any], cls: type[Any], simulator: Simulator) -> None:
        self.scenario = scenario
        self.cls = cls
        self.simulator = simulator
        self.credential = scenario.get("credential", "admin-unscoped")
        self.clients: list[tuple[Any, Any]] = []
        self.saved: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.rows = 0

    async def run(self) -> int:
        self.agents(self.scenario.get("agents", {}))
        for number, step in enumerate(self.scenario["steps"], 1):
            try:
                await self.step(step)
            except Wrong as wrong:
                what = step.get("operation", "open")
                raise Wrong(f"{self.scenario['name']}: step {number} ({what}): {wrong}") from None
        for _, client in self.clients:
            client.close() if isinstance(client, rancher.Client) else await client.aclose()
        return self.rows

    def agents(self, agents: dict[str, str]) -> None:
        if agents:
            self.simulator.agents(**agents)

    async def step(self, step: dict[str, Any]) -> None:
        self.credential = step.get("credential", self.credential)
        self.agents(step.get("agents", {}))
        if "faults" in step:
            self.simulator.heal()
            self.simulator.fault(*self.fill(step["faults"]))
        self.simulator.forget()
        outcome = Outcome()
        began = time.monotonic()
        try:
            if "open" in step:
                outcome.value = self.cls(**self.fill(step["open"]))._about()
            else:
                await self.call(step, outcome)
        except rancher.RancherError as error:
            outcome.error = error
        took = time.monotonic() - began
        expect = step.get("expect", {})
        self.check(expect, outcome)
        if took > expect.get("within", took):
            raise Wrong(f"it took {took:.1f} s")
        if "requests" in expect:
            self.check_requests(expect["requests"])
        self.remember(step, outcome)

    def client(self) -> Any:
        for credential, client in self.clients:
            if credential == self.credential:
                return client
        options = {"url": self.simulator.url, "ca_pem": self.simulator.ca_pem, **self.fill(self.scenario.get("options", {}))}
        if self.credential == "anonymous":
            options["anonymous"] = True
        elif isinstance(self.credential, str):
            options["token"] = self.simulator.tokens[self.credential]
        else:
            options["token"] = self.fill(self.credential["token"])
        client = self.cls(**options)
        self.clients.append((self.credential, client))
        return client

    def called_on(self, group: str, target: dict[str, Any]) -> Any:
        """The part of the client that has the methods of a group; by the shortest way there is."""
        client = self.client()
        rest = dict(target)
        if group == "Client":
            return client
        if group == "Collection":
            name = rest.pop("collection")
            nouns = nouns_of(client)
            if not rest and name in nouns:
                return getattr(client, nouns[name])
            if "cluster" in rest and name not in nouns and "project" not in rest:
                return client.cluster(rest.pop("cluster")).collection(name, **rest)
            return client.collection(name, **rest)
        part = client
        for child in way("Client", group, {}, target) or []:
            if not (child["arguments"] or child["options"]):
                part = getattr(part, child["method"])
                continue
            given = [target[target_of(argument)] for argument in child["arguments"]]
            options = {name_of(option): target[target_of(option)] for option in child["options"] if target_of(option) in target}
            part = getattr(part, child["method"])(*given, **options)
        return part

    async def call(self, step: dict[str, Any], outcome: Outcome) -> None:
        stated = OPERATIONS[step["operation"]]
        given = self.fill(step.get("arguments", {}))
        change = self.fill(step.get("change", {}))
        subject = given.get("object")
        if isinstance(subject, dict) and "$kept" in subject:
            given["object"] = self.kept[subject["$kept"]]
            if stated["method"] in ("update", "update_status"):
                patch(given["object"].raw, change)
        positional = [given.pop(argument["name"]) for argument in stated["arguments"]]
        if stated["returns"] == "edit":

            def changed(object: Any) -> None:
                outcome.edits += 1
                patch(object.raw, change)

            positional.append(changed)
        if kind_of(stated).startswith("wait"):
            given["on_progress"] = outcome.events.append
        method = getattr(self.called_on(stated["group"], self.fill(step.get("target", {}))), stated["method"])
        result = method(*positional, **given)
        if isawaitable(result):
            result = await result
        await self.take(kind_of(stated), result, outcome, step.get("take"))

    async def take(self, returns: str, result: Any, outcome: Outcome, most: int | None) -> None:
        items: list[Any]
        if returns in ("events", "lines"):
            items = []
            if most is None:
                items = [item async for item in steps(result)]
            else:
                await some(result, items, most)
            outcome.value = [told(item) for item in items]
        elif returns == "objects":
            outcome.many = True
            items = []
            if most is not None:
                await some(result, items, most)
            else:
                async for page in steps(result.pages()):
                    outcome.pages += 1
                    items.extend(page)
            if type(result).__name__.endswith("RecordList"):
                outcome.records = items
            else:
                outcome.objects = [item.raw for item in items]
                outcome.kept = items[0] if items else None
        elif returns == "Response":
            try:
                body = result.json()
            except Exception:
                body = result.raw.decode()
            outcome.response = {"status": result.status, "headers": result.headers, "body": body}
        elif returns == "ensured":
            outcome.created, outcome.altered = result.created, list(result.altered)
            self.one(result.object, outcome)
        elif returns == "deleted":
            outcome.gone = result.gone
            self.one(result.object, outcome)
        elif isinstance(result, rancher.Object):
            outcome.altered = list(result.altered)
            self.one(result, outcome)
        elif returns.startswith("object") or returns in ("wait", "wait gone"):
            self.one(result, outcome)
        else:
            outcome.value = revealed(result)

    def one(self, object: Any, outcome: Outcome) -> None:
        if object is not None:
            outcome.objects, outcome.kept = [object.raw], object

    def check(self, expect: dict[str, Any], outcome: Outcome) -> None:
        error = outcome.error
        if error is not None:
            self.no_secret(error)
            if "error" not in expect:
                raise Wrong(f"it failed: {error.evidence()}")
            for name, expected in self.fill(expect["error"]).items():
                found = str(error) if name == "text" else getattr(error, name)
                fits(f"error.{name}", expected, list(found) if isinstance(found, tuple) else found)
            if type(error).__name__ != expect.get("python", type(error).__name__):
                raise Wrong(f"it is a {type(error).__name__}, not a {expect['python']}")
            return
        if "error" in expect:
            raise Wrong("it went well, and must fail")
        first = outcome.objects[0] if outcome.objects else None
        if expect.get("nothing") and first is not None:
            raise Wrong(f"an object came: {first}")
        for name, expected in self.fill(expect).items():
            if name == "objects":
                self.check_objects(expected, outcome)
            elif name == "object":
                fits(name, expected, first)
            elif name == "events":
                for event in expected:
                    fits(name, {"$contains": event}, outcome.events)
            elif name not in ("requests", "within", "nothing"):
                fits(name, expected, getattr(outcome, name))

    def check_objects(self, expected: dict[str, Any], outcome: Outcome) -> None:
        found = outcome.objects
        for name, value in expected.items():
            if name == "count":
                fits("objects.count", value, len(found))
            elif name == "ids":
                fits("objects.ids", value, [object.get("id") for object in found])
            elif name == "pages":
                fits("objects.pages", value, outcome.pages)
            elif name == "every":
                for object in found:
                    fits("objects.every", value, object)
            else:
                for some in value:
                    fits("objects.some", {"$contains": some}, found)

    def check_requests(self, expected: int | list[str]) -> None:
        found = [f"{entry['method']} {entry['target']}" for entry in self.simulator.requests()]
        if isinstance(expected, int):
            good = expected == len(found)
        else:
            good = len(expected) == len(found) and all(map(is_request, self.fill(expected), found))
        if not good:
            raise Wrong(f"requests: expected {expected}, found {found}")

    def no_secret(self, error: rancher.RancherError) -> None:
        shown = f"{error} {error!r} {error.evidence()} {vars(error)}"
        for label, token in self.simulator.tokens.items():
            if token.partition(":")[2] or token:
                secret = token.partition(":")[2] or token
                if secret in shown:
                    raise Wrong(f"the error shows the token {label}")

    def remember(self, step: dict[str, Any], outcome: Outcome) -> None:
        if outcome.records is not None:
            whole = outcome.records
        elif outcome.many:
            whole = outcome.objects
        elif outcome.response is not None:
            whole = outcome.response  # type: ignore[assignment]
        else:
            whole = outcome.objects[0] if outcome.objects else outcome.value
        for name, pointer in step.get("save", {}).items():
            value: Any = whole
            for part in pointer.split("/")[1:]:
                value = value[int(part)] if isinstance(value, list) else value[part]
            self.saved[name] = value
        if "keep" in step:
            self.kept[step["keep"]] = outcome.kept
        self.rows += "row" in step

    def fill(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        return value

    def text(self, text: str) -> Any:
        if text.startswith("{saved:") and text.index("}") == len(text) - 1:
            return self.saved[text[7:-1]]
        out, rest = "", text
        while "{" in rest:
            before, _, rest = rest.partition("{")
            place, _, after = rest.partition("}")
            value = self.named(place)
            if value is None:
                out += before + "{"
            else:
                out, rest = out + before + str(value), after
        return out + rest

    def named(self, place: str) -> Any:
        what, _, name = place.partition(":")
        simulator = self.simulator
        places: dict[str, Callable[[], Any]] = {
            "url": lambda: simulator.url,
            "cluster": lambda: simulator.clusters[name],
            "project": lambda: simulator.projects[name],
            "user": lambda: simulator.users[name]["id"],
            "username": lambda: simulator.users[name]["username"],
            "password": lambda: simulator.users[name]["password"],
            "token": lambda: simulator.tokens[name],
            "key": lambda: simulator.tokens[name].partition(":")[0],
            "saved": lambda: self.saved[name],
        }
        return places[what]() if what in places else None


def revealed(value: Any) -> Any:
    """A value with the texts of its secrets."""
    if isinstance(value, rancher.Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {name: revealed(part) for name, part in value.items()}
    return [revealed(part) for part in value] if isinstance(value, list) else value


def kind_of(operation: dict[str, Any]) -> str:
    """What comes back, without saying of which type."""
    return str(operation["returns"]).removeprefix("any ")


def target_of(part: Any) -> str:
    return str(part if isinstance(part, str) else part["target"])


def name_of(part: Any) -> str:
    return str(part if isinstance(part, str) else part["name"])


def way(here: str, group: str, known: dict[str, Any], target: dict[str, Any]) -> list[dict[str, Any]] | None:
    """How to come to a group with this target: what hands out what. Nothing if there is no way."""
    if here == group and known == target:
        return []
    for child in TABLE["groups"][here].get("children", []):
        child = {"arguments": [], "options": [], "inherits": [], **child}
        needed = [target_of(part) for part in child["arguments"]]
        taken = needed + [part for part in map(target_of, child["options"]) if part in target]
        if child["group"] == here or any(part not in target for part in needed):
            continue
        next = {**{part: known[part] for part in child["inherits"] if part in known}, **{part: target[part] for part in taken}}
        rest = way(child["group"], group, next, target)
        if rest is not None:
            return [child, *rest]
    return None


def told(item: Any) -> dict[str, Any]:
    """What a watch or a log told, by the names of the scenarios."""
    if isinstance(item, rancher.LogLine):
        return {"text": str(item), "timestamp": item.timestamp, "whole": item.whole}
    names = ("type", "id", "uid", "revision", "dropped", "attempts", "total", "because")
    fields = {name: getattr(item, name) for name in names if getattr(item, name) is not None}
    return fields if item.object is None else {**fields, "object": item.object.raw}


def nouns_of(client: Any) -> dict[str, str]:
    """The collections that have a word of their own, and the word."""
    words = [name for name in dir(type(client)) if isinstance(getattr(type(client), name, None), property)]
    parts = {name: getattr(client, name) for name in words}
    return {part._target["collection"]: name for name, part in parts.items() if "collection" in getattr(part, "_target", ())}


async def some(result: Any, items: list[Any], most: int) -> None:
    """The first of a list, which is left then."""
    if hasattr(result, "__aiter__"):
        async with aclosing(result.__aiter__()) as walk:
            async for item in walk:
                items.append(item)
                if len(items) == most:
                    return
    else:
        with closing(iter(result)) as walk:
            for item in walk:
                items.append(item)
                if len(items) == most:
                    return


async def steps(walk: Iterator[Any] | AsyncIterator[Any]) -> AsyncIterator[Any]:
    if isinstance(walk, AsyncIterator):
        async for one in walk:
            yield one
    else:
        for one in walk:
            yield one


def patch(value: dict[str, Any], change: dict[str, Any]) -> None:
    """A merge patch, as RFC 7396 has it, in place."""
    for key, new in change.items():
        if new is None:
            value.pop(key, None)
        elif isinstance(new, dict):
            if not isinstance(value.get(key), dict):
                value[key] = {}
            patch(value[key], new)
        else:
            value[key] = new


def is_request(expected: str, found: str) -> bool:
    """The same method and path, and every pair of the query that is expected."""
    path, _, pairs = expected.partition("?")
    found, _, found_pairs = found.partition("?")
    return path == found and set(filter(None, pairs.split("&"))) <= set(found_pairs.split("&"))


def fits(what: str, expected: Any, found: Any) -> None:
    why = misfit(expected, found)
    if why:
        raise Wrong(f"{what}{why}")


def misfit(expected: Any, found: Any, path: str = "") -> str | None:
    """Why it does not fit, with the path of the place; nothing if it fits."""
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        for name, wanted in expected.items():
            if not MATCHERS[name](wanted, found):
                return f"{path}: expected {{{name}: {wanted!r}}}, found {found!r}"
        return None
    if isinstance(expected, dict) and isinstance(found, dict):
        return first(misfit(value, found.get(key), f"{path}/{key}") for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return first(misfit(one, other, f"{path}/{at}") for at, (one, other) in enumerate(zip(expected, found)))
    same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return None if same else f"{path}: expected {expected!r}, found {found!r}"


def first(reasons: Iterator[str | None]) -> str | None:
    return next((why for why in reasons if why), None)


def number(found: Any) -> float:
    if isinstance(found, list):
        return len(found)
    return found if isinstance(found, (int, float)) else float("nan")


def contains(wanted: Any, found: Any) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    return isinstance(found, list) and any(misfit(wanted, item) is None for item in found)


def unordered(wanted: list[Any], found: Any) -> bool:
    left = list(found) if isinstance(found, list) else []
    for one in wanted:
        place = next((at for at, item in enumerate(left) if misfit(one, item) is None), None)
        if place is None:
            return False
        left.pop(place)
    return not left and isinstance(found, list)


MATCHERS: dict[str, Callable[[Any, Any], bool]] = {
    "$contains": contains,
    "$not": lambda wanted, found: misfit(wanted, found) is not None,
    "$absent": lambda _, found: found is None,
    "$any": lambda _, found: found is not None,
    "$at_least": lambda wanted, found: number(found) >= wanted,
    "$at_most": lambda wanted, found: number(found) <= wanted,
    "$unordered": unordered,
}
