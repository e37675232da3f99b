"""Walks over the pages of a list, waiting and awaited.

These are no generators: one that something was raised in is over, and the next who asks it would take that for the end of
the list. Here what is behind a page that was lost is an error, each time that somebody goes on.
"""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rancher._border import Steps
    from rancher._native import Answer

__all__ = ["AsyncEach", "AsyncPages", "Each", "Pages"]

T = TypeVar("T")


class Pages(Generic[T]):
    """The pages of a list."""

    __slots__ = ("_closed", "_page", "_steps")

    def __init__(self, steps: Steps, page: Callable[[Answer], T]) -> None:
        self._steps = steps
        self._page = page
        self._closed = False

    def __iter__(self) -> Pages[T]:
        return self

    def __next__(self) -> T:
        if self._closed:
            raise StopIteration
        try:
            answer = self._steps.next()
            if answer is not None:
                return self._page(answer)
        except BaseException:
            self.broken()
            raise
        raise StopIteration

    def broken(self) -> None:
        """A page is lost. Whoever goes on is told so, each time: what is behind the gap looks like all there is."""
        self._steps.stop()

    def close(self) -> None:
        """Ends it, as `contextlib.closing` does; that is its end to everybody."""
        self._closed = True
        self._steps.stop()


class Each(Generic[T]):
    """What is on the pages of a list, one after another."""

    __slots__ = ("_left", "_pages")

    def __init__(self, pages: Pages[Any]) -> None:
        self._pages = pages
        self._left: Iterator[T] = iter(())

    def __iter__(self) -> Each[T]:
        return self

    def __next__(self) -> T:
        while True:
            for one in self._left:
                return one
            try:
                self._left = iter(self._pages.__next__())
            except StopIteration:
                raise
            except BaseException:
                # a signal between the page and its place here
                self._pages.broken()
                raise

    def close(self) -> None:
        """Ends it."""
        self._left = iter(())
        self._pages.close()


class AsyncPages(Generic[T]):
    """The pages of a list, awaited. The end of an event loop is not theirs: another loop can go on."""

    __slots__ = ("_closed", "_page", "_steps")

    def __init__(self, steps: Steps, page: Callable[[Answer], T]) -> None:
        self._steps = steps
        self._page = page
        self._closed = False

    def __aiter__(self) -> AsyncPages[T]:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        try:
            answer = await self._steps.next_async()
            if answer is not None:
                return self._page(answer)
        except BaseException:
            self.broken()
            raise
        raise StopAsyncIteration

    def broken(self) -> None:
        """A page is lost, as to a timeout around this one step. Whoever goes on is told so."""
        self._steps.stop()

    async def aclose(self) -> None:
        """Ends it, as `contextlib.aclosing` does; that is its end to everybody."""
        self._closed = True
        self._steps.stop()


class AsyncEach(Generic[T]):
    """What is on the pages of a list, one after another, awaited."""

    __slots__ = ("_left", "_pages")

    def __init__(self, pages: AsyncPages[Any]) -> None:
        self._pages = pages
        self._left: Iterator[T] = iter(())

    def __aiter__(self) -> AsyncEach[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for one in self._left:
                return one
            try:
                self._left = iter(await self._pages.__anext__())
            except StopAsyncIteration:
                raise
            except BaseException:
                self._pages.broken()
                raise

    async def aclose(self) -> None:
        """Ends it."""
        self._left = iter(())
        await self._pages.aclose()
