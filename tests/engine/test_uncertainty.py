"""Propagation of uncertainty: the law for linear functions, closed forms, and Monte Carlo (issue K)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import autograd as ag
from autograd import Value, propagate

small = st.integers(-8, 8).map(lambda n: n / 4)


def matrices(rows: int, columns: int) -> st.SearchStrategy[NDArray[Any]]:
    return st.lists(small, min_size=rows * columns, max_size=rows * columns).map(
        lambda xs: np.array(xs).reshape(rows, columns)
    )


@pytest.mark.parametrize("order", [1, 2])
@given(a=matrices(2, 3), root=matrices(3, 3))
def test_a_linear_map_gives_a_c_a_transposed(order: int, a: NDArray[Any], root: NDArray[Any]) -> None:
    """Of any rank; sums of nine products of quarters have no roundings, but the second derivatives may leave some."""
    c = root @ root.T
    result = propagate(lambda x: [ag.dot(list(row), x) for row in a], [1.0, 2.0, 3.0], c, order)
    assert np.allclose(result.covariance, a @ c @ a.T, rtol=0.0, atol=1e-12 * (1.0 + np.abs(c).max()))
    assert result.value == pytest.approx(list(a @ [1.0, 2.0, 3.0]), abs=1e-12)
    assert np.array_equal(result.sensitivities, a)


@given(mean=st.floats(-3.0, 3.0), variance=st.floats(0.0, 4.0))
def test_order_2_is_exact_for_a_square(mean: float, variance: float) -> None:
    """Of a normal x: E x² = m² + v and Var x² = 4 m² v + 2 v²."""
    result = propagate(lambda x: x * x, mean, variance, order=2)
    assert result.value == pytest.approx(mean**2 + variance, rel=1e-13)
    assert result.covariance[0][0] == pytest.approx(4 * mean**2 * variance + 2 * variance**2, rel=1e-12, abs=1e-300)


def test_order_2_has_the_third_derivative_of_the_guide() -> None:
    """JCGM 100, note to 5.1.2, for one input: (½ f″² + f′ f‴) u⁴."""
    x, u = 0.3, 0.1
    d = ag.functional.derivatives(ag.sin, x, 3)
    result = propagate(ag.sin, x, u * u, order=2)
    assert result.covariance[0][0] == pytest.approx(
        d[1] ** 2 * u**2 + (0.5 * d[2] ** 2 + d[1] * d[3]) * u**4, rel=1e-14
    )


VOLTAGE = [5.007, 4.994, 5.005, 4.990, 4.999]  # JCGM 100, table H.2: five observations at a time
CURRENT = [0.019663, 0.019639, 0.019640, 0.019685, 0.019678]
PHASE = [1.0456, 1.0438, 1.0468, 1.0428, 1.0433]


def test_the_example_of_the_guide_on_impedances() -> None:
    """JCGM 100, H.2: R = V cos φ / I, X = V sin φ / I and Z = V / I of correlated means.

    Everything is derived from the five observations: the means, their covariance, and the results of table H.4. The
    summary that others quote from the guide (rounded to two digits) is what the observations give.
    """
    observed = np.array([VOLTAGE, CURRENT, PHASE])
    at, covariance = observed.mean(axis=1), np.cov(observed) / 5.0
    deviations, correlations = np.sqrt(covariance.diagonal()), np.corrcoef(observed)
    assert at == pytest.approx([4.9990, 0.0196610, 1.04446], rel=1e-9)
    assert deviations == pytest.approx([0.0032, 0.0000095, 0.00075], rel=5e-3)  # half a unit of their last digit
    assert correlations[[0, 0, 1], [1, 2, 2]] == pytest.approx([-0.36, 0.86, -0.65], abs=5e-3)
    result = propagate(
        lambda x: {"R": x[0] / x[1] * ag.cos(x[2]), "X": x[0] / x[1] * ag.sin(x[2]), "Z": x[0] / x[1]},
        at.tolist(),
        covariance,
    )
    assert result.value == pytest.approx({"R": 127.732, "X": 219.847, "Z": 254.260}, abs=5e-4)
    assert result.uncertainty == pytest.approx({"R": 0.071, "X": 0.295, "Z": 0.236}, abs=1e-3)  # the guide rounds twice
    c = np.array(result.covariance)
    among = c / np.sqrt(np.outer(c.diagonal(), c.diagonal()))
    assert among[[0, 0, 1], [1, 2, 2]] == pytest.approx([-0.588, -0.485, 0.993], abs=6e-4)


def test_monte_carlo_agrees_and_more_so_with_order_2() -> None:
    """The error of a sampled moment is its deviation / √n; that of an order is the next one, C³."""
    mean, c, n = [0.3, 1.0], np.array([[0.04, 0.01], [0.01, 0.09]]), 400_000
    x = np.random.default_rng(0).multivariate_normal(mean, c, size=n).T
    samples = np.array([np.exp(x[0]) * x[1], np.sin(x[1])])

    def f(x: Any) -> Any:
        return [ag.exp(x[0]) * x[1], ag.sin(x[1])]

    centred = samples - samples.mean(axis=1, keepdims=True)
    products = np.einsum("an,bn->abn", centred, centred)
    noise = 5.0 * products.std(axis=2) / math.sqrt(n)
    gaps = [np.abs(np.array(propagate(f, mean, c, k).covariance) - products.mean(axis=2)) for k in (1, 2)]
    assert np.all(gaps[1] <= noise + 4.0 * c.max() ** 3)
    assert np.linalg.norm(gaps[1]) + np.linalg.norm(noise) < np.linalg.norm(gaps[0])
    sampled, deviations = samples.mean(axis=1), 5.0 * samples.std(axis=1) / math.sqrt(n)
    assert np.all(np.abs(propagate(f, mean, c, 2).value - sampled) <= deviations + c.max() ** 2)


def test_results_are_numbers_also_where_values_are_closed_over() -> None:
    w = Value(2.0)
    result = propagate(lambda x: w * x, Value(3.0), 0.25)
    assert (result.value, result.covariance, result.uncertainty) == (6.0, [[1.0]], 1.0)
    assert w.grad == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: propagate(ag.total, [1.0, 2.0], [[1.0]]), "must be a matrix 2 × 2"),
        (lambda: propagate(ag.total, [1.0, 2.0], 3.0), "must be a matrix 2 × 2"),
        (lambda: propagate(ag.total, [1.0, 2.0], [[1.0, 0.5], [0.4, 1.0]]), r"covariance\[0\]\[1\] = 0.5 does not fit"),
        (lambda: propagate(ag.total, [1.0, 2.0], [[1.0, 2.0], [2.0, 1.0]]), "the variances are 1.0 and 1.0"),
        (lambda: propagate(ag.sin, 1.0, -1.0), "not positive semidefinite"),
        (lambda: propagate(ag.sin, 1.0, math.nan), "does not fit"),
        (
            lambda: propagate(ag.total, [1.0] * 3, [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]),
            "not positive semidefinite",
        ),
        (lambda: propagate(ag.sin, 1.0, 1.0, order=3), "order must be 1 or 2, got 3"),
    ],
)
def test_a_covariance_that_is_none_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
