"""Sums become one dot each: values to rounding, structure exactly, in linear time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import rules
from autograd.compiler.program import Atom, Equation, Program, check, interpret
from autograd.compiler.reassociate import sums
from autograd.primitive import Primitive
from tests.support.examples import examples

pytestmark = pytest.mark.slow

NAMES = ("x", "y", "z", "u")


def program(*equations: tuple[Primitive, tuple[Atom, ...]], outputs: Sequence[Atom] | None = None) -> Program:
    last = len(NAMES) + len(equations) - 1
    return check(Program(NAMES, tuple(Equation(*e) for e in equations), (), tuple(outputs or (last,))))


def only_equation(p: Program) -> Equation:
    (equation,) = check(sums(p)).equations
    return equation


def test_a_neuron_written_out_is_one_dot() -> None:
    p = program(
        (rules.mul, (0, 1)), (rules.add, (0.0, 4)), (rules.mul, (2, 3)), (rules.add, (5, 6)), (rules.add, (7, 1))
    )
    assert only_equation(p) == Equation(rules.dot, (0, 2, 1.0, 1, 3, 1, 0.0))


def test_the_first_single_term_is_the_bias() -> None:
    p = program((rules.mul, (0, 1)), (rules.add, (4, 2)), (rules.sub, (5, 3)))
    assert only_equation(p) == Equation(rules.dot, (0, -1.0, 1, 3, 2))


def test_signs_reach_the_terms() -> None:
    p = program((rules.add, (0, 1)), (rules.neg, (4,)), (rules.mul, (3.0, 3)), (rules.sub, (2, 6)), (rules.sub, (7, 5)))
    assert only_equation(p) == Equation(rules.dot, (-3.0, 1.0, 1.0, 3, 0, 1, 2))


def test_a_product_with_a_sign_stays_an_equation() -> None:
    p = program((rules.mul, (0, 1)), (rules.sub, (2, 4)), (rules.add, (5, 3)))
    assert sums(p).equations == (Equation(rules.mul, (0, 1)), Equation(rules.dot, (-1.0, 1.0, 4, 3, 2)))


def test_what_is_used_twice_stays() -> None:
    p = program((rules.add, (0, 1)), (rules.add, (4, 2)), outputs=(4, 5))
    assert sums(p) is p


@pytest.mark.parametrize("row", [rules.add, rules.sub, rules.mul, rules.neg, rules.exp])
def test_a_program_without_nested_sums_is_unchanged(row: Primitive) -> None:
    p = program((row, (0, 1)[: row.arity]))
    assert sums(p) is p


ATOMS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 3.0])
ROWS = st.sampled_from([rules.add, rules.add, rules.sub, rules.neg, rules.mul, rules.total, rules.dot, rules.tanh])


@st.composite
def programs(draw: st.DrawFn) -> Program:
    equations: list[Equation] = []
    for place in range(len(NAMES), len(NAMES) + draw(st.integers(1, 14))):
        row = draw(ROWS)
        count = row.arity or draw(st.sampled_from([1, 3, 5]))
        newest = st.integers(max(0, place - 3), place - 1)
        operands = draw(st.tuples(*[newest | st.integers(0, place - 1) | ATOMS] * count))
        equations.append(Equation(row, operands))
    last = len(NAMES) + len(equations) - 1
    return check(Program(NAMES, tuple(equations), (), (last, draw(st.integers(0, last)))))


@examples(120)
@given(programs(), st.tuples(*[st.integers(-8, 8)] * len(NAMES)))
def test_values_are_equal_where_arithmetic_is_exact(p: Program, point: tuple[int, ...]) -> None:
    """Small integers and halves are added and multiplied exactly as long as they stay below 2⁵³, in any order."""
    flat = check(sums(p))
    before, after = interpret(p, list(map(float, point))), interpret(flat, list(map(float, point)))
    if max(map(abs, before)) < 2.0**20 and not any(row is rules.tanh for row, _ in p.equations):
        assert [before[int(each)] for each in p.outputs] == [after[int(each)] for each in flat.outputs]
    assert len(flat.equations) <= len(p.equations)


@pytest.mark.parametrize("deep_operand", [0, 1])
def test_deep_chains_are_one_equation(deep_operand: int) -> None:
    """Left-deep and right-deep: neither recursion nor quadratic copying."""
    count = 10_000
    equations = [Equation(rules.add, (0, 1))]
    for place in range(len(NAMES), len(NAMES) + count):
        operands = (place, 2) if deep_operand == 0 else (2, place)
        equations.append(Equation(rules.add, operands))
    p = Program(NAMES, tuple(equations), (), (len(NAMES) + count,))
    flat = check(sums(p))
    assert len(flat.equations) == 1
    assert math.isclose(interpret(flat, [1.0, 2.0, 0.5, 0.0])[-1], 3.0 + 0.5 * count)
