"""The way to the native half: options become JSON here, and what was logged meanwhile is handed on."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any

from rancher import _log, _native
from rancher.errors import ConfigError, Invalid

if TYPE_CHECKING:
    from rancher._native import Answer
    from rancher._objects import Original

__all__ = ["Border", "Steps", "as_json", "encoded"]


class Border:
    """A client behind the border, with Python's types before it."""

    __slots__ = ("native",)

    native: _native.Bridge

    def __init__(self, options: dict[str, Any]) -> None:
        try:
            given = _dumped(options)
        except _NO_JSON as error:
            name, why = _culprit(options, error)
            summary = f"the option {name} is not what it must be: {why}"
            raise ConfigError(summary, summary=summary, field=name) from None
        with _log.handed_on():
            self.native = _native.Bridge(given)

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
    given = {name: part for name, part in options.items() if part is not None}
    try:
        return _dumped(given)
    except _NO_JSON as error:
        name, why = _culprit({**given.pop("target", {}), **given}, error)
        raise _no_json(operation, name, why) from None


def as_json(operation: str, value: object) -> str:
    """The JSON of an object as it was changed."""
    try:
        return _dumped(value)
    except _NO_JSON as error:
        raise _no_json(operation, "object", str(error)) from None


_NO_JSON = (TypeError, ValueError, RecursionError)


def _dumped(value: object) -> str:
    from json import dumps

    text = dumps(value, allow_nan=False, default=_plain, separators=(",", ":"))
    _check_names(value)
    return text


def _culprit(options: dict[str, Any], error: Exception) -> tuple[str | None, str]:
    """Which of the options it is, and what is wrong with it: whoever gave ten wants to know."""
    for name, part in options.items():
        try:
            _dumped(part)
        except _NO_JSON as its:
            return name, str(its)
    return None, str(error)


def _no_json(operation: str, name: str | None, why: str) -> Invalid:
    summary = f"nothing was sent: {name}: {why}" if name else f"nothing was sent: {why}"
    return Invalid(f"{operation}: {summary}", operation=operation, summary=summary, field=name)


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
    name = type(value).__name__
    advice = "; decode it to text" if name in ("bytes", "bytearray", "memoryview") else ""
    raise TypeError(f"{name} is no type of JSON{advice}")
