"""The way to the native half: options become JSON here, and what was logged meanwhile is handed on."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any

from rancher import _log, _native
from rancher.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rancher._native import Answer
    from rancher._objects import Original

__all__ = ["Border", "Steps", "as_json", "encoded"]


class Border:
    """A client behind the border, with Python's types before it."""

    __slots__ = ("native",)

    def __init__(self, options: dict[str, Any]) -> None:
        with _log.handed_on():
            self.native = _native.Bridge(encoded("the client", options))

    def call(self, operation: str, input: dict[str, Any], original: Original | None = None) -> Answer:
        """The answer of an operation."""
        given = encoded(operation, input)
        with _log.handed_on():
            return self.native.call(operation, given, original)

    async def call_async(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Answer:
        """The answer of an operation, awaited."""
        given = encoded(operation, input)
        with _log.handed_on():
            return await self.native.call_async(operation, given, original)

    def begin(self, operation: str, input: dict[str, Any], original: Original | None = None) -> Steps:
        """The answers of an operation, one after another."""
        return Steps(self.native.begin(operation, encoded(operation, input), original))

    def answers(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Iterator[Answer]:
        """The answers of an operation that asks nothing back."""
        with self.begin(operation, input, original) as steps:
            while (answer := steps.next()) is not None:
                yield answer

    async def answers_async(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> AsyncIterator[Answer]:
        """The answers of an operation that asks nothing back, awaited."""
        with self.begin(operation, input, original) as steps:
            while (answer := await steps.next_async()) is not None:
                yield answer


class Steps:
    """The answers of an operation; leaving them stops it."""

    __slots__ = ("_stream",)

    def __init__(self, stream: _native.Stream) -> None:
        self._stream = stream

    def next(self, reply: str | None = None) -> Answer | None:
        """The next answer; nothing after the last."""
        with _log.handed_on():
            return self._stream.next(reply)

    async def next_async(self, reply: str | None = None) -> Answer | None:
        """The next answer, awaited."""
        with _log.handed_on():
            return await self._stream.next_async(reply)

    def counts(self) -> Any:
        """What was counted so far; nothing of what counts nothing."""
        return self._stream.counts()

    def stop(self) -> None:
        """Ends them."""
        self._stream.stop()

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.stop()


def encoded(operation: str, options: dict[str, Any]) -> str:
    """The JSON of the options of an operation. `None` is the same as an option that is not given."""
    return as_json(operation, {name: part for name, part in options.items() if part is not None})


def as_json(operation: str, value: object) -> str:
    """The JSON of a value."""
    from json import dumps

    try:
        text = dumps(value, allow_nan=False, default=_plain, separators=(",", ":"))
        _check_names(value)
        return text
    except (TypeError, ValueError, RecursionError) as error:
        summary = f"nothing was sent: {operation} does not take this: {error}"
        raise Invalid(summary, operation=operation, summary=summary) from None


def _check_names(value: object) -> None:
    """Refuses names of fields that are no text. `json` writes some of them as other words: `None` as `"null"`."""
    left: list[Any] = [value]
    seen: set[int] = set()
    while left:
        inner = part = left.pop()
        if id(part) in seen or not isinstance(part, (dict, list, tuple)):
            continue
        # it may hold itself, which `json` says better
        seen.add(id(inner))
        if isinstance(part, dict):
            for name in inner:
                if not isinstance(name, str):
                    raise TypeError(f"the name of a field is text, not a {type(name).__name__}")
            inner = inner.values()
        left.extend(inner)


def _plain(value: object) -> object:
    from collections.abc import Mapping
    from datetime import timedelta
    from os import PathLike, fsdecode

    from rancher._objects import Object

    if isinstance(value, timedelta):
        return value.total_seconds()
    given: Any = value
    if isinstance(value, (Object, Mapping)):
        fields = given.raw if isinstance(value, Object) else {**given}
        _check_names(fields)
        return fields
    if isinstance(value, PathLike):
        return fsdecode(given)
    # never the value: it can be a secret in the wrong place
    raise TypeError(f"a {type(value).__name__} is no JSON")
