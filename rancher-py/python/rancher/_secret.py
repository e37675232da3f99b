"""What must not be shown: a text that has to be asked for."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Secret", "unsealed"]

_MARK = "$secret"


class Secret:
    """A text that is neither printed nor pickled. ``reveal`` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "<Secret ***>"

    def __eq__(self, other: object, /) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied into another process: reveal it where it is to go")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _: object) -> Secret:
        return self


def unsealed(value: Any) -> Any:
    """The value with its secrets as such: the border marks them."""
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        text = parts.get(_MARK)
        if len(parts) == 1 and isinstance(text, str):
            return Secret(text)
        return {name: unsealed(part) for name, part in parts.items()}
    if isinstance(value, list):
        return [unsealed(part) for part in cast("Any", value)]
    return value
