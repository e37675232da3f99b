"""From the core's records to `logging.getLogger("rancher")`. Nothing is called back: what was said is fetched."""

from __future__ import annotations

import sys
from rancher._typing import TYPE_CHECKING

from rancher import _native

if TYPE_CHECKING:
    import logging

__all__ = ["handed_on"]

# off, warn, info, debug, trace: as the core counts them
_LEVELS = (100, 30, 20, 10, 5)
_logger: logging.Logger | None = None


class handed_on:
    """Sets the level before a call, and hands on what was said in it."""

    __slots__ = ("_wanted",)

    def __enter__(self) -> None:
        self._wanted = _level() > 0

    def __exit__(self, *_: object) -> None:
        if self._wanted:
            drain()


def _level() -> int:
    global _logger
    logger = _logger
    if logger is None:
        # who never loaded it has configured no handler that could show anything
        logging = sys.modules.get("logging")
        if logging is None:
            return 0
        logger = logging.getLogger("rancher")
        logger.addHandler(logging.NullHandler())
        _logger = logger
    level = 0
    for step in range(4, 0, -1):
        if logger.isEnabledFor(_LEVELS[step]):
            level = step
            break
    _native.set_log_level(level)
    return level


def drain() -> None:
    """Hands on what was said so far."""
    logger = _logger
    if logger is None:
        return
    for level, target, message in _native.drain_logs():
        name = target.removeprefix("rancher_client").removeprefix("::").partition("::")[0]
        child = logger.getChild(name) if name else logger
        child.log(_LEVELS[level], "%s", message)
