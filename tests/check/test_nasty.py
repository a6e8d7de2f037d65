"""No false alarm: fifty functions and points that checkers stumble over, at first and second order (row F4).

Each is right, and decided where it has a derivative at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from autograd import (
    PRIMITIVES,
    Value,
    acosh,
    asin,
    atan,
    atan2,
    atanh,
    clip,
    cos,
    cosh,
    dot,
    erf,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1mexp,
    log1p,
    logsumexp,
    maximum,
    minimum,
    norm,
    prod,
    relu,
    sigmoid,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    tan,
    tanh,
    total,
    where,
)
from autograd import abs as absolute
from autograd.check import check_gradients, local_partials, tape, whole_graph
from autograd.check.arithmetic import DIGITS, high_precision
from autograd.check.oracle import falls_with_digits
from autograd.check.replayed_number import evaluate
from autograd.rules import at_least, sinc_slope

pytestmark = pytest.mark.slow


def newton_root(x: Any) -> Any:
    """√x by Newton's iteration, as often as it takes."""
    y = x
    while abs(y.data * y.data - x.data) > 1e-12 * x.data:
        y = (y + x / y) / 2.0
    return y


def agm(x: Any, y: Any) -> Any:
    """The arithmetic-geometric mean."""
    while x.data != y.data and abs(x - y).data > 1e-15 * x.data:
        x, y = (x + y) / 2.0, sqrt(x * y)
    return x


def exp_series(x: Any) -> Any:
    term = result = x * 0.0 + 1.0
    for k in range(1, 60):
        term = term * x / k
        result = result + term
    return result


def logistic_map(x: Any) -> Any:
    for _ in range(40):
        x = 3.9 * x * (1.0 - x)
    return x


def horner(x: Any) -> Any:
    """(x − 1)⁶ multiplied out, next to its root of order six."""
    result = x * 0.0
    for c in (1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0):
        result = result * x + c
    return result


def kinks_that_cancel(x: Any) -> Any:
    """x, by two kinks: the documented derivatives add up to 0 there, and f itself has 1."""
    return relu(x) - relu(-x)


def terms_that_cancel(x: Any) -> Any:
    """In floats, 3 x vanishes in 1e16 x: the slope of what is computed is another one."""
    return dot([x] * 4, [1e16, 3.0, -1e16, 1e-3]) + sin(1e5 * x)


Case = tuple[str, Callable[..., Any], tuple[Any, ...]]
NASTY: list[Case] = [
    # zeros of every order
    ("x³ at 0", lambda x: x**3, (0.0,)),
    ("x⁴ at 0", lambda x: x**4, (0.0,)),
    ("x⁵ at 0", lambda x: x**5, (0.0,)),
    ("x⁷ at 0", lambda x: x**7, (0.0,)),
    ("x³ at −0", lambda x: x**3, (-0.0,)),
    ("products of zeros", lambda x, y, z: prod([x, y, z]) + x * y * y, (0.0, 0.0, 3.0)),
    ("x − sin x at 0", lambda x: x - sin(x), (0.0,)),
    ("1 − cos x at 0", lambda x: 1.0 - cos(x), (0.0,)),
    ("(sin x)⁵ at 0", lambda x: sin(x) ** 5, (0.0,)),
    ("tanh(x)³ at 0", lambda x: tanh(x) ** 3, (0.0,)),
    ("(x − 1)⁶ multiplied out, at 1", horner, (1.0,)),
    ("(x − 1)² near 1", lambda x: (x - 1.0) ** 2, (1.0 + 1e-9,)),
    ("x² where it underflows", lambda x: x * x, (1e-200,)),
    ("x³ + 1e−90 x at 0", lambda x: x**3 + 1e-90 * x, (0.0,)),
    # huge arguments
    ("sin at 1e154", sin, (1e154,)),
    ("sin at 1e300", sin, (1e300,)),
    ("cos at 1e200", cos, (1e200,)),
    ("tan at 1e100", tan, (1e100,)),
    ("sin(1e6 x)", lambda x: sin(1e6 * x), (1.0,)),
    ("x² at 1e153", square, (9.48e153,)),
    ("log at 1e300", log, (1e300,)),
    ("atan at 1e300", atan, (1e300,)),
    ("hypot of huge numbers", hypot, (3e200, 4e200)),
    ("softplus at 1e5", softplus, (1e5,)),
    # saturations and tails
    ("silu at 744", silu, (744.0,)),
    ("silu at −744", silu, (-744.0,)),
    ("sigmoid at −740", sigmoid, (-740.0,)),
    ("tanh at 350", tanh, (350.0,)),
    ("erf at 26", erf, (26.0,)),
    ("gelu at −37", gelu, (-37.0,)),
    ("exp at −740", exp, (-740.0,)),
    ("a power of 0 at the exponent 0", lambda z, y: 0.0**z + y, (-0.0, -0.0)),
    ("xᶻ at 0⁰", lambda x, z: x**z + z, (0.0, 0.0)),
    ("log1p next to −1", log1p, (-1.0 + 2.0**-53,)),
    ("expm1 at 1e−300", expm1, (1e-300,)),
    ("asin next to 1", asin, (1.0 - 2.0**-53,)),
    ("acosh next to 1", acosh, (1.0 + 2.0**-52,)),
    ("atanh next to 1", atanh, (1.0 - 2.0**-53,)),
    ("cosh − sinh at 30", lambda x: cosh(x) - sinh(x), (30.0,)),
    # ties and kinks
    ("max of equal numbers", maximum, (2.0, 2.0)),
    ("min(x, x)", lambda x: minimum(x, x) + maximum(x, x * 1.0), (0.5,)),
    ("relu(x) − relu(−x) at 0", kinks_that_cancel, (0.0,)),
    ("|x| x at 0", lambda x: absolute(x) * x, (0.0,)),
    ("clip at both bounds", clip, (0.5, 0.5, 0.5)),
    ("leaky_relu of leaky_relu at 0", lambda x: leaky_relu(leaky_relu(x)), (0.0,)),
    ("norm at the origin", lambda xs: norm(xs) * xs[0], ([0.0, 0.0],)),
    ("atan2 on its cut", atan2, (0.0, -1.0)),
    ("atan2 at the origin, −π by its signs", lambda x, y: log1mexp(square(atan2(x, y))), (-0.0, -0.0)),
    ("sinc at an integer, on a kink", lambda x: leaky_relu(sinc(at_least(x, x)), x), (1.0,)),
    ("an order that is a Value", lambda x: sinc_slope(x, at_least(x, x)), (0.7,)),
    ("a kink that rounding moves", lambda x: relu(x * 0.1 + 0.2 - 0.3), (1.0,)),
    # nested where
    ("where in where", lambda x: where(x > 1.0, log(x), where(x > 0.0, x - 1.0, expm1(x))), (1.0,)),
    ("the other branch is nan", lambda x: where(x > 0.0, x * x, sqrt(x)), (2.0,)),
    ("Huber", lambda x: where(absolute(x) > 1.0, absolute(x) - 0.5, 0.5 * x * x), (1.0,)),
    # iterations, sums, cancellation
    ("Newton's √2", newton_root, (2.0,)),
    ("arithmetic-geometric mean", agm, (1.0, 2.0)),
    ("the series of exp at −20", exp_series, (-20.0,)),
    ("40 steps of a chaotic map", logistic_map, (0.3,)),
    ("softmax of equal numbers", lambda xs: softmax(xs)[0] * xs[1], ([7.0, 7.0, 7.0],)),
    ("logsumexp far apart", lambda x, y: logsumexp([x, y]), (1000.0, -1000.0)),
    ("1e10 + x", lambda x: 1e10 + x, (1e-8,)),
    ("x − x", lambda x: (x * 3.0 - x) - 2.0 * x, (0.1,)),
    ("terms of 1e16 that cancel", terms_that_cancel, (1.3,)),
    ("x/y with both tiny", lambda x, y: x / y, (1e-200, 1e-200)),
]


@pytest.mark.parametrize(("f", "at"), [case[1:] for case in NASTY], ids=[case[0] for case in NASTY])
def test_f4_right_is_right(f: Callable[..., Any], at: tuple[Any, ...]) -> None:
    """At order 2, which begins with all that order 1 does."""
    found = check_gradients(f, *at, order=2, raise_on_failure=False)
    assert found.verdict == "ok", str(found)


@pytest.mark.parametrize(("f", "at"), [case[1:] for case in NASTY], ids=[case[0] for case in NASTY])
@pytest.mark.parametrize("oracle", ["complex", "differences", "function"])
def test_f4_other_oracles_raise_no_false_alarm(f: Callable[..., Any], at: tuple[Any, ...], oracle: str) -> None:
    found = check_gradients(f, *at, oracle=oracle, raise_on_failure=False)
    its_floats_say_so = oracle == "function" and f in (kinks_that_cancel, terms_that_cancel)
    assert (found.verdict == "wrong") == its_floats_say_so, str(found)


ZERO_IN_FLOATS: list[Callable[[Any, Any], Any]] = [
    leaky_relu,
    lambda zero, x: leaky_relu(zero, x) * leaky_relu(x, 0.1),
    lambda zero, x: zero**2 * x,
    lambda zero, x: hypot(zero, zero) * x,
    lambda zero, x: atan2(zero, zero) * x,
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("f", ZERO_IN_FLOATS)
@pytest.mark.parametrize("c", [0.875, 1.3125, 1.9375, 2.4375])
def test_what_cancels_in_floats_leaves_a_rest_in_60_digits_that_is_no_derivative(
    c: float, f: Callable[[Any, Any], Any], order: int
) -> None:
    """The rest falls as the digits grow: one at a kink takes another side there, or another one in `grad`'s graph."""
    assert math.tan(math.atan(c)) == c
    found = check_gradients(lambda c, x: f(tan(atan(c)) - c, x), c, 1.5, order=order, raise_on_failure=False)
    assert found.verdict == "ok", str(found)


def test_a_difference_that_stays_is_not_rounding_however_small() -> None:
    levels = [level for digits in DIGITS[:2] if (level := high_precision(digits)) is not None]
    for size in (1.0, 1e-300):
        wide, narrow = [level.lift(size) for level in levels]
        assert not falls_with_digits(levels, [wide, narrow])
        assert falls_with_digits(levels, [wide, narrow * levels[1].lift(10.0) ** -60])
    assert not falls_with_digits(levels[:1], [levels[0].lift(0.0)])


def test_the_list_is_long_enough() -> None:
    assert len(NASTY) >= 50


def test_a_sum_of_two_thousand_terms() -> None:
    """Rounding adds up: what the floats may be off by is 2000 times that of one addition."""

    def f(x: Any, y: Any) -> Any:
        result = x * 0.0
        for k in range(1_000):
            result = result + (x if k % 2 else y * 0.1)
        return result + total([x * y] * 1_000)

    assert check_gradients(f, 0.1, 0.7).ok


@pytest.mark.parametrize("x", [1e-3, 1e3, 1e154, 1e300])
@pytest.mark.parametrize("name", ["sin", "cos", "tan", "tanh", "atan", "asinh", "erf", "relu", "softplus", "sigmoid"])
def test_arguments_of_any_size(name: str, x: float) -> None:
    for sign in (1.0, -1.0):
        found = check_gradients(PRIMITIVES[name], sign * x, raise_on_failure=False)
        assert found.verdict == "ok", str(found)


def test_a_wrong_rule_is_still_found_where_the_derivative_vanishes() -> None:
    def by_hand(x: Any) -> Any:
        return Value(x.data**3, (x,), (3.0 * x.data**2 + 1e-6,))

    assert check_gradients(by_hand, 0.0, raise_on_failure=False).verdict == "wrong"
    assert math.isclose(check_gradients(lambda x: x**3, 1e-9).rows[0].analytic, 3e-18)


def test_a_long_sum_is_evaluated_a_fixed_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counting(m: Any, primitive: Any, numbers: Any, *rest: Any) -> Any:
        calls.append(len(numbers))
        return evaluate(m, primitive, numbers, *rest)

    for module in (local_partials, tape):
        monkeypatch.setattr(module, "evaluate", counting)
    for module in (local_partials, whole_graph):
        monkeypatch.setattr(module, "WORK", 0)  # as if there were 100 000 terms
    counts = []
    for length in (100, 400):
        calls.clear()
        assert check_gradients(total, [0.5 + k for k in range(length)]).ok
        counts.append(calls.count(length))
    assert counts[0] == counts[1] <= 64
