"""Bundle adjustment: the whole sparse Jacobian at once, as an optimiser wants it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from autograd import compile
from autograd.functional import jacobian
from tests.sparse.bundle import bundle, dense_blocks

SMALL = bundle(cameras=3, points=7, observations=12)
# Relative to the largest entry: each is a sum of a hundred products, rounded in another order.
ROUNDING = 1000 * 2.0**-53


def test_the_eager_one_is_the_dense_one() -> None:
    found = jacobian(SMALL.residuals, sparse=True)(SMALL.start)
    dense = np.array(jacobian(SMALL.residuals)(SMALL.start))
    assert found.nnz == 12 * (14 + 14 + 1)
    assert np.abs(found.toarray() - dense).max() <= ROUNDING * np.abs(dense).max()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
def test_the_compiled_one_is_the_dense_one(backend: str) -> None:
    compiled = compile(SMALL.residuals, backend=backend)  # type: ignore[arg-type]
    found = compiled.jacobian(np.array(SMALL.start), sparse=True)
    dense = np.array(jacobian(SMALL.residuals)(SMALL.start))
    assert found.nnz == 12 * (14 + 14 + 1)
    assert np.abs(found.toarray() - dense).max() <= ROUNDING * np.abs(dense).max()
    assert "8 colours, reverse" in compiled.explain()


@pytest.mark.slow
def test_a_larger_one_has_the_blocks_of_each_observation() -> None:
    """20 cameras, 100 points: 1560 × 1040 with 15 080 entries, by 14 directions."""
    problem = bundle(cameras=20, points=100, observations=520)
    compiled = compile(problem.residuals, backend="numpy")
    found = compiled.jacobian(np.array(problem.start), sparse=True)
    assert "14 colours, forward" in compiled.explain()
    assert found.shape == (3 * 520, 11 * 20 + 3 * 100 + 520)
    assert found.nnz == 520 * (14 + 14 + 1)
    expected = dense_blocks(problem, jacobian)
    rows, columns = found.nonzero()
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) <= expected.keys()
    scale = max(map(abs, expected.values()))
    dense = found.toarray()
    assert all(abs(dense[place] - d) <= ROUNDING * scale for place, d in expected.items())


def test_least_squares_solves_it() -> None:
    """With the sparse Jacobian and LSMR; the errors of the weights pull these to 1, the others to the features."""
    compiled = compile(SMALL.residuals)
    start = np.array(SMALL.start)
    found = scipy.optimize.least_squares(
        compiled.value, start, jac=lambda x: compiled.jacobian(x, sparse=True), x_scale="jac", max_nfev=30
    )
    before = 0.5 * np.sum(compiled.value(start) ** 2)
    assert found.cost < 1e-3 * before
    gradient = compiled.jacobian(found.x, sparse=True).T @ compiled.value(found.x)
    np.testing.assert_allclose(found.grad, gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())
