"""Taylor mode at awkward points: the data of `test_row_points.py` and `test_row_pairs.py`, all orders in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from autograd.functional import derivatives
from autograd.primitive import Primitive
from autograd.series import flat
from tests.engine import test_row_pairs, test_row_points
from tests.engine.row_pairs import pairs
from tests.engine.row_points import points

pytestmark = pytest.mark.slow

# Where one pass knows more than repeated `grad`: it gives the limit, which was ∞ − ∞ there.
LIMITS = {("log1mexp", -0.0)}
# ∞ / y⁴ for a y of 308 digits: the limit in x comes first here, the one in y in the oracle.
ANY_LIMIT = {("div", (math.inf, -1e308)), ("div", (-math.inf, -1e308))}


def orders(row: Any, x: float) -> list[float]:
    return derivatives(row, x, 3)


def pair_orders(row: Primitive, point: tuple[float, float]) -> Iterator[tuple[tuple[int, int], float]]:
    x, y = point
    by_x, by_y = derivatives(lambda v: row(v, y), x, 3), derivatives(lambda v: row(x, v), y, 3)
    yield (0, 0), by_x[0]
    for n in (1, 2, 3):
        yield (n, 0), by_x[n]
        yield (0, n), by_y[n]
    yield (1, 1), derivatives(lambda a: derivatives(lambda b: row(a, b), y, 1)[1], x, 1)[1]
    yield (1, 1), derivatives(lambda b: derivatives(lambda a: row(a, b), x, 1)[1], y, 1)[1]


@pytest.fixture(params=[0, 10**9], ids=["by straight-line code", "by the rules"], autouse=True)
def _uses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat, "USES", request.param)


@pytest.mark.parametrize("name", test_row_points.UNARY)
def test_orders_0_to_3_of_one_operand(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_row_points, "orders", orders)
    faults = [fault for x in points(name) if (name, x) not in LIMITS for fault in test_row_points.unary_faults(name, x)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", test_row_pairs.ROWS)
def test_orders_0_to_3_of_two_operands(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_row_pairs, "pair_orders", pair_orders)
    row = test_row_pairs.ROWS[name]
    wanted = [point for point in pairs(name) if (name, point) not in ANY_LIMIT]
    found = [fault for point in wanted for fault in test_row_pairs.faults(name, row, point)]
    assert not found, "\n".join(found)


def test_the_decided_limit_is_met_from_the_side_that_has_it() -> None:
    """log1mexp is ln x near 0, of which every derivative is infinite."""
    assert orders(test_row_points.ROWS["log1mexp"], -0.0)[:3] == [-math.inf, -math.inf, -math.inf]
