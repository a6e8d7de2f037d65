"""Orders 0 to 3 at awkward points, against closed forms in 60 digits or known limits; ties of several operands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from mpmath import mp, mpf

import autograd as ag
from autograd import PRIMITIVES, Value, rules

INF, NAN = math.inf, math.nan
LARGE = [711.0, 712.0, 1e3, 1e154, 1e308, INF]


def orders(row: Any, x: float) -> list[float]:
    """The value and three derivatives by repeated `grad`."""
    leaf = Value(x)
    results = [row(leaf)]
    for _ in range(3):
        results.append(ag.grad(results[-1], leaf))
    return [each.data for each in results]


@pytest.mark.parametrize("x", [sign * x for x in LARGE for sign in (1.0, -1.0)])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf", "normal_cdf", "normal_pdf", "sech_square"])
def test_f5_saturated_rows_are_flat_in_every_order(name: str, x: float) -> None:
    derivatives = orders(PRIMITIVES[name], x)[1:]
    assert all(abs(d) < 1e-305 for d in derivatives), derivatives


@pytest.mark.parametrize(
    ("name", "x"), [("atan", INF), ("atan", -INF), ("asinh", INF), ("asinh", -INF), ("acosh", INF)]
)
def test_f5_limits_at_infinity_are_0_in_every_order(name: str, x: float) -> None:
    assert orders(PRIMITIVES[name], x)[1:] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("x", [1e154, 1e308, INF])
def test_f5_gelu_far_out(x: float) -> None:
    assert orders(rules.gelu, x) == [x, 1.0, 0.0, 0.0]
    assert orders(rules.gelu, -x) == [0.0, 0.0, 0.0, 0.0]


OUTSIDE = {"log": -1.0, "log1p": -2.0, "atanh": 2.0, "asin": 2.0, "acos": -2.0, "acosh": 0.5, "sqrt": -1.0}
OUTSIDE |= {"rsqrt": -1.0, "log2": -1.0, "log10": -2.0, "log1mexp": -0.5}


@pytest.mark.parametrize("name", OUTSIDE)
def test_f16_outside_the_domain_every_order_is_nan(name: str) -> None:
    far = -INF if OUTSIDE[name] < 1.0 else INF
    for x in (OUTSIDE[name], far):
        assert all(map(math.isnan, orders(PRIMITIVES[name], x))), x


CLOSED: dict[str, Callable[[Any], Sequence[Any]]] = {
    "asin": lambda x: (x / (1 - x * x) ** 1.5, (1 + 2 * x * x) / (1 - x * x) ** 2.5),
    "acos": lambda x: (-x / (1 - x * x) ** 1.5, -(1 + 2 * x * x) / (1 - x * x) ** 2.5),
    "atanh": lambda x: (2 * x / (1 - x * x) ** 2, (2 + 6 * x * x) / (1 - x * x) ** 3),
    "tanh": lambda x: (-2 * mp.tanh(x) * mp.sech(x) ** 2, (4 - 6 * mp.sech(x) ** 2) * mp.sech(x) ** 2),
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("x", [5e-324, 1e-300, 1e-16, -1e-8, 0.25, -0.49, 0.5, 0.625])
def test_f16_second_and_third_order_keep_their_digits(name: str, x: float) -> None:
    with mp.workdps(60):
        exact = [float(each) for each in CLOSED[name](mpf(x))]
    for got, expected in zip(orders(PRIMITIVES[name], x)[2:], exact, strict=True):
        assert got == pytest.approx(expected, rel=32 * 2.0**-52, abs=5e-324)


@pytest.mark.parametrize("f", [lambda x, y: ag.hypot(x, y) ** 2, lambda x, y: ag.norm([x, y]) ** 2, ag.hypot, ag.atan2])
def test_a8_a_tip_has_no_second_derivative(f: Callable[..., Value]) -> None:
    x, y = Value(0.0), Value(0.0)
    first = ag.grad(f(x, y), [x, y])
    assert [each.data for each in first] == [0.0, 0.0]
    assert any(math.isnan(each.data) for d in first for each in ag.grad(d, [x, y]))


def test_a8_the_checker_does_not_settle_it() -> None:
    assert ag.check_gradients(lambda x, y: ag.hypot(x, y) ** 2, 0.0, 0.0, order=2).inconclusive


@pytest.mark.parametrize("x", [0.0, 5e-324, -5e-324, 1e-310, 2.0, INF, NAN])
def test_f16_grad_and_backward_agree_on_a_power_of_0(x: float) -> None:
    base = Value(x)
    out = base ** Value(0.0)
    out.backward()
    assert ag.grad(out, base).data == base.grad == 0.0


@pytest.mark.parametrize(
    ("f", "slope", "second"),
    [
        (lambda x: x**x, 0.0, INF),
        (lambda x: x ** (2.0 * x), 0.0, INF),
        (lambda x: x ** (-2.0 * x), 0.0, -INF),
        (lambda x: x ** (x + 1.0), 1.0, -INF),
    ],
)
def test_f16_a_power_of_0_whose_exponent_moves_too(f: Callable[[Any], Any], slope: float, second: float) -> None:
    """The first derivative by decision 3c, where it would be infinite; the second is the limit, on every path."""
    assert gradients(lambda xs: f(xs[0]), [0.0])[1:] == [slope]
    assert orders(f, 0.0)[2] == second
    assert ag.functional.hessian(f)(0.0) == second
    assert ag.functional.hvp(f, (0.0,), (1.0,))[1] == second
    assert ag.compile(f, backend="python").hessian(0.0)[0][0] == second


def test_f16_values() -> None:
    assert [ag.std([0.1] * n) for n in (1, 3, 7, 1000)] == [0.0] * 4
    assert [rules.round_(1.5, digits) for digits in (INF, 1e300, -INF)] == [1.5, 1.5, 0.0]
    assert math.isnan(rules.round_(1.5, NAN))
    assert rules.exp_square(1.003, -1e6) == 0.0


@pytest.mark.parametrize("x", [5e-324, 1e-200, 1.0, 1e154, 1e308])
def test_f16_extreme_scales(x: float) -> None:
    """Values and slopes that do not depend on the scale or grow with it."""
    assert gradients(ag.logsumexp, [x, x]) == [x + math.log(2.0), 0.5, 0.5]
    assert gradients(lambda xs: ag.softmax(xs)[0], [x, x]) == [0.5, 0.25, -0.25]
    assert gradients(ag.norm, [x, 0.0]) == [x, 1.0, 0.0]
    if 1e-300 < x < 1e308:  # subnormal lengths have no digits, and the sum of two 1e308 overflows, as in NumPy
        half = math.sqrt(0.5)
        assert gradients(ag.norm, [x, -x])[1:] == pytest.approx([half, -half], rel=8 * 2.0**-52)
        assert gradients(ag.std, [x, -x]) == pytest.approx([x, 0.5, -0.5], rel=8 * 2.0**-52)
        assert gradients(ag.std, [x, x]) == [0.0, 0.0, 0.0]


def gradients(f: Callable[..., Value], xs: Sequence[float]) -> list[float]:
    """The value and the gradient."""
    leaves = list(map(Value, xs))
    out = f(leaves)
    return [out.data, *[each.data for each in ag.grad(out, leaves)]]


def test_f16_a_sum_overflows_as_in_numpy_though_the_mean_would_not() -> None:
    assert gradients(ag.mean, [1e308, 1e308]) == [INF, 0.5, 0.5]


@pytest.mark.parametrize("f", [ag.maximum, ag.minimum])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_b6_operands_that_tie_share(f: Callable[..., Value], k: int) -> None:
    xs = [Value(2.0) for _ in range(k)]
    f(xs).backward()
    assert [x.grad for x in xs] == [1.0 / k] * k


def test_b6_a_fold_shares_in_steps() -> None:
    a, b, c = Value(1.0), Value(1.0), Value(1.0)
    ag.maximum(ag.maximum(a, b), c).backward()
    assert [x.grad for x in (a, b, c)] == [0.25, 0.25, 0.5]


def test_b11_help_of_pow_does_not_deny_negative_bases() -> None:
    assert "nan outside" not in str(rules.pow_.__doc__)


def _sinc(x: Any) -> list[Any]:
    """Orders 0 to 3 from the series Σ (−π²)ᵏ x²ᵏ/(2k + 1)!, which is long enough for |x| <= 4."""
    return [
        mp.fsum(
            (-1) ** k * mp.pi ** (2 * k) * x ** (2 * k - n) / ((2 * k + 1) * mp.factorial(2 * k - n))
            for k in range((n + 1) // 2, 80)
        )
        for n in range(4)
    ]


def _log1mexp(x: Any) -> list[Any]:
    d = mp.expm1(x)
    return [mp.log(-mp.expm1(-x)), 1 / d, -(d + 1) / d**2, (d + 1) * (d + 2) / d**3]


def _log_sigmoid(x: Any) -> list[Any]:
    s, t = 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))
    return [-mp.log1p(mp.exp(-x)), t, -s * t, -s * t * (t - s)]


def _power(x: Any, p: Any) -> list[Any]:
    return [x**p, p * x ** (p - 1), p * (p - 1) * x ** (p - 2), p * (p - 1) * (p - 2) * x ** (p - 3)]


def _logarithm(base: int) -> Callable[[Any], list[Any]]:
    return lambda x: [each / mp.log(base) for each in (mp.log(x), 1 / x, -1 / x**2, 2 / x**3)]


FOUR_ORDERS: dict[str, Callable[[Any], list[Any]]] = {
    "sinc": _sinc,
    "cosm1": lambda x: [-2 * mp.sin(x / 2) ** 2, -mp.sin(x), -mp.cos(x), mp.sin(x)],
    "log1mexp": _log1mexp,
    "log_sigmoid": _log_sigmoid,
    "cbrt": lambda x: _power(x, mpf(1) / 3),
    "rsqrt": lambda x: _power(x, mpf(-1) / 2),
    "exp2": lambda x: [mp.log(2) ** n * mp.power(2, x) for n in range(4)],
    "log2": _logarithm(2),
    "log10": _logarithm(10),
}


@pytest.mark.parametrize("x", [1e-90, 1e-16, 1e-8, 1e-3, 0.25, 0.6931471805599453, 0.9999, 1.5, 3.25])
@pytest.mark.parametrize("name", FOUR_ORDERS)
def test_a9_the_remedies_keep_their_digits_in_every_order(name: str, x: float) -> None:
    """A few ulp of the largest order there where a derivative is a difference, as those of sinc and σ are."""
    with mp.workdps(80):
        exact = [float(each) for each in FOUR_ORDERS[name](mpf(x))]
    scale = max(map(abs, exact)) if name == "log_sigmoid" or (name == "sinc" and x > 0.1) else 0.0
    for got, expected in zip(orders(PRIMITIVES[name], x), exact, strict=True):
        assert got == pytest.approx(expected, rel=32 * 2.0**-52, abs=16 * 2.0**-53 * scale + 5e-324)


def test_a9_sinc_of_x_over_pi_is_the_remedy_for_sin_x_over_x() -> None:
    at_0 = orders(lambda x: ag.sinc(x / math.pi), 0.0)
    assert at_0 == pytest.approx([1.0, 0.0, -1.0 / 3.0, 0.0], rel=8 * 2.0**-52)


def test_xlogy_is_not_flat_in_both_operands_at_0() -> None:
    """∂²/∂x∂y is 1/y at x = 0 too."""
    x, y = Value(0.0), Value(4.0)
    assert ag.grad(ag.grad(ag.xlogy(x, y), y), x).data == ag.grad(ag.grad(ag.xlogy(x, y), x), y).data == 0.25


def test_xlogy_is_nan_outside_its_domain_in_every_order_that_is_not_flat() -> None:
    """In x it is linear there too."""
    x, y = Value(0.3), Value(-2.5)
    by_x, by_y = ag.grad(ag.xlogy(x, y), [x, y])
    found = [by_x, by_y, *ag.grad(by_x, [x, y]), *ag.grad(by_y, [x, y])]
    assert [each.data for each in found] == pytest.approx([NAN, NAN, 0.0, NAN, NAN, NAN], nan_ok=True)
