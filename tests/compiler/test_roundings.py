"""Row F8: sums that compute their own roundings keep their order in every back end."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd.compiler.program import Equation, Program
from autograd.compiler.reassociate import sums
from autograd.functional import hessian
from autograd.rules import add, neg, sub


def two_sum(a: Any, b: Any) -> Any:
    """What a + b lacks (Knuth)."""
    s = a + b
    back = s - a
    return (a - (s - back)) + (b - back)


def fast_two_sum(a: Any, b: Any) -> Any:
    """The same for |a| >= |b| (Dekker)."""
    s = a + b
    return b - (s - a)


def split(a: Any, b: Any) -> Any:
    """The upper half of the digits of a (Veltkamp)."""
    c = 134217729.0 * a
    return c - (c - a) + 0.0 * b


def kahan(a: Any, b: Any) -> Any:
    """Compensated summation."""
    s, lost = 0.0, 0.0
    for x in (a, b, a * 1e-9, b * 1e-9):
        y = x - lost
        t = s + y
        lost = (t - s) - y
        s = t
    return lost


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("rounding", [two_sum, fast_two_sum, split, kahan])
def test_f8_compensated_arithmetic(rounding: Callable[[Any, Any], Any], backend: str) -> None:
    fast = autograd.compile(rounding, backend=backend)
    rng = random.Random(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(50):
            a, b = rng.uniform(1.0, 2.0), rng.uniform(-1.0, 1.0)
            assert fast(a, b) == rounding(a, b)
    assert fast.explain().startswith(f"back end: {backend}")


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_f8_the_hessian_of_a_power(backend: str) -> None:
    def f(x: float, y: float) -> Any:
        return hessian(lambda v: v[0] ** v[1])([x, y])

    fast = autograd.compile(f, backend=backend)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x, y in ((1.3, 2.7), (0.4, -1e-3), (3.1, 0.1), (2.0, 3.0), (0.7, 1e-9), (5.0, -0.3)):
            for found, wanted in zip(fast(x, y), f(x, y), strict=True):
                assert found == pytest.approx(wanted, rel=1e-12)
    assert fast.explain().startswith(f"back end: {backend}")


def test_f8_what_cancels_is_left_and_what_does_not_is_one_sum() -> None:
    """Both orders of signs, through a negation and through a difference that others look at too."""
    x, y, z = range(3)
    for first, last in (((add, (x, y)), (sub, (3, x))), ((sub, (x, y)), (add, (3, y))), ((neg, (x,)), (add, (3, x)))):
        cancelling = Program(("x", "y", "z"), (Equation(*first), Equation(*last)), (), (4,))
        assert sums(cancelling) is cancelling
    plain = Program(("x", "y", "z"), (Equation(add, (x, y)), Equation(sub, (3, z))), (), (4,))
    assert len(sums(plain).equations) == 1
    shared = Program(("x", "y", "z"), (Equation(add, (x, y)), Equation(sub, (3, x)), Equation(sub, (y, 4))), (), (3, 5))
    assert sums(shared) is shared


POWERS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "x ** x": (lambda x: x**x, 0.5),
    "a rounded exponent": (lambda x: x**x, 0.3),
    "exactly x": (lambda z: z ** autograd.cos(z), 1.0),
    "expm1": (lambda x: autograd.expm1(x) ** autograd.expm1(x), 0.3),
    "softplus": (lambda x: autograd.softplus(x) ** autograd.softplus(x), -1.1),
    "reciprocal": (lambda x: (1.0 / x) ** (1.0 / x), 3.0),
    "below 0": (lambda x: x ** (-2.0 * x), 0.4),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", POWERS)
def test_no_branch_of_a_power_hangs_on_the_last_digit_of_its_exponent(name: str, backend: str, dtype: str) -> None:
    """Whether y - 1 is exact differs between float32 and float64, and between two orders of a sum."""
    f, x = POWERS[name]
    fast = autograd.compile(f, backend=backend, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fast.hessian(x)[0][0]
    assert found == pytest.approx(hessian(f)(x), rel=1e-12 if dtype == "float64" else 1e-4)
    assert fast.explain().startswith(f"back end: {backend}")


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("f", [lambda x: x + 0.0, lambda x: 0.0 + x])
def test_adding_0_takes_the_sign_of_a_zero_away(f: Callable[[Any], Any], backend: str) -> None:
    fast = autograd.compile(lambda x: 1.0 / f(x), backend=backend)
    assert (fast(0.5), fast(-0.0)) == (2.0, math.inf)


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
def test_a_power_to_minus_2x_has_its_limits_at_0(backend: str) -> None:
    """The root of −0 + 0 is 0: its slope is ∞ and not −∞."""
    fast = autograd.compile(lambda z: z ** (-2.0 * z), backend=backend)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fast.hessian(0.0)[0][0] == -math.inf
