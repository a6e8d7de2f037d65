"""Orders 0 to 3 of rows of two operands at awkward points, against the true function in hundreds of digits (F16).

All mixed partials of order 2, both ways, and the pure ones of order 3. Value and first derivatives are right or the
limit. Where operands are extreme, an intermediate result may over- or underflow: a derivative is then right, infinite
or nan, but never another number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from mpmath import mpf

import autograd as ag
from autograd import Value, rules
from autograd.primitive import Primitive
from tests.engine.row_pairs import INDIFFERENT, PAIR_MEANING, TERMS, VARIADIC, pairs
from tests.engine.row_points import NEARER, STAIRS
from tests.engine.test_row_points import BUDGET, ULP, UNDERFLOW, same
from tests.engine.true_derivatives import FAR, ONE, Limit, Neighbourhood, NoValueError, once

pytestmark = pytest.mark.slow

Orders = tuple[int, int]
Pair = tuple[float, float]
# Rows that only compare have no derivatives, and `exp_shift` and `pivot` hold an operand constant that is not.
WITHOUT = {"greater", "at_least", "equal", "round", "pivot", "exp_shift", "mod", "fmod", "sinc_slope"}
ROWS = {
    row.name: row
    for row in vars(rules).values()
    if isinstance(row, Primitive) and (row.arity == 2 or row.name in VARIADIC) and row.name not in WITHOUT | STAIRS
}
SMALLEST_NORMAL = 2.0**-1022
MOST_UNDERFLOW = 1e6 * UNDERFLOW  # after factors of operands and of their reciprocals


def pair_orders(row: Primitive, point: Pair) -> Iterator[tuple[Orders, float]]:
    """The value and derivatives by repeated `grad`, each with its orders."""
    x, y = map(Value, point)
    out = row(x, y)
    by_x, by_y = ag.grad(out, [x, y])
    (xx, xy), (yx, yy) = ag.grad(by_x, [x, y]), ag.grad(by_y, [x, y])
    found = [((0, 0), out), ((1, 0), by_x), ((0, 1), by_y), ((2, 0), xx), ((1, 1), xy), ((1, 1), yx), ((0, 2), yy)]
    found += [((3, 0), ag.grad(xx, x)), ((0, 3), ag.grad(yy, y))]
    return ((orders, each.data) for orders, each in found)


def is_extreme(point: Pair) -> bool:
    """So that a product of three operands may over- or underflow."""
    return any(x and not 1e-100 < abs(x) < 1e100 for x in point)


def is_close(name: str, got: float, orders: Orders, point: Pair, around: Neighbourhood) -> bool:
    exact = around.derivative(*orders)
    if same(got, float(exact)):
        return True
    n = sum(orders)
    error = abs(mpf(got) - exact) - MOST_UNDERFLOW
    allowed = BUDGET[n] * ULP
    if error <= allowed * abs(exact):
        return True
    if name in TERMS and n > 1:
        return bool(error <= allowed * TERMS[name](*map(mpf, point), n))
    higher = [(orders[0] + 1, orders[1]), (orders[0], orders[1] + 1)]
    terms = sum(abs(x * around.derivative(*each)) for x, each in zip(point, higher, strict=True))
    return bool(error <= allowed * (abs(exact) + terms))


@once
def around_pair(name: str, x: float, y: float) -> Neighbourhood:
    return Neighbourhood(PAIR_MEANING[name], (x, y), FAR[0] if name == "pow" else ONE)  # steps as large as x allows


@once
def limit_at(name: str, x: float, y: float) -> Limit:
    return Limit(PAIR_MEANING[name], (x, y), NEARER.get(name, FAR))


def faults(name: str, row: Primitive, point: Pair) -> Iterator[str]:
    out = row(*point)
    if any(map(math.isnan, point)):
        if not (math.isnan(out) or INDIFFERENT.get(name, lambda *_: False)(*point)):
            yield f"{name}{point} is {out}, not nan"
    elif all(row.distances_to_kinks(point)):
        around = around_pair(name, *point)
        try:
            if any(map(math.isinf, point)):
                raise NoValueError
            around.derivative(1, 1)
        except NoValueError:
            yield from faults_at_limit(name, row, point)
            return
        for orders, got in pair_orders(row, point):
            lost = is_extreme(point) and not math.isfinite(got) and sum(orders) > 1
            if lost or (any(orders) and 0.0 < abs(out) < SMALLEST_NORMAL):  # such a value has lost its digits
                continue
            if not is_close(name, got, orders, point, around):
                yield f"{name}{point}, orders {orders}: {got}, not {float(around.derivative(*orders))}"


def faults_at_limit(name: str, row: Primitive, point: Pair) -> Iterator[str]:
    """Where there is a limit it is met, or the answer is nan: ∞·0 and ∞ − ∞ on the way there."""
    limit = limit_at(name, *point)
    for orders, got in pair_orders(row, point):
        if not math.isnan(got):
            try:
                expected = limit.derivative(*orders)
            except NoValueError:
                expected = math.nan
            near = math.isfinite(expected) and abs(got - expected) <= BUDGET[sum(orders)] * ULP * abs(expected)
            if not (got == expected or near or (math.isnan(expected) and math.isinf(got))):
                yield f"{name}{point}, orders {orders}: {got}, not the limit {expected}"


@pytest.mark.parametrize("name", ROWS)
def test_f16_orders_0_to_3_of_two_operands(name: str) -> None:
    found = [fault for point in pairs(name) for fault in faults(name, ROWS[name], point)]
    assert not found, "\n".join(found)
