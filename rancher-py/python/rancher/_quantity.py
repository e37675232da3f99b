"""Quantities of Kubernetes."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING

from rancher import _native

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["quantity"]


def quantity(value: str | int | float | Decimal) -> Decimal:
    """What a quantity of Kubernetes is worth, exactly: CPU, memory, storage or a number of things.

    >>> import rancher
    >>> rancher.quantity("500m")
    Decimal('0.5')
    >>> rancher.quantity("0.5Gi") == rancher.quantity("512Mi") == 2**29
    True

    It is read as Kubernetes reads it, with the suffixes `n u m k M G T P E` and `Ki Mi Gi Ti Pi Ei`, and exponents
    (`1e3`). What is finer than `1n` is rounded away from zero.

    Raises:
        Invalid: If that is no quantity.
    """
    from decimal import Decimal

    return Decimal(_native.quantity(str(value))["decimal"])
