"""What goes on until it is left: the events of a watch, the lines of a log."""

from __future__ import annotations

from _thread import allocate_lock
from os import getpid

from rancher._typing import TYPE_CHECKING, Any, Generic, TypeVar

from rancher._objects import Object
from rancher.errors import Cancelled

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rancher._border import Border, Steps
    from rancher._native import Answer
    from rancher.types.values import WatchCounts

__all__ = ["AsyncLogLines", "AsyncWatch", "Event", "LogLine", "LogLines", "Watch"]

T = TypeVar("T")

_NOTHING = object()


class Event(Generic[T]):
    """What a watch tells.

    ``type`` is ``listed``, ``synced``, ``added``, ``modified``, ``deleted``, ``bookmark``, ``lagged``, ``reconnected``
    or ``skipped``. The attributes that an event of its type does not have are ``None``.
    """

    __slots__ = ("_answer", "_fields", "_object")

    _answer: Answer | None
    _fields: dict[str, Any]
    _object: Object[T] | None

    def __init__(self, answer: Answer | None, fields: dict[str, Any]) -> None:
        self._answer = answer if "at" in fields else None
        self._fields = fields
        self._object = None

    @property
    def type(self) -> str:
        """What happened, in one word."""
        type: str = self._fields["type"]
        return type

    @property
    def object(self) -> Object[T] | None:
        """The object: as it is, or the last state of a deleted one, if that is known."""
        if self._object is None and self._answer is not None:
            self._object = Object((self._answer, self._fields["at"]))
        return self._object

    @property
    def id(self) -> str | None:
        """The id of the object that the event is about: of Kubernetes and Steve ``namespace/name``."""
        id: str | None = self._fields.get("id")
        if id is None and self.object is not None:
            return self.object.id
        return id

    @property
    def uid(self) -> str | None:
        """The uid of an object that is gone."""
        return self._fields.get("uid")

    @property
    def revision(self) -> str | None:
        """Of a ``bookmark``: up to which revision everything was told."""
        return self._fields.get("revision")

    @property
    def dropped(self) -> int | None:
        """Of ``lagged``: how many changes were thrown away; the state as it is now follows."""
        return self._fields.get("dropped")

    @property
    def attempts(self) -> int | None:
        """Of ``reconnected``: how many times it was tried."""
        return self._fields.get("attempts")

    @property
    def outage(self) -> float | None:
        """Of ``reconnected``: for how many seconds there was no connection."""
        return self._fields.get("outage")

    @property
    def total(self) -> int | None:
        """Of ``skipped``: how many there were so far."""
        return self._fields.get("total")

    @property
    def because(self) -> str | None:
        """Of ``reconnected`` and ``skipped``: why."""
        return self._fields.get("because")

    def __repr__(self) -> str:
        # which object it is about, never what is in it
        if self.object is not None:
            return f"<Event {self.type} {self.object!r}>"
        shown = ("id", "revision", "dropped", "attempts", "total", "because")
        rest = (f"{name}={self._fields[name]!r}" for name in shown if self._fields.get(name) is not None)
        return f"<{' '.join(('Event', self.type, *rest))}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _event, (self._fields, self.object)


def _event(fields: dict[str, Any], object: Object[Any] | None) -> Event[Any]:
    event: Event[Any] = Event(None, fields)
    event._object = object
    return event


class LogLine:
    """A line of a log. ``str(line)`` is its text."""

    __slots__ = ("bytes", "timestamp", "whole")

    def __init__(self, bytes: bytes, timestamp: str | None, whole: bool) -> None:
        self.bytes = bytes
        """What was written, without the end of the line. It need not be UTF-8."""
        self.timestamp = timestamp
        """When it was written, RFC 3339 with parts of a second, if ``timestamps`` asked for it."""
        self.whole = whole
        """Whether it is a whole line: one longer than a megabyte comes in pieces, and a connection can break in one."""

    @property
    def text(self) -> str:
        """What was written, as text; what is no UTF-8 is replaced."""
        return self.bytes.decode("utf-8", "replace")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        # what programs write can be secret
        return f"<LogLine {len(self.bytes)} bytes>"

    def __eq__(self, other: object, /) -> bool:
        if not isinstance(other, LogLine):
            return NotImplemented
        mine, others = ((it.bytes, it.timestamp, it.whole) for it in (self, other))
        return mine == others

    def __hash__(self) -> int:
        return hash((self.bytes, self.timestamp, self.whole))


def _events(answer: Answer) -> list[Any]:
    return [Event[Any](answer, fields) for fields in answer.value()["each"]]


def _lines(answer: Answer) -> list[Any]:
    return [
        LogLine(answer.raw(fields["at"]), fields["timestamp"], fields["whole"])
        for fields in answer.value()["each"]
    ]


class _Flow:
    """What comes portion by portion. A portion that got lost on its way, to a timeout or a signal, comes again."""

    __slots__ = ("_closed", "_lock", "_operation", "_portion", "_process", "_steps")

    _steps: Steps
    _portion: tuple[int, list[Any]]
    """The number of the last portion, and what is left of all, the next one last."""

    def __init__(self, border: Border, operation: str, input: dict[str, Any]) -> None:
        self._steps = border.begin(operation, input)
        self._operation = operation
        self._portion = (0, [])
        self._closed = False
        # for threads that share it; held for moments
        self._lock = allocate_lock()
        self._process = getpid()

    def _unpacked(self, answer: Answer) -> list[Any]:
        raise NotImplementedError

    def _held(self) -> Any:
        """The next one, if it is here."""
        if getpid() != self._process:
            # in a fork: another thread may have held the lock, and what is left is the parent's; the steps refuse
            return _NOTHING
        held: Any = _NOTHING
        try:
            with self._lock:
                left = self._portion[1]
                if left:
                    # no call between looking and taking: signals are heard after calls
                    held = left[-1]
                    del left[-1]
        except BaseException:
            if held is not _NOTHING:
                with self._lock:
                    left = self._portion[1]
                    if not left or left[-1] is not held:
                        left.append(held)
            raise
        return held

    def _known(self) -> str:
        return str(self._portion[0])

    def _taken(self, answer: Answer | None) -> bool:
        """Whether there is more."""
        if answer is None:
            return False
        number: int = answer.value()["number"]
        with self._lock:
            # two threads may both have been given it
            if number > self._portion[0]:
                # at once: a signal between two assignments would lose or double it
                self._portion = (number, [*reversed(self._unpacked(answer)), *self._portion[1]])
        return True

    def _stop(self) -> None:
        self._closed = True
        self._steps.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._operation}{' closed' if self._closed else ''}>"


class _SyncFlow(_Flow):
    __slots__ = ()

    def _next(self) -> Any:
        while True:
            if self._closed:
                raise StopIteration
            if (held := self._held()) is not _NOTHING:
                return held
            try:
                answer = self._steps.next(self._known())
            except Cancelled:
                if self._closed:
                    raise StopIteration from None
                raise
            if not self._taken(answer):
                raise StopIteration

    def close(self) -> None:
        """Ends it, and closes its connection. Whoever waits for the next one, in another thread, gets no more."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _AsyncFlow(_Flow):
    __slots__ = ()

    async def _next(self) -> Any:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if (held := self._held()) is not _NOTHING:
                return held
            try:
                answer = await self._steps.next_async(self._known())
            except Cancelled:
                if self._closed:
                    raise StopAsyncIteration from None
                raise
            if not self._taken(answer):
                raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends it, and closes its connection. Whoever awaits the next one gets no more."""
        self._stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class Watch(_SyncFlow, Generic[T]):
    """The events of a watch, for as long as somebody takes them. Nothing is sent before the first is asked for.

    It goes on over every cut of the connection. It is one stream: a loop that was left can be gone on with, by another
    loop over the same watch. ``close``, ``with`` and losing the last reference end it.
    """

    __slots__ = ()

    def _unpacked(self, answer: Answer) -> list[Any]:
        return _events(answer)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event[T]:
        event: Event[T] = self._next()
        return event

    def counts(self) -> WatchCounts:
        """What it counted so far, also of events that were not taken yet."""
        counts: WatchCounts = self._steps.counts()
        return counts


class AsyncWatch(_AsyncFlow, Generic[T]):
    """The events of a watch, for as long as somebody takes them. Nothing is sent before the first is asked for.

    It goes on over every cut of the connection, and after a wait for the next event that was cancelled. ``aclose``,
    ``async with`` and losing the last reference end it.
    """

    __slots__ = ()

    def _unpacked(self, answer: Answer) -> list[Any]:
        return _events(answer)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event[T]:
        event: Event[T] = await self._next()
        return event

    def counts(self) -> WatchCounts:
        """What it counted so far, also of events that were not taken yet."""
        counts: WatchCounts = self._steps.counts()
        return counts


class LogLines(_SyncFlow):
    """The lines of a log. Nothing is sent before the first is asked for; leaving it closes the connection."""

    __slots__ = ()

    def _unpacked(self, answer: Answer) -> list[Any]:
        return _lines(answer)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LogLine:
        line: LogLine = self._next()
        return line


class AsyncLogLines(_AsyncFlow):
    """The lines of a log. Nothing is sent before the first is asked for; leaving it closes the connection."""

    __slots__ = ()

    def _unpacked(self, answer: Answer) -> list[Any]:
        return _lines(answer)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LogLine:
        line: LogLine = await self._next()
        return line
