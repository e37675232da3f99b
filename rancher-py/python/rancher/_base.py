"""What the generated classes are made of: one method for each sort of result."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any, TypeVar, cast

from rancher._border import as_json
from rancher._flows import AsyncLogLines, AsyncWatch, LogLines, Watch
from rancher._objects import (
    AsyncObjectList,
    AsyncRecordList,
    Deleted,
    Ensured,
    Object,
    ObjectList,
    RecordList,
    Response,
)
from rancher._secret import unsealed
from rancher.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from rancher._border import Border
    from rancher._native import Answer
    from rancher._objects import Original

__all__ = ["AsyncCalls", "Calls", "SyncCalls"]

C = TypeVar("C", bound="Calls")


class Calls:
    """Calls of one client on one target."""

    __slots__ = ("_border", "_target")

    def __init__(self, border: Border, target: dict[str, Any]) -> None:
        self._border = border
        self._target = {name: part for name, part in target.items() if part is not None}

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={part!r}" for name, part in self._target.items())
        return f"<{type(self).__name__} {parts}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        # it does not change, and what holds it can be copied
        return self

    def _child(self, cls: type[C], target: dict[str, Any]) -> C:
        return cls(self._border, target)

    def _aimed(self, input: dict[str, Any]) -> dict[str, Any]:
        return {"target": self._target, **input} if self._target else input

    @staticmethod
    def _changed(object: Object[Any]) -> tuple[dict[str, Any], Original]:
        if isinstance(object, Object):
            return {"object": object.raw}, object._original
        raise _no_object(object, "give an object that was read, or use update_with")

    @staticmethod
    def _subject(object: Object[Any] | str) -> tuple[dict[str, Any], Original | None]:
        if isinstance(object, str):
            return {"id": object}, None
        if isinstance(object, Object):
            return {}, object._original
        raise _no_object(object, "give an object that was read, or its id")


class SyncCalls(Calls):
    """Calls that wait for their answer."""

    __slots__ = ()

    def _object(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Object[Any]:
        return _object(self._border.call(operation, self._aimed(input), original))

    def _maybe_object(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Object[Any] | None:
        return _maybe(self._border.call(operation, self._aimed(input), original))

    def _objects(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> ObjectList[Any]:
        return ObjectList(self._border, operation, self._aimed(input), original)

    def _records(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> RecordList:
        return RecordList(self._border, operation, self._aimed(input), original)

    def _events(self, operation: str, input: dict[str, Any]) -> Watch[Any]:
        return Watch(self._border, operation, self._aimed(input))

    def _lines(self, operation: str, input: dict[str, Any]) -> LogLines:
        return LogLines(self._border, operation, self._aimed(input))

    def _nothing(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> None:
        self._border.call(operation, self._aimed(input), original)

    def _json(self, operation: str, input: dict[str, Any], original: Original | None = None) -> Any:
        return self._border.call(operation, self._aimed(input), original).value()

    def _value(self, operation: str, input: dict[str, Any], original: Original | None = None) -> Any:
        return unsealed(self._json(operation, input, original))

    def _response(self, operation: str, input: dict[str, Any]) -> Response:
        return _response(self._border.call(operation, self._aimed(input)))

    def _ensured(self, operation: str, input: dict[str, Any]) -> Ensured[Any]:
        return _ensured(self._border.call(operation, self._aimed(input)))

    def _deleted(self, operation: str, input: dict[str, Any]) -> Deleted[Any]:
        return _deleted(self._border.call(operation, self._aimed(input)))

    def _wait(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Object[Any]:
        return _there(self._wait_gone(operation, input, on_progress))

    def _wait_gone(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Object[Any] | None:
        return _maybe(self._waited(operation, input, on_progress))

    def _wait_value(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Any:
        return unsealed(self._waited(operation, input, on_progress).value()["value"])

    def _waited(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Answer:
        with self._border.begin(operation, self._aimed(input)) as steps:
            while (answer := steps.next()) is not None:
                event = answer.value()
                if event["event"] != "unmet":
                    return answer
                if on_progress is not None:
                    on_progress(event)
        raise _unfinished(operation)

    def _edit(
        self, operation: str, input: dict[str, Any], change: Callable[[Object[Any]], object]
    ) -> Object[Any]:
        with self._border.begin(operation, self._aimed(input)) as steps:
            reply: str | None = None
            while (answer := steps.next(reply)) is not None:
                if answer.value()["event"] == "done":
                    return _object(answer)
                object = _object(answer)
                reply = _reply(operation, object, change(object))
        raise _unfinished(operation)


class AsyncCalls(Calls):
    """Calls that are awaited."""

    __slots__ = ()

    async def _object(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Object[Any]:
        return _object(await self._border.call_async(operation, self._aimed(input), original))

    async def _maybe_object(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Object[Any] | None:
        return _maybe(await self._border.call_async(operation, self._aimed(input), original))

    def _objects(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> AsyncObjectList[Any]:
        return AsyncObjectList(self._border, operation, self._aimed(input), original)

    def _records(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> AsyncRecordList:
        return AsyncRecordList(self._border, operation, self._aimed(input), original)

    def _events(self, operation: str, input: dict[str, Any]) -> AsyncWatch[Any]:
        return AsyncWatch(self._border, operation, self._aimed(input))

    def _lines(self, operation: str, input: dict[str, Any]) -> AsyncLogLines:
        return AsyncLogLines(self._border, operation, self._aimed(input))

    async def _nothing(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> None:
        await self._border.call_async(operation, self._aimed(input), original)

    async def _json(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Any:
        return (await self._border.call_async(operation, self._aimed(input), original)).value()

    async def _value(
        self, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> Any:
        return unsealed(await self._json(operation, input, original))

    async def _response(self, operation: str, input: dict[str, Any]) -> Response:
        return _response(await self._border.call_async(operation, self._aimed(input)))

    async def _ensured(self, operation: str, input: dict[str, Any]) -> Ensured[Any]:
        return _ensured(await self._border.call_async(operation, self._aimed(input)))

    async def _deleted(self, operation: str, input: dict[str, Any]) -> Deleted[Any]:
        return _deleted(await self._border.call_async(operation, self._aimed(input)))

    async def _wait(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Object[Any]:
        return _there(await self._wait_gone(operation, input, on_progress))

    async def _wait_gone(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Object[Any] | None:
        return _maybe(await self._waited(operation, input, on_progress))

    async def _wait_value(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Any:
        return unsealed((await self._waited(operation, input, on_progress)).value()["value"])

    async def _waited(
        self, operation: str, input: dict[str, Any], on_progress: Callable[[Any], object] | None
    ) -> Answer:
        with self._border.begin(operation, self._aimed(input)) as steps:
            while (answer := await steps.next_async()) is not None:
                event = answer.value()
                if event["event"] != "unmet":
                    return answer
                if on_progress is not None:
                    await _settled(on_progress(event))
        raise _unfinished(operation)

    async def _edit(
        self, operation: str, input: dict[str, Any], change: Callable[[Object[Any]], object]
    ) -> Object[Any]:
        with self._border.begin(operation, self._aimed(input)) as steps:
            reply: str | None = None
            while (answer := await steps.next_async(reply)) is not None:
                if answer.value()["event"] == "done":
                    return _object(answer)
                object = _object(answer)
                reply = _reply(operation, object, await _settled(change(object)))
        raise _unfinished(operation)


def _object(answer: Answer) -> Object[Any]:
    return Object((answer, 0), _altered(answer))


def _maybe(answer: Answer) -> Object[Any] | None:
    return _object(answer) if len(answer) else None


def _altered(answer: Answer) -> tuple[str, ...]:
    value = cast("dict[str, Any] | None", answer.value())
    return tuple(value.get("altered") or ()) if value else ()


def _response(answer: Answer) -> Response:
    value = answer.value()
    return Response(value["status"], value["headers"], answer.raw(0) if len(answer) else b"")


def _ensured(answer: Answer) -> Ensured[Any]:
    object = _object(answer)
    return Ensured(object, answer.value()["created"], object.altered)


def _deleted(answer: Answer) -> Deleted[Any]:
    return Deleted(answer.value()["gone"], _maybe(answer))


def _there(object: Object[Any] | None) -> Object[Any]:
    if object is None:
        raise _unfinished("wait")
    return object


def _reply(operation: str, object: Object[Any], result: object) -> str:
    """What is sent to the server: the object that was changed in place, or what was returned instead of it."""
    if result is None:
        return as_json(operation, object.raw)
    given: Any = result
    if isinstance(result, Object):
        return as_json(operation, given.raw)
    if isinstance(result, dict):
        return as_json(operation, given)
    raise Invalid(
        f"nothing was sent: {operation} was given a change that returns a {type(result).__name__}; "
        "change the object in place and return nothing, or return it"
    )


async def _settled(result: object) -> object:
    """What came of a callback, which may be a coroutine."""
    from inspect import isawaitable

    if isawaitable(result):
        awaited: object = await result
        return awaited
    return result


def _unfinished(operation: str) -> Exception:
    from rancher.errors import InternalError

    return InternalError(f"{operation} ended without a result", operation=operation)


def _no_object(given: object, advice: str) -> Invalid:
    # its type only: what is given in the wrong place can be a secret
    summary = f"nothing was sent: a {type(given).__name__} is no object of this library"
    return Invalid(f"{summary}; {advice}", summary=summary, advice=advice)
