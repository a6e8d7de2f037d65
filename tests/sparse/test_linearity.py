"""What is read off a row about its derivatives, compared with its derivatives."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from autograd import PRIMITIVES, Primitive, rules
from autograd.functional import grad, hessian
from autograd.sparse.linearity import Linearity, linearity, members
from autograd.testing import defined, mutated, table

# Somewhere in here are operands at which every row is defined, away from kinks and jumps.
NUMBERS = (0.3, -0.45, 1.62, 2.37, 0.9)
SHAPES = {"dot": 5, "pick": 3}
CONSTANT_FIRST = {"pick": 1.0}  # indexed by an integer
CONSTANT_LAST = {"sinc_slope": 1.0, "round": 1.0}


def _points(row: Primitive) -> list[tuple[float, ...]]:
    count = row.arity or SHAPES.get(row.name, 3)
    numbers = (*NUMBERS, 0.0) if row is rules.where else NUMBERS
    drawn = [_with_constants(row, point) for point in itertools.permutations(numbers, count)]
    return [point for point in drawn if math.isfinite(row(*point))]


def _with_constants(row: Primitive, point: tuple[float, ...]) -> tuple[float, ...]:
    if row.name in CONSTANT_FIRST:
        return (CONSTANT_FIRST[row.name], *point[1:])
    return (*point[:-1], CONSTANT_LAST[row.name]) if row.name in CONSTANT_LAST else point


def _varying(row: Primitive, point: tuple[float, ...]) -> list[int]:
    return [
        i for i in range(len(point)) if not (i == 0 and row.name in CONSTANT_FIRST)
        and not (i == len(point) - 1 and row.name in CONSTANT_LAST)
    ]  # fmt: skip


def _function(row: Primitive, point: tuple[float, ...], varying: list[int]) -> Any:
    def f(xs: list[Any]) -> Any:
        operands = list(point)
        for i, x in zip(varying, xs, strict=True):
            operands[i] = x
        return row(*operands)

    return f


def _read(row: Primitive, point: tuple[float, ...], varying: list[int]) -> Linearity:
    return linearity(row, tuple([None if i in varying else x for i, x in enumerate(point)]))


@pytest.mark.parametrize("name", [row.name for row in table() if row.name not in ("pivot", "exp_shift")])
def test_a_derivative_is_read_as_0_exactly_where_it_is(name: str) -> None:
    """First and second derivatives of every row, 0 at all of many points or not."""
    row = PRIMITIVES[name]
    points = _points(row)
    assert points
    varying = _varying(row, points[0])
    found = [_read(row, point, varying) for point in points]
    flows, partners = set(), set()
    for point in points:
        f, at = _function(row, point, varying), [point[i] for i in varying]
        flows |= {varying[i] for i, d in enumerate(grad(f)(at)) if d != 0.0}
        partners |= {
            (varying[i], varying[j]) for i, each in enumerate(hessian(f)(at)) for j, d in enumerate(each) if d != 0.0
        }
    assert {i for each in found for i, flowing in enumerate(each.flows) if flowing} == flows
    assert {(i, j) for each in found for i, mask in enumerate(each.partners) for j in members(mask)} == partners


@pytest.mark.parametrize(
    ("row", "constants"),
    [
        (rules.mul, (None, 3.0)),
        (rules.pow_, (None, 1.0)),
        (rules.div, (None, 3.0)),
        (rules.dot, (None, None, 2.0, 3.0, None)),
        (rules.where, (1.0, None, None)),
        (rules.relu, (None,)),
        (rules.maximum, (None, None)),
        (rules.prod, (None, 2.0, 3.0)),
        (rules.total, (None,) * 4),
    ],
)
def test_linear_rows_have_no_partners(row: Primitive, constants: tuple[float | None, ...]) -> None:
    assert linearity(row, constants).partners == (0,) * len(constants)


def test_what_is_held_constant_has_no_derivative() -> None:
    assert linearity(rules.exp_shift, (None, None)) == Linearity((True, False), (1, 0))
    assert linearity(rules.pivot, (None, None)) == Linearity((False, False), (0, 0))


def test_a_constant_condition_chooses_the_branch() -> None:
    assert linearity(rules.where, (1.0, None, None)).flows == (False, True, False)
    assert linearity(rules.where, (None, None, None)).flows == (False, True, True)


def test_rows_of_the_user_are_read_too() -> None:
    with defined("bilinear", lambda x, y: x * y + x, lambda out, x, y: y + 1.0, lambda out, x, y: x) as row:
        assert linearity(row, (None, None)).partners == (0b10, 0b01)


def test_a_rule_that_fails_is_taken_to_depend_on_everything() -> None:
    def fails(out: Any, x: Any, y: Any) -> Any:
        raise TypeError

    with defined("failing", lambda x, y: x, fails, 1.0) as row:
        assert linearity(row, (None, None)) == Linearity((True, True), (0b11, 0b11))


def test_a_rule_that_asks_without_end_is_taken_to_depend_on_everything() -> None:
    def asks(out: Any, x: Any) -> Any:
        return next(1.0 for _ in range(100) if not x)

    with defined("asking", lambda x: x, asks) as row:
        assert linearity(row, (None,)) == Linearity((True,), (1,))


def test_a_changed_row_is_read_again() -> None:
    assert linearity(rules.add, (None, None)).partners == (0, 0)
    with mutated("add", lambda out, x, y: x, 1.0):
        assert linearity(rules.add, (None, None)).partners == (0b01, 0)
    assert linearity(rules.add, (None, None)).partners == (0, 0)
