"""Back ends at their limits, found by a fuzzer: operand counts, gaps in arrays, float32's range and decisions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Value, functional

everywhere = pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
fast_ones = pytest.mark.parametrize("backend", ["numpy", "llvm"])
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("error")]  # a fallback is a failure here


@pytest.fixture(name="squares", scope="module")
def _squares() -> Any:
    return PRIMITIVES.get("sum_of_squares") or autograd.define(
        "sum_of_squares", lambda *xs: sum(x * x for x in xs), variadic=lambda out, *xs: [2.0 * x for x in xs]
    )


@everywhere
def test_a_primitive_of_ones_own_with_several_operand_counts(squares: Any, backend: str) -> None:
    def f(x: Any) -> Any:
        pairs = [squares(x[i], x[i + 1]) for i in range(4)]
        triples = [squares(x[i], x[i + 1], x[i + 2]) for i in range(4)]
        return autograd.total(pairs) * squares(*x) + autograd.total(triples) + squares(x[0])

    x = [1.0, -2.0, 3.0, 0.5, 4.0, 2.0]
    expected = functional.value_and_grad(f)(x)
    assert autograd.compile(f, backend=backend).value_and_grad(x) == expected
    assert autograd.compile(f, batch=("x",), backend=backend).value_and_grad([x, x]) == expected


@fast_ones
@dtypes
@pytest.mark.parametrize("gap", range(1, 18))
def test_signs_of_numbers_with_gaps(gap: int, dtype: str, backend: str) -> None:
    """NumPy's `negative` takes wrong elements at 4 float32 or 8 float64 from one to the next."""

    def f(xs: Any) -> Any:
        return [-x for x in xs[::gap]], [xs[1] - x for x in xs[::gap]], [x * -1.0 for x in xs[::gap]]

    xs = [float(i) for i in range(5 * gap)]
    assert autograd.compile(f, backend=backend, dtype=dtype).value(xs) == f(xs)
    mapped = autograd.compile(f, backend=backend, dtype=dtype, batch=("xs",)).map([xs, xs])
    assert [[row.tolist() for row in part] for part in mapped] == [[[x, x] for x in part] for part in f(xs)]


@fast_ones
@dtypes
@pytest.mark.parametrize("point", [1.0, -1.0, 0.5, 0.0])
@pytest.mark.parametrize(
    "f", [lambda y: autograd.atan(-y / 2.0 / 0.5), lambda y: autograd.atan(-y), lambda y: autograd.asin(-y / 2.0)]
)
def test_hessians_of_what_has_a_sign(f: Callable[[Any], Any], point: float, dtype: str, backend: str) -> None:
    """Of one parameter and beside another, whose lanes stand between."""
    expected = functional.hessian(f)(point)
    for others in range(4):
        w = [Value(point), *[Value(2.0) for _ in range(others)]]
        fast = autograd.compile(
            lambda w=w: f(w[0]) + autograd.total([v * v for v in w[1:]]), parameters=w, backend=backend, dtype=dtype
        )
        found = fast.hessian()
        # A dozen operations, each rounded once.
        np.testing.assert_allclose(found[0, 0], expected, rtol=12 * float(np.finfo(dtype).eps), atol=0.0)
        assert found[1:, 1:].tolist() == (2.0 * np.eye(others)).tolist()


@everywhere
@pytest.mark.parametrize("others", range(4))
def test_a_hessian_at_the_end_of_a_domain_is_eagers(others: int, backend: str) -> None:
    w = [Value(1.0), *[Value(2.0) for _ in range(others)]]

    def f(w: Any) -> Any:
        return autograd.acos(-w[0]) + autograd.total([v * v for v in w[1:]])

    expected = np.array(functional.hessian(f)([v.data for v in w]))
    found = autograd.compile(lambda: f(w), parameters=w, backend=backend).hessian()
    np.testing.assert_array_equal(found, expected)


@everywhere
@pytest.mark.parametrize("exact", [False, True])
def test_a_mean_overflows_where_the_sum_does(exact: bool, backend: str) -> None:
    if (exact, backend) == (True, "numpy"):
        backend = "auto"
    xs = [1e308, 1e308, 1e308]
    expected = float(autograd.total([Value(x) for x in xs]) / 3.0)
    fast = autograd.compile(lambda x: x * 1.0, batch=("x",), backend=backend, exact=exact)
    assert fast.value(xs) == expected == math.inf
    assert fast.value_and_grad(xs)[1] == 1.0
    assert fast.map(xs).tolist() == xs


@fast_ones
@pytest.mark.parametrize("batch", [(), ("x",)])
def test_float32_overflows_without_a_word_of_numpy(batch: tuple[str, ...], backend: str) -> None:
    fast = autograd.compile(lambda x: x * x, dtype="float32", backend=backend, batch=batch)
    one = (lambda x: [x] * 9) if batch else (lambda x: x)
    assert fast.value(one(2.0)) == 4.0
    assert fast.value_and_grad(one(2.0)) == (4.0, 4.0)
    for large in (1e30, 1e300, -1e300):
        assert fast(one(large)) == math.inf
        value, slope = fast.value_and_grad(one(large))
        assert value == math.inf
        assert slope == pytest.approx(2.0 * large, rel=1e-6) if abs(large) < 1e38 else math.isinf(slope)


@fast_ones
def test_what_float32_cannot_hold_runs_in_float64_and_says_so(backend: str) -> None:
    for f in (lambda x: x * 1e300, lambda x: autograd.exp(x) + 1e39, lambda x: x * 1e-300):
        with pytest.warns(RuntimeWarning, match=r"too large or too small.*dtype=\"float64\""):
            found = autograd.compile(f, dtype="float32", backend=backend)(2.0)
        assert found == float(f(Value(2.0)))


@fast_ones
def test_float32_decides_on_rounded_numbers(backend: str) -> None:
    """0.1 + 10⁻¹² and 0.1 are one number there, on both sides of a comparison; PyTorch does the same."""
    above = 0.1 + 1e-12

    def f(x: Any) -> Any:
        return x * 2.0 if x > 0.1 else x * 3.0

    fast = autograd.compile(f, dtype="float32", backend=backend)
    assert [round(fast(x), 6) for x in (0.1, above, 1.0, above, 0.1)] == [0.3, 0.3, 2.0, 0.3, 0.3]
    assert "recordings: 2" in fast.explain()
    many = autograd.compile(lambda xs: [f(x) for x in xs], dtype="float32", backend=backend)  # asked as arrays
    many([1.0] * 12), many([0.1] * 12)
    assert [round(x, 6) for x in many([above] * 12)] == [0.3] * 12
    assert "recordings: 2" in many.explain()


@fast_ones
def test_a_recording_that_float32_decides_otherwise_keeps_eagers_decision(backend: str) -> None:
    fast = autograd.compile(lambda x: x * 2.0 if x > 0.1 else x * 3.0, dtype="float32", backend=backend)
    with pytest.warns(RuntimeWarning, match=r"a comparison comes out differently at .*test_limits\.py:\d+"):
        assert fast(0.1 + 1e-12) == (0.1 + 1e-12) * 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fast(0.1 + 1e-12) == (0.1 + 1e-12) * 2.0
        assert fast(1.0) == 2.0
    assert "recordings: 1" in fast.explain()
