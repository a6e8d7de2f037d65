"""`functional.jacobian(sparse=True)` and `functional.hessian(sparse=True)`: what the dense ones give, in few passes."""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from hypothesis import given

import autograd
from autograd import GraphError, compile, exp, floor, pick, sin, where
from autograd.functional import grad, hessian, jacobian
from autograd.graph import topological
from autograd.sparse.eager import Recorded
from tests.support.graphs import Graph, graphs


def _rosenbrock(x: list[Any]) -> Any:
    return sum((100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)), 0.0)


def _rounding(graph: Graph) -> float:
    """How far two ways to a derivative may be apart.

    Each of n nodes of the gradient's graph rounds by 2⁻⁵³ of the largest number L, and the error reaches the result
    multiplied by at most L; both ways do so.
    """
    leaves, root = graph.record()
    nodes = [node for first in autograd.grad(root, leaves) for node in topological(first)]
    numbers = [abs(x) for node in nodes for x in (node.data, *node.partials)]
    largest = max([1.0, *[x for x in numbers if math.isfinite(x)]])
    return 2.0 * len(nodes) * 2.0**-53 * largest**3


def _agree(found: np.ndarray, expected: Any, tolerance: float) -> None:
    """Wherever the dense one is finite: it also has 0 · ∞ where nothing flows."""
    dense = np.array(expected)
    finite = np.isfinite(dense)
    assert found.shape == dense.shape
    assert np.all(np.abs(found[finite] - dense[finite]) <= tolerance)


@given(graph=graphs())
def test_a_sparse_jacobian_is_the_dense_one(graph: Graph) -> None:
    """Of all numbers of a graph: the same products, in the order of forward mode or reverse mode."""

    def f(xs: list[Any]) -> list[Any]:
        return graph.nodes(xs)

    point = list(graph.inputs)
    _agree(jacobian(f, sparse=True)(point).toarray(), jacobian(f)(point), _rounding(graph))


@given(graph=graphs())
def test_a_sparse_hessian_is_the_dense_one(graph: Graph) -> None:
    def f(xs: list[Any]) -> Any:
        return graph(*xs)

    point = list(graph.inputs)
    found, dense = hessian(f, sparse=True)(point).toarray(), np.array(hessian(f)(point))
    tolerance = _rounding(graph)
    # At a kink an entry may depend on which derivative is taken first; the sparse one has either, and is symmetric.
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        kinks = np.isfinite(dense) & np.isfinite(dense.T) & ~(np.abs(dense - dense.T) <= tolerance)
        either = (np.abs(found - dense) <= tolerance) | (np.abs(found - dense.T) <= tolerance)
    assert np.all(either[kinks])
    _agree(found, np.where(kinks, found, dense), tolerance)


# --- what comes back --------------------------------------------------------------------------------------------------


def test_it_is_a_csr_array_with_the_entries_of_the_graph() -> None:
    found = hessian(_rosenbrock, sparse=True)([1.0] * 10)
    assert isinstance(found, scipy.sparse.csr_array)
    assert (found.shape, found.nnz, found.dtype) == ((10, 10), 28, np.float64)
    assert found.has_sorted_indices


def test_structures_are_flattened_in_order() -> None:
    def f(p: dict[str, Any]) -> dict[str, Any]:
        return {"first": p["w"][1] * p["b"], "rest": [p["w"][0] ** 2, p["b"]]}

    found = jacobian(f, sparse=True)({"w": [2.0, 3.0], "b": 5.0}).toarray()
    assert found.tolist() == [[0.0, 5.0, 3.0], [4.0, 0.0, 0.0], [0.0, 0.0, 1.0]]


def test_argnum_chooses_the_argument() -> None:
    f = lambda a, x: [a * x[0], x[1] ** 3]  # noqa: E731
    assert jacobian(f, 1, sparse=True)(2.0, [1.0, 2.0]).toarray().tolist() == [[2.0, 0.0], [0.0, 12.0]]
    assert jacobian(f, sparse=True)(2.0, [1.0, 2.0]).toarray().tolist() == [[1.0], [0.0]]


def test_entries_that_happen_to_be_0_are_stored() -> None:
    found = jacobian(lambda x: [x[0] * x[1], x[1]], sparse=True)([2.0, 0.0])
    assert found.nnz == 3
    assert found.toarray().tolist() == [[0.0, 2.0], [0.0, 1.0]]


def test_numbers_and_constants_as_results() -> None:
    assert jacobian(lambda x: [3.0, x[0], x[0]], sparse=True)([2.0, 1.0]).toarray().tolist() == [[0, 0], [1, 0], [1, 0]]
    assert hessian(lambda x: 3.0, sparse=True)([2.0, 1.0]).nnz == 0
    assert hessian(lambda x: x, sparse=True)(2.0).shape == (1, 1)
    assert jacobian(lambda x: [], sparse=True)([1.0, 2.0]).shape == (0, 2)


def test_a_dense_row_is_computed_in_reverse() -> None:
    found = jacobian(lambda x: sum((each * each for each in x), 0.0), sparse=True)([1.0, 2.0, 3.0])
    assert found.toarray().tolist() == [[2.0, 4.0, 6.0]]


def test_branches_and_indices_are_those_of_the_point() -> None:
    f = lambda x: [where(x[0] > 0.0, x[1] ** 2, x[2]), pick(x, 1), floor(x[0] * x[1])]  # noqa: E731
    found = jacobian(f, sparse=True)([1.0, 2.0, 3.0])
    assert found.nnz == 2
    assert found.toarray().tolist() == [[0.0, 4.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_an_infinite_partial_stays_in_its_own_entry() -> None:
    """√x at 0 has the derivative ∞, and the floor of it has 0: the entries beside them are finite."""
    found = jacobian(lambda x: [floor(x[0] ** 0.5) + x[1], x[1] * x[2]], sparse=True)([0.0, 2.0, 3.0])
    assert found.toarray().tolist() == [[0.0, 1.0, 0.0], [0.0, 3.0, 2.0]]


def test_several_arguments_follow_each_other() -> None:
    f = lambda a, x: [a * x[0], x[1] ** 3]  # noqa: E731
    expected = [[2.0, 0.0, 1.0], [0.0, 12.0, 0.0]]
    assert jacobian(f, (1, 0), sparse=True)(2.0, [1.0, 2.0]).toarray().tolist() == expected
    assert jacobian(f, argnums=(1, 0), sparse=True)(2.0, [1.0, 2.0]).toarray().tolist() == expected
    assert hessian(lambda a, x: a * x * x, argnums=1, sparse=True)(2.0, 3.0).toarray().tolist() == [[4.0]]


def test_a_compiled_function_uses_its_program() -> None:
    fast = compile(_rosenbrock)
    found = hessian(fast, sparse=True)([0.5, 1.5, 2.0])
    _agree(found.toarray(), hessian(_rosenbrock)([0.5, 1.5, 2.0]), 1e-10)
    assert "sparse: 3 × 3, 7 nonzeros" in fast.explain()
    rows = jacobian(compile(lambda a, x: [a * x[0], x[1]]), 1, sparse=True)(2.0, [1.0, 2.0])
    assert rows.toarray().tolist() == [[2.0, 0.0], [0.0, 1.0]]


# --- where it cannot be had -------------------------------------------------------------------------------------------


def test_it_cannot_be_differentiated_or_recorded() -> None:
    def inner(x: Any) -> Any:
        return jacobian(lambda y: [y * y], sparse=True)(x).sum()

    for outer in (grad(inner), jacobian(inner), compile(inner)):
        with pytest.raises(GraphError, match="leave out sparse=True"):
            outer(2.0)


def test_without_scipy_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    called: list[Any] = []
    for f in (called.append, compile(called.append)):
        with pytest.raises(ImportError, match=r"scalar-autograd\[sparse\]"):
            jacobian(f, sparse=True)(1.0)
    assert not called


def test_other_results_are_refused_as_by_the_dense_ones() -> None:
    with pytest.raises(TypeError, match="must return a number"):
        hessian(lambda x: [x], sparse=True)(1.0)
    with pytest.raises(TypeError, match="argnum"):
        jacobian(lambda x: x, 3, sparse=True)(1.0)


def test_a_number_that_leaves_the_graph_is_reported() -> None:
    with pytest.warns(RuntimeWarning, match="math"):
        found = jacobian(lambda x: [math.sin(x[0]), x[1]], sparse=True)([1.0, 2.0])
    assert found.toarray().tolist() == [[0.0, 0.0], [0.0, 1.0]]


# --- few passes -------------------------------------------------------------------------------------------------------


def test_work_grows_with_the_colours_not_with_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    forward = Recorded._forward
    monkeypatch.setattr(Recorded, "_forward", lambda self, *args: passes.append(1) or forward(self, *args))
    hessian(_rosenbrock, sparse=True)([0.5] * 50)
    assert len(passes) == 3


def test_least_squares_takes_it() -> None:
    """Exponentials that each see two of the parameters."""
    truth = [0.5, -1.0, 0.25, 1.5, -0.5]

    def residuals(p: Any) -> list[Any]:
        steps = [
            exp(a) + sin(b) - math.exp(s) - math.sin(t)
            for (a, b), (s, t) in zip(pairwise(p), pairwise(truth), strict=True)
        ]
        return [*steps, p[0] - truth[0]]

    sparse = jacobian(residuals, sparse=True)
    found = scipy.optimize.least_squares(
        lambda p: np.array(residuals(p.tolist())), [0.4] * 5, jac=lambda p: sparse(p.tolist()), xtol=1e-15
    )
    assert found.success
    assert np.abs(found.x - truth).max() < 1e-6
