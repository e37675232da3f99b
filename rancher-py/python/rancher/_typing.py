"""What classes need of `typing` while they are made. Loading that module itself takes longer than all of this package."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, Literal, TypeVar, cast, overload
else:
    from types import GenericAlias

    class Generic:
        """A class that takes types in brackets."""

        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)

    def TypeVar(name, **_):
        """The name of a type that is left open."""
        return name

    def cast(_, value):
        """The value, for a type checker of another type."""
        return value

    def overload(function):
        """One of the forms of a function, for a type checker."""
        return function

    Any = Literal = object

__all__ = ["TYPE_CHECKING", "Any", "Generic", "Literal", "TypeVar", "cast", "overload"]
