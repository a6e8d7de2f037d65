"""Patterns of random graphs, compared with derivatives in 120 digits, which know no rule."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, rules, where
from autograd.check.arithmetic import Arithmetic, high_precision
from autograd.sparse import pattern as patterns
from autograd.sparse.eager import Recorded
from autograd.sparse.pattern import Pattern, hessian_pattern, jacobian_pattern
from tests.support.graphs import NARY, SMOOTH, Graph, graphs

DIGITS = 120
# Numbers and partials of these graphs are below 10⁶ (`tests.support.graphs.LARGEST`), so in ten lines no rounding is
# larger than 10⁻¹²⁰ · 10⁷⁰. Divided by two steps it is below 10⁻²⁰: a difference that is larger is no rounding.
STEP = "1e-14"
NOISE = 1e-20
smooth = graphs((*SMOOTH, *sorted(NARY.keys() - {"hypot", "logsumexp"})), max_lines=10)


def _arithmetic() -> Arithmetic:
    found = high_precision(DIGITS)
    assert found is not None
    return found


def _nodes(graph: Graph, m: Arithmetic, xs: list[Any]) -> list[Any]:
    found = list(xs)
    for name, operands in graph.lines:
        found.append(m.spelling[name](*[found[i] for i in operands]))
    used = {i for _, operands in graph.lines for i in operands}
    return [*found, m.spelling["total"](*[x for i, x in enumerate(found) if i not in used])]


def _around(graph: Graph, m: Arithmetic, places: tuple[int, ...], steps: tuple[int, ...]) -> list[Any]:
    """All numbers of a graph, where some inputs have moved."""
    xs = [m.lift(x) for x in graph.inputs]
    h = type(xs[0])(STEP)
    for place, step in zip(places, steps, strict=True):
        xs[place] += step * h
    return _nodes(graph, m, xs)


@given(graph=smooth)
def test_no_first_derivative_is_outside_the_pattern(graph: Graph) -> None:
    """Of every number of the graph by every input."""
    inputs = [Value(x) for x in graph.inputs]
    nodes = graph.nodes(inputs)
    recorded = Recorded(nodes, inputs)
    found = jacobian_pattern(len(inputs), recorded.equations, recorded.outputs, range(len(inputs)))
    m = _arithmetic()
    for j in range(len(inputs)):
        above, below = (_around(graph, m, (j,), (sign,)) for sign in (1, -1))
        for i, (up, down) in enumerate(zip(above, below, strict=True)):
            if abs(up - down) / (2 * m.real(float(STEP))) > NOISE:
                assert j in found.rows[i]


@given(graph=smooth)
def test_no_second_derivative_is_outside_the_pattern(graph: Graph) -> None:
    inputs, root = graph.record()
    found = _hessian_pattern(inputs, root)
    m = _arithmetic()
    h = m.real(float(STEP))
    for i, j in itertools.combinations_with_replacement(range(len(inputs)), 2):
        corners = [_around(graph, m, (i, j), each)[-1] for each in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        mixed = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
        if abs(mixed) > NOISE:
            assert j in found.rows[i]
            assert i in found.rows[j]


@given(graph=graphs())
def test_a_hessian_pattern_is_symmetric_and_within_the_jacobian(graph: Graph) -> None:
    inputs, root = graph.record()
    found = _hessian_pattern(inputs, root)
    assert found.transposed() == found
    recorded = Recorded([root], inputs)
    first = jacobian_pattern(len(inputs), recorded.equations, recorded.outputs, range(len(inputs))).rows[0]
    assert {j for row in found.rows for j in row} <= set(first)


@given(graph=graphs())
def test_bits_and_sets_give_the_same_pattern(graph: Graph) -> None:
    inputs, root = graph.record()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "MOST_BITS", 0)
        of_sets = _hessian_pattern(inputs, root)
    assert of_sets == _hessian_pattern(inputs, root)


@given(graph=graphs(), keep=st.sets(st.integers(0, 2)))
def test_the_pattern_by_some_inputs_is_a_part_of_the_whole(graph: Graph, keep: set[int]) -> None:
    inputs, root = graph.record()
    recorded = Recorded([root], inputs)
    wanted = sorted(keep & set(range(len(inputs))))
    part = hessian_pattern(len(inputs), recorded.equations, recorded.outputs[0], wanted)
    whole = _hessian_pattern(inputs, root)
    assert part.rows == tuple([tuple([wanted.index(j) for j in whole.rows[i] if j in wanted]) for i in wanted])


def _hessian_pattern(inputs: list[Value], root: Value) -> Pattern:
    recorded = Recorded([root], inputs)
    return hessian_pattern(len(inputs), recorded.equations, recorded.outputs[0], range(len(inputs)))


# --- exactly what is there --------------------------------------------------------------------------------------------


def _of(f: Any, *numbers: float) -> tuple[tuple[int, ...], ...]:
    inputs = [Value(x) for x in numbers]
    return _hessian_pattern(inputs, f(*inputs)).rows


def test_rosenbrock_is_tridiagonal_without_its_last_corner() -> None:
    def f(*x: Any) -> Any:
        return sum((100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)), 0.0)

    assert _of(f, 1.0, 2.0, 3.0, 4.0) == ((0, 1), (0, 1, 2), (1, 2, 3), (2, 3))


def test_linear_parts_have_no_entries() -> None:
    assert _of(lambda x, y, z: 3.0 * x - y / 2.0 + abs(z) + x * z, 1.0, 2.0, 3.0) == ((2,), (), (0,))


def test_a_sum_inside_a_square_interacts() -> None:
    assert _of(lambda x, y, z: (x + 2.0 * y - 1.0) ** 2 + z, 1.0, 2.0, 3.0) == ((0, 1), (0, 1), ())


def test_the_branch_not_taken_has_no_entries() -> None:
    assert _of(lambda x, y: where(x > 0.0, y * y, x * x), 1.0, 2.0) == ((), (1,))


def test_a_product_of_itself_has_a_diagonal() -> None:
    assert _of(lambda x, y: x * x + y, 1.0, 2.0) == ((0,), ())


def test_what_a_jump_hides_is_not_there() -> None:
    assert _of(lambda x, y: rules.floor(x * x) * y, 1.5, 2.0) == ((), ())


def test_constants_and_inputs_may_be_outputs() -> None:
    assert jacobian_pattern(2, [], [1, 3.0, 0], [0, 1]).rows == ((1,), (), (0,))
    assert hessian_pattern(2, [], 1, [0, 1]).rows == ((), ())
    assert hessian_pattern(2, [], 3.0, [0, 1]).rows == ((), ())
