"""`compiled.jacobian(sparse=True)` and `compiled.hessian(sparse=True)`: as the dense ones, however they are built."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import given

from autograd import CompileError, Value, compile, exp, maximum, pick, relu, sin, sqrt, where
from autograd.compiler import bodies, compressed
from autograd.functional import hessian, jacobian
from tests.support.graphs import Graph, graphs

GENTLE = ("add", "sub", "mul", "neg", "sin", "cos", "tanh", "sigmoid", "total", "dot", "logsumexp", "maximum", "relu")
gentle = graphs(GENTLE, max_lines=8)


@pytest.fixture(params=[0, 10**9], ids=["as a batch", "written out"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both programs, whatever the size; those of bodies are in test_bodies.py."""
    monkeypatch.setattr(compressed, "WRITTEN", request.param)
    monkeypatch.setattr(bodies, "MOST_BODIES", 0)


ways = pytest.mark.usefixtures("_way")


def _rosenbrock(x: Any) -> Any:
    return sum((100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)), 0.0)


def _chain(x: Any) -> list[Any]:
    return [exp(0.1 * a) * b - sin(c) for a, b, c in zip(x, x[1:], x[2:], strict=False)]


def _many_rows(x: Any) -> list[Any]:
    return [x[0] * each * each for each in x[1:]] + [sum(x, 0.0)]


POINT = np.linspace(0.3, 1.7, 12)
# A sum of at most 100 products of numbers below 10³ rounds by less than this, in whichever order.
TOLERANCE = 100 * 2.0**-53 * 1e3


def _check(found: Any, expected: Any) -> None:
    assert isinstance(found, scipy.sparse.csr_array)
    np.testing.assert_allclose(found.toarray(), np.array(expected), rtol=0.0, atol=TOLERANCE)


@ways
@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
def test_a_hessian_by_every_back_end(backend: Any) -> None:
    compiled = compile(_rosenbrock, backend=backend)
    found = compiled.hessian(POINT, sparse=True)
    _check(found, hessian(_rosenbrock)(POINT.tolist()))
    assert found.nnz == 12 + 2 * 11
    moved = POINT[::-1].copy()
    _check(compiled.hessian(moved, sparse=True), hessian(_rosenbrock)(moved.tolist()))


@ways
@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("f", [_chain, _many_rows, lambda x: [_rosenbrock(x)]], ids=["chain", "columns", "row"])
def test_a_jacobian_by_every_back_end(f: Any, backend: Any) -> None:
    _check(compile(f, backend=backend).jacobian(POINT, sparse=True), jacobian(f)(POINT.tolist()))


@given(graph=gentle)
def test_random_graphs_as_a_batch(graph: Graph) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "WRITTEN", 0)
        patch.setattr(bodies, "MOST_BODIES", 0)
        _compare(graph)


@given(graph=gentle)
def test_random_graphs_written_out(graph: Graph) -> None:
    _compare(graph)


def _compare(graph: Graph) -> None:
    """Numbers of these graphs stay below 10⁶, and paths below 10⁶ too; a gradient has at most 200 nodes."""
    point = list(graph.inputs)
    compiled = compile(lambda x: graph(*x), backend="python")
    eager = hessian(lambda x: graph(*x), sparse=True)(point)
    found = compiled.hessian(point, sparse=True)
    assert found.nnz >= eager.nnz
    scale = max(1.0, np.abs(eager.toarray()).max(initial=0.0), *map(abs, graph.nodes(point)))
    np.testing.assert_allclose(found.toarray(), eager.toarray(), rtol=0.0, atol=1e3 * 2.0**-53 * scale**3)
    nodes = compile(graph.nodes, backend="python").jacobian(point, sparse=True)
    dense = np.array(jacobian(graph.nodes)(point))
    np.testing.assert_allclose(nodes.toarray(), dense, rtol=0.0, atol=1e3 * 2.0**-53 * scale**3)


# --- branches ---------------------------------------------------------------------------------------------------------


@ways
def test_both_branches_are_in_the_pattern_of_one_recording() -> None:
    compiled = compile(lambda x: [where(x[0] - 1.0, x[1], x[2]) ** 2, relu(x[0]) * maximum(x[1], x[2])])
    for point in ([2.0, 3.0, 4.0], [1.0, 3.0, 4.0], [0.0, 5.0, 4.0]):
        found = compiled.jacobian(point, sparse=True)
        assert found.nnz == 5
        _check(found, jacobian(lambda x: [where(x[0] - 1.0, x[1], x[2]) ** 2, relu(x[0]) * maximum(x[1], x[2])])(point))
    assert "recordings: 1" in compiled.explain()


@ways
def test_a_python_branch_has_its_own_pattern() -> None:
    compiled = compile(lambda x: x[0] ** 3 if x[0] > 0.0 else x[1] ** 3)
    assert compiled.hessian([2.0, 5.0], sparse=True).toarray().tolist() == [[12.0, 0.0], [0.0, 0.0]]
    assert compiled.hessian([-2.0, 5.0], sparse=True).toarray().tolist() == [[0.0, 0.0], [0.0, 30.0]]


@ways
def test_an_infinite_partial_stays_in_its_own_entries() -> None:
    compiled = compile(lambda x: [sqrt(x[0]) + x[1], x[1] * x[2]])
    found = compiled.jacobian([0.0, 2.0, 3.0], sparse=True).toarray()
    assert found.tolist() == [[np.inf, 1.0, 0.0], [0.0, 3.0, 2.0]]


# --- arguments --------------------------------------------------------------------------------------------------------


@ways
def test_argnums_choose_the_columns() -> None:
    f = compile(lambda a, x: [a * x[0], x[1] ** 3])
    assert f.jacobian(2.0, [1.0, 2.0], argnums=1, sparse=True).toarray().tolist() == [[2.0, 0.0], [0.0, 12.0]]
    assert f.jacobian(2.0, [1.0, 2.0], sparse=True).toarray().tolist() == [[1.0], [0.0]]
    both = f.jacobian(2.0, [1.0, 2.0], argnums=(0, 1), sparse=True)
    assert both.toarray().tolist() == [[1.0, 2.0, 0.0], [0.0, 0.0, 12.0]]
    g = compile(lambda a, x: a * a * x[0] + x[1] ** 3)
    assert g.hessian(2.0, [1.0, 2.0], sparse=True).toarray().tolist() == [[2, 4, 0], [4, 0, 0], [0, 0, 12]]
    assert g.hessian(2.0, [1.0, 2.0], argnums=1, sparse=True).toarray().tolist() == [[0, 0], [0, 12]]


@ways
def test_parameters_are_the_columns() -> None:
    w = [Value(2.0), Value(3.0)]
    f = compile(lambda x: [w[0] * x[0], w[1] ** 2 * x[1]], parameters=w)
    assert f.jacobian([5.0, 7.0], sparse=True).toarray().tolist() == [[5.0, 0.0], [0.0, 42.0]]
    g = compile(lambda x: w[0] ** 2 * x[0] + w[1] ** 2 * x[1], parameters=w)
    assert g.hessian([5.0, 7.0], sparse=True).toarray().tolist() == [[10.0, 0.0], [0.0, 14.0]]


@ways
def test_with_a_batch_entries_are_means() -> None:
    w = [Value(2.0), Value(3.0)]
    f = compile(lambda x: where(x, w[0] ** 2 * x, w[1] ** 3), parameters=w, batch=("x",))
    found = f.hessian([1.0, 5.0, 0.0], sparse=True)
    _check(found, [[4.0, 0.0], [0.0, 6.0]])
    assert found.nnz == 2


def test_exact_ones_have_the_bits_of_the_dense_ones() -> None:
    compiled = compile(_chain, exact=True)
    dense = compiled.jacobian(POINT)
    found = compiled.jacobian(POINT, sparse=True)
    assert found.nnz == 30
    assert np.array_equal(found.toarray(), dense)
    whole = compile(_rosenbrock, exact=True)
    assert np.array_equal(whole.hessian(POINT, sparse=True).toarray(), whole.hessian(POINT))


def test_an_exact_batch_is_refused() -> None:
    compiled = compile(lambda x, y: pick([x, 2.0 * x], y), batch=("y",), exact=True)
    with pytest.raises(CompileError, match="without exact=True"):
        compiled.jacobian(1.0, [0, 1], sparse=True)


@ways
def test_a_matrix_without_entries() -> None:
    assert compile(lambda x: [3.0, 4.0]).jacobian([1.0, 2.0], sparse=True).nnz == 0
    linear = compile(lambda x: 2.0 * x[0] - relu(x[1]))
    assert linear.hessian([1.0, 2.0], sparse=True).nnz == 0
    assert linear.hessian([1.0, 2.0], sparse=True).shape == (2, 2)
    switched = compile(lambda x: where(x[0], x[1], 3.0))
    assert switched.hessian([1.0, 2.0], sparse=True).nnz == 0
    assert compile(lambda x: []).jacobian([1.0, 2.0], sparse=True).shape == (0, 2)


@ways
def test_a_pickled_one_answers() -> None:
    compiled = compile(_rosenbrock)
    expected = compiled.hessian(POINT, sparse=True)
    again = pickle.loads(pickle.dumps(compiled)).hessian(POINT, sparse=True)
    assert np.array_equal(again.toarray(), expected.toarray())


# --- with SciPy -------------------------------------------------------------------------------------------------------


def test_newton_steps_solve_a_sparse_system() -> None:
    """From a point near the minimum at (1, …, 1) each step about squares the error: 1e-2 is below 1e-12 after five."""
    compiled = compile(_rosenbrock)
    x = 1.0 + 0.01 * np.sin(np.arange(30.0))
    for _ in range(5):
        _, gradient = compiled.value_and_grad(x)
        x = x - scipy.sparse.linalg.spsolve(compiled.hessian(x, sparse=True).tocsc(), gradient)
    assert np.abs(x - 1.0).max() < 1e-12


def test_trust_constr_takes_it_as_the_hessian() -> None:
    compiled = compile(_rosenbrock)
    found = scipy.optimize.minimize(
        compiled.value,
        np.full(10, 0.9),
        method="trust-constr",
        jac=lambda x: compiled.value_and_grad(x)[1],
        hess=lambda x: compiled.hessian(x, sparse=True),
        options={"gtol": 1e-9},
    )
    assert np.abs(found.x - 1.0).max() < 1e-6


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_explain_shows_colours() -> None:
    compiled = compile(_rosenbrock)
    compiled.hessian(POINT, sparse=True)
    assert "sparse: 12 × 12, 34 nonzeros, 3 colours, symmetric" in compiled.explain()
    assert "derivative: hessian" in compiled.explain()
    f = compile(_chain)
    f.jacobian(POINT, sparse=True)
    assert "sparse: 10 × 12, 30 nonzeros, 3 colours, forward" in f.explain()
    g = compile(_many_rows)
    g.jacobian(POINT, sparse=True)
    assert "colours, forward" in g.explain()


def _work(compiled: Any) -> int:
    """Equations, for each direction that runs through them."""
    return len(compiled.program.equations) * max(1, compiled._ran().lowered.seeds)


@pytest.mark.slow
@ways
def test_rosenbrock_needs_a_hundredth_of_the_work() -> None:
    """400 variables: three directions instead of four hundred."""
    point = np.linspace(0.5, 1.5, 400)
    compiled = compile(_rosenbrock, backend="numpy")
    dense = compiled.hessian(point)
    whole = _work(compiled)
    found = compiled.hessian(point, sparse=True)
    assert compiled._ran().lowered.plan.count == 3
    assert found.nnz == 1198
    assert whole >= 100 * _work(compiled)
    np.testing.assert_allclose(found.toarray(), dense, rtol=0.0, atol=1e-10)
