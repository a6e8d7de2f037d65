"""Outputs that are computed alike: one body for all of them, which gives the entries of a sparse Jacobian."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from autograd import CompileError, Value, compile, exp, sin, sqrt, where
from autograd.compiler import bodies as found_bodies
from autograd.compiler import compressed
from autograd.compiler.bodies import Body, bodies
from autograd.compiler.program import Program, interpret
from autograd.functional import jacobian
from autograd.testing import defined
from tests.sparse.bundle import bundle
from tests.support.examples import examples
from tests.support.graphs import Graph, graphs

# A sum of at most 100 products of numbers below 10³ rounds by less than this, in whichever order.
TOLERANCE = 100 * 2.0**-53 * 1e3


@pytest.fixture(autouse=True)
def _no_entry_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "WRITTEN", 0)


def _program(f: Any, point: Any) -> Program:
    compiled = compile(f)
    compiled.value(point)
    recorded: Program = compiled._ran().lowered.recorded
    return recorded


def _numbers(body: Body, point: Any) -> dict[int, float]:
    """The outputs that a body computes."""
    numbers = {}
    for inputs, constants, rows in zip(body.inputs, body.constants, body.rows, strict=True):
        places = interpret(body.program, [*np.array(point)[inputs].tolist(), *constants.tolist()])
        numbers |= {int(row): places[int(atom)] for row, atom in zip(rows, body.program.outputs, strict=True)}
    return numbers


@examples(20)
@given(graph=graphs(("add", "sub", "mul", "neg", "sin", "total", "dot", "maximum"), max_lines=8))
def test_bodies_compute_the_outputs_to_the_bit(graph: Graph) -> None:
    point = list(graph.inputs)
    program = _program(graph.nodes, point)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(found_bodies, "MOST_BODIES", 100)
        patch.setattr(found_bodies, "REPEATED", 100)
        made = bodies(program)
    assert made is not None
    numbers = {row: number for body in made for row, number in _numbers(body, point).items()}
    places = interpret(program, point)
    assert numbers == {i: places[atom] for i, atom in enumerate(program.outputs) if type(atom) is int}


def _check(f: Any, point: Any, *others: Any) -> Any:
    """The Jacobian at each point, with the pattern and the colours of the eager one."""
    compiled = compile(f)
    for each in (point, *others):
        found, expected = compiled.jacobian(each, sparse=True), jacobian(f, sparse=True)(list(each))
        assert found.indptr.tolist() == expected.indptr.tolist()
        assert found.indices.tolist() == expected.indices.tolist()
        np.testing.assert_allclose(found.data, expected.data, rtol=0.0, atol=TOLERANCE)
    assert compiled._ran().lowered.parts
    return compiled


POINT = np.linspace(0.3, 1.7, 12)


def test_a_stencil_is_one_body() -> None:
    compiled = _check(lambda x: [a * exp(b) - sin(c) for a, b, c in zip(x, x[1:], x[2:], strict=False)], POINT, -POINT)
    assert "body: 4 equations for 10 samples" in compiled.explain()
    assert "3 colours, forward" in compiled.explain()


def test_members_that_share_numbers_differently() -> None:
    """`x[0] * x[0]` has the tree of `x[1] * x[2]`; where it comes first, and where it does not."""
    pairs = [(0, 0), (1, 2), (3, 3), (4, 5)]
    for some in (pairs, pairs[::-1]):
        _check(lambda x, some=some: [sin(x[i] * x[j]) * x[i] for i, j in some], POINT)


def test_constants_that_differ() -> None:
    factors = [2.0, -3.0, 5.0]
    _check(lambda x: [k * x[i] ** 2.0 + 1.0 for i, k in enumerate(factors)], POINT)


def test_a_constant_zero_leaves_its_entry_out() -> None:
    """Of 0 · x the derivative is 0 for every x, so the pattern has no entry, whatever the other members have."""
    compiled = _check(lambda x: [k * x[i] + x[i + 1] for i, k in enumerate([2.0, 0.0, 3.0])], POINT)
    assert compiled.jacobian(POINT, sparse=True).nnz == 5


def test_outputs_that_are_inputs_constants_or_equal() -> None:
    def f(x: Any) -> Any:
        y = x[0] * x[1]
        return [x[3], 7.0, y, y, x[3], x[4] * x[5]]

    _check(f, POINT)


def test_an_infinite_partial_stays_in_its_own_entries() -> None:
    compiled = compile(lambda x: [sqrt(a) * b for a, b in pairwise(x)])
    found = compiled.jacobian(np.array([0.0, 4.0, 9.0]), sparse=True).toarray()
    assert found.tolist() == [[np.inf, 0.0, 0.0], [0.0, 9.0 / 4.0, 2.0]]


def test_samples_take_branches_of_their_own() -> None:
    def f(x: Any) -> Any:
        return [where(a - 1.0, a * b, b**3) for a, b in pairwise(x)]

    compiled = compile(f)
    for point in (POINT, POINT[::-1].copy()):
        found = compiled.jacobian(point, sparse=True)
        assert found.nnz == 22
        np.testing.assert_allclose(found.toarray(), jacobian(f)(point.tolist()), rtol=0.0, atol=TOLERANCE)
    assert "recordings: 1" in compiled.explain()


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
def test_every_back_end(backend: Any) -> None:
    problem = bundle(cameras=2, points=3, observations=4)
    compiled = compile(problem.residuals, backend=backend)
    found = compiled.jacobian(np.array(problem.start), sparse=True)
    expected = np.array(jacobian(problem.residuals)(problem.start))
    assert np.abs(found.toarray() - expected).max() <= 1000 * 2.0**-53 * np.abs(expected).max()


def test_parameters_are_the_columns() -> None:
    w = [Value(2.0), Value(3.0)]
    f = compile(lambda x: [w[0] * x[0], w[1] * x[1]], parameters=w)
    assert f.jacobian([5.0, 7.0], sparse=True).toarray().tolist() == [[5.0, 0.0], [0.0, 7.0]]
    assert f._ran().lowered.parts
    assert f.jacobian([5.0, 7.0], argnums=0, sparse=True).toarray().tolist() == [[2.0, 0.0], [0.0, 3.0]]


def _pairs(x: Any) -> Any:
    return [a * b * b for a, b in pairwise(x)]


def test_a_pickled_one_answers() -> None:
    compiled = compile(_pairs)
    expected = compiled.jacobian(POINT, sparse=True)
    again = pickle.loads(pickle.dumps(compiled))
    assert np.array_equal(again.jacobian(POINT, sparse=True).toarray(), expected.toarray())
    assert "recordings: 1" in again.explain()


def test_a_cached_one_answers(tmp_path: Any) -> None:
    first, second = (compile(_pairs, cache=str(tmp_path)) for _ in range(2))
    expected = first.jacobian(POINT, sparse=True)
    assert np.array_equal(second.jacobian(POINT, sparse=True).toarray(), expected.toarray())
    assert "read from" in second.explain()


def test_what_has_no_bodies_runs_along_directions() -> None:
    def sums(x: Any) -> Any:
        totals = [x[0]]
        for each in x[1:]:
            totals.append(sin(totals[-1] + each))
        return totals

    compiled = compile(sums)
    point = np.linspace(-1.0, 1.0, 60)
    found = compiled.jacobian(point, sparse=True).toarray()
    np.testing.assert_allclose(found, jacobian(sums)(point.tolist()), rtol=0.0, atol=TOLERANCE)
    assert not compiled._ran().lowered.parts


def test_guards_are_asked_at_each_call() -> None:
    compiled = compile(lambda x: [a * b if a > 0.0 else b for a, b in pairwise(x)])
    assert compiled.jacobian([2.0, 3.0], sparse=True).toarray().tolist() == [[3.0, 2.0]]
    assert compiled.jacobian([-2.0, 3.0], sparse=True).toarray().tolist() == [[0.0, 1.0]]


def test_a_primitive_that_counts_its_calls_is_refused() -> None:
    calls: list[float] = []

    def counted(x: float) -> float:
        calls.append(x)
        return x if len(calls) <= POINT[:3].size else x + 1.0

    with defined("counted", counted, 1.0) as row:
        compiled = compile(lambda x: [row(each) for each in x])
        with pytest.raises(CompileError, match="is a primitive of yours"):
            compiled.jacobian(POINT[:3], sparse=True)


def test_the_program_is_as_long_for_many_observations_as_for_few() -> None:
    def equations(observations: int) -> list[int]:
        problem = bundle(cameras=3, points=7, observations=observations)
        compiled = compile(problem.residuals, backend="numpy")
        compiled.jacobian(np.array(problem.start), sparse=True)
        return [len(part.lowered.recorded.equations) for part in compiled._ran().lowered.parts]

    assert equations(21) == equations(42)
