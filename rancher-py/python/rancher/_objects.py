"""What comes back from the server: objects, lists of them, and the results of changes."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from rancher._walks import AsyncEach, AsyncPages, Each, Pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, ItemsView, Iterable, Iterator, KeysView, ValuesView
    from typing import ClassVar, Never, TypeAlias

    from rancher._border import Border, Steps
    from rancher._native import Answer

    Original: TypeAlias = "tuple[Answer, int] | bytes"
    Head: TypeAlias = "tuple[str | None, str | None, str | None, str | None]"

__all__ = [
    "AsyncObjectList",
    "AsyncRecordList",
    "Deleted",
    "Ensured",
    "Object",
    "ObjectList",
    "Objects",
    "RecordList",
    "Response",
]

T = TypeVar("T")

_ROWS = 50


class Object(Generic[T]):
    """An object of the server: its name on top, its fields below in ``raw``, a plain dict.

    Nothing is parsed before it is asked for. What an update writes is the difference between ``raw`` and the object as
    it was read.
    """

    __slots__ = ("_altered", "_head", "_original", "_raw")

    _original: Original
    _raw: T | None
    _head: Head | None
    _altered: tuple[str, ...]

    def __init__(self, original: Original, altered: tuple[str, ...] = ()) -> None:
        self._original = original
        self._altered = altered
        self._raw = None
        self._head = None

    @property
    def raw(self) -> T:
        """The object as the server wrote it. Change it in place and hand the object to ``update``."""
        raw = self._raw
        if raw is None:
            original = self._original
            if isinstance(original, tuple):
                raw = original[0].object(original[1])
            else:
                from rancher._native import loads

                raw = loads(original)
            self._raw = raw
        return raw

    def _heading(self) -> Head:
        head = self._head
        if head is None:
            original = self._original
            head = original[0].head(original[1]) if isinstance(original, tuple) else (None, None, None, None)
            self._head = head
        return head

    @property
    def id(self) -> str:
        """The id: of Kubernetes ``namespace/name``, or the name of what has no namespace. It is empty for the few objects
        that have none, such as the answer to a question about rights.
        """
        return self._heading()[0] or ""

    @property
    def name(self) -> str | None:
        """The name that people gave it."""
        return self._heading()[1]

    @property
    def state(self) -> str | None:
        """The state: of v3 and Steve their own, of Kubernetes the phase."""
        return self._heading()[2]

    @property
    def kind(self) -> str | None:
        """The type or kind."""
        return self._heading()[3]

    @property
    def altered(self) -> tuple[str, ...]:
        """The fields that the server made into something else than what was sent, after a create or an update."""
        return self._altered

    @property
    def json(self) -> bytes:
        """The object's JSON, exactly as the server wrote it."""
        original = self._original
        return original[0].raw(original[1]) if isinstance(original, tuple) else original

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = cast("Any", self.raw)
        return fields

    def __getitem__(self, field: str, /) -> Any:
        return self._fields()[field]

    def __setitem__(self, field: str, value: Any, /) -> None:
        self._fields()[field] = value

    def __delitem__(self, field: str, /) -> None:
        del self._fields()[field]

    def __contains__(self, field: object, /) -> bool:
        return field in self._fields()

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields())

    def __len__(self) -> int:
        return len(self._fields())

    def get(self, field: str, default: Any = None, /) -> Any:
        """A field, or what stands in for one that is not there."""
        return self._fields().get(field, default)

    def keys(self) -> KeysView[str]:
        """The names of the fields."""
        return self._fields().keys()

    def values(self) -> ValuesView[Any]:
        """The values of the fields."""
        return self._fields().values()

    def items(self) -> ItemsView[str, Any]:
        """The fields with their values."""
        return self._fields().items()

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object, /) -> bool:
        if not isinstance(other, Object):
            return NotImplemented
        return self.id == other.id and bool(self._fields() == other._fields())

    # it can be changed
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        id, name, state, kind = self._heading()
        kind = (kind or "object").rsplit(".", 1)[-1]
        parts = [kind[:1].upper() + kind[1:]]
        if name is not None and name != id:
            parts.append(repr(name))
        parts.extend(part for part in (id, state) if part)
        return f"<{' '.join(parts)}>"

    def _repr_html_(self) -> str:
        return Objects([self])._repr_html_()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.json, self._heading(), self._raw, self._altered)


def _restored(
    cls: type[Object[Any]], original: bytes, head: Head, raw: Any, altered: tuple[str, ...]
) -> Object[Any]:
    made = cls(original, altered)
    made._head = head
    made._raw = raw
    return made


class Objects(list[Object[T]]):
    """A list of objects that are there. In a notebook it shows as a table of their names."""

    __slots__ = ("resource_version",)

    resource_version: str | None
    """The state of the cluster that it shows, as Kubernetes and Steve count it; of all pages that of the first. Nothing
    of v3, which does not say.
    """

    def __init__(self, objects: Iterable[Object[T]] = (), resource_version: str | None = None) -> None:
        super().__init__(objects)
        self.resource_version = resource_version

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell or '')}</td>" for cell in (o.name, o.id, o.state, o.kind)) + "</tr>"
            for o in self[:_ROWS]
        )
        more = f"<tr><td colspan=4>… {len(self) - _ROWS} more</td></tr>" if len(self) > _ROWS else ""
        head = "<tr><th>name</th><th>id</th><th>state</th><th>kind</th></tr>"
        return f"<table>{head}{rows}{more}</table>"


class _Listing:
    """What a list asks for. Nothing is sent before its first page is wanted; iterating twice asks twice."""

    __slots__ = ("_border", "_input", "_operation", "_original")

    def __init__(
        self, border: Border, operation: str, input: dict[str, Any], original: Original | None = None
    ) -> None:
        self._border = border
        self._operation = operation
        self._input = input
        self._original = original

    def _begun(self) -> Steps:
        return self._border.begin(self._operation, self._input, self._original)

    def _asking_for(self, paths: tuple[str, ...], named: dict[str, str]) -> dict[str, Any]:
        fields: Any = {**{path: path for path in paths}, **named} if named else list(paths)
        return {**self._input, "fields": fields}

    def __bool__(self) -> Never:
        raise TypeError(f"{type(self).__name__} does not know whether it is empty: ask first() or collect()")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._operation}>"


def _objects(answer: Answer) -> Objects[Any]:
    about = answer.value()
    return Objects([Object((answer, at)) for at in range(len(answer))], about["resource_version"])


def _collected(pages: list[Objects[T]]) -> Objects[T]:
    return Objects([object for page in pages for object in page], pages[0].resource_version if pages else None)


def _records(answer: Answer) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = answer.value()
    return records


class ObjectList(_Listing, Generic[T]):
    """All objects of a list. Iterating brings page after page; the next one is on its way meanwhile.

    A list never ends early in silence. If taking a page failed, or was interrupted, whoever goes on with the same
    iterator gets an error: iterate the list anew.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Object[T]]:
        return Each(Pages(self._begun(), _objects))

    def pages(self) -> Iterator[Objects[T]]:
        """The objects, a page at a time."""
        return Pages(self._begun(), _objects)

    def collect(self) -> Objects[T]:
        """All objects at once."""
        return _collected(list(self.pages()))

    def first(self) -> Object[T] | None:
        """The first object, if there is one. It takes a page to find it."""
        return next(iter(self), None)

    def records(self, *paths: str, **named: str) -> RecordList:
        """Flat dicts of these fields instead of objects; ``named`` gives a column another name."""
        return RecordList(self._border, self._operation, self._asking_for(paths, named), self._original)


class RecordList(_Listing):
    """Flat dicts of some fields of the objects of a list."""

    __slots__ = ()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return Each(Pages(self._begun(), _records))

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """The records, a page at a time."""
        return Pages(self._begun(), _records)

    def collect(self) -> list[dict[str, Any]]:
        """All records at once: what ``pandas.DataFrame`` takes."""
        return [record for page in self.pages() for record in page]

    def first(self) -> dict[str, Any] | None:
        """The first record, if there is one."""
        return next(iter(self), None)


class AsyncObjectList(_Listing, Generic[T]):
    """All objects of a list. Iterating brings page after page; the next one is on its way meanwhile.

    A list never ends early in silence. If taking a page failed, or was cancelled, whoever goes on with the same iterator
    gets an error: iterate the list anew.
    """

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[Object[T]]:
        return AsyncEach(AsyncPages(self._begun(), _objects))

    def pages(self) -> AsyncIterator[Objects[T]]:
        """The objects, a page at a time."""
        return AsyncPages(self._begun(), _objects)

    async def collect(self) -> Objects[T]:
        """All objects at once."""
        return _collected([page async for page in self.pages()])

    async def first(self) -> Object[T] | None:
        """The first object, if there is one. It takes a page to find it."""
        async for object in self:
            return object
        return None

    def records(self, *paths: str, **named: str) -> AsyncRecordList:
        """Flat dicts of these fields instead of objects; ``named`` gives a column another name."""
        return AsyncRecordList(
            self._border, self._operation, self._asking_for(paths, named), self._original
        )


class AsyncRecordList(_Listing):
    """Flat dicts of some fields of the objects of a list."""

    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return AsyncEach(AsyncPages(self._begun(), _records))

    def pages(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The records, a page at a time."""
        return AsyncPages(self._begun(), _records)

    async def collect(self) -> list[dict[str, Any]]:
        """All records at once: what ``pandas.DataFrame`` takes."""
        return [record async for page in self.pages() for record in page]

    async def first(self) -> dict[str, Any] | None:
        """The first record, if there is one."""
        async for record in self:
            return record
        return None


class _Frozen:
    """A result: what it holds does not change."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, *values: object) -> None:
        for name, value in zip(type(self).__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object, /) -> None:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __delattr__(self, name: str, /) -> None:
        raise AttributeError(f"{type(self).__name__} does not change")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in type(self).__slots__)

    def __eq__(self, other: object, /) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._values() == other._values()

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()


class Ensured(_Frozen, Generic[T]):
    """An object that is there now."""

    __slots__ = ("object", "created", "altered")

    object: Object[T]
    """The object."""
    created: bool
    """Whether it was not there before."""
    altered: tuple[str, ...]
    """The fields that the server made into something else than what was sent."""

    def __repr__(self) -> str:
        return f"<Ensured {self.object!r}{' created' if self.created else ''}>"


class Deleted(_Frozen, Generic[T]):
    """What became of an object that was deleted."""

    __slots__ = ("gone", "object")

    gone: bool
    """Whether it is gone; something may still hold it."""
    object: Object[T] | None
    """Its last state, where the server told it."""

    def __repr__(self) -> str:
        return f"<Deleted {'gone' if self.gone else 'going'} {self.object!r}>"


class Response(_Frozen):
    """An answer as it came. What it says is not judged, and not hidden."""

    __slots__ = ("status", "headers", "raw")

    status: int
    """The status."""
    headers: dict[str, str]
    """The headers, their names in lower case."""
    raw: bytes
    """The body."""

    def json(self) -> Any:
        """The body as JSON."""
        from rancher._native import loads

        return loads(self.raw)

    def __repr__(self) -> str:
        return f"<Response {self.status} {len(self.raw)} bytes>"
