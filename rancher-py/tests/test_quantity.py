"""Quantities of Kubernetes: the same table as the core's, which Kubernetes' own parser wrote."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import rancher

TABLE = Path(__file__, "../../../rancher-client/src/wire/quantities.tsv").resolve()


def test_every_quantity_is_worth_what_kubernetes_says() -> None:
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 300
    for line in lines:
        text, *rest = line.split("\t")
        if rest == ["none"]:
            with pytest.raises(rancher.Invalid):
                rancher.quantity(text)
        else:
            assert rancher.quantity(text) == Decimal(rest[1]) == rancher.quantity(rest[0]), text


def test_numbers_are_quantities_too() -> None:
    assert rancher.quantity(2) == rancher.quantity("2000m") == rancher.quantity(Decimal("2.0"))
    assert rancher.quantity(0.1) == Decimal("0.1")
    assert isinstance(rancher.quantity("1Gi"), Decimal)


def test_what_is_none_is_said() -> None:
    with pytest.raises(rancher.Invalid, match='"1GB" is no quantity') as caught:
        rancher.quantity("1GB")
    assert caught.value.kind == "invalid" and "1.5Gi" in (caught.value.advice or "")
    with pytest.raises(rancher.Invalid) as caught:
        rancher.quantity("token-abcde:s3cr3ts3cr3ts3cr3t")
    assert "s3cr3t" not in str(caught.value)
