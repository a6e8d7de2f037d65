"""Orders 0 to 3 of every row of the table at awkward points, against the true function in hundreds of digits (F5, F16).

What the true function does not answer there (kinks, poles, −0) is in `row_points.DECIDED`.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from mpmath import mpf

import autograd as ag
from autograd import Value, functional, rules
from autograd.primitive import Primitive
from tests.engine.row_points import DECIDED, INF, MEANING, NEARER, STAIRS, points
from tests.engine.test_special_points import orders
from tests.engine.true_derivatives import FAR, Limit, Neighbourhood, NoValueError, once

pytestmark = pytest.mark.slow

ROWS = {row.name: row for row in vars(rules).values() if isinstance(row, Primitive)}
UNARY = [name for name, row in ROWS.items() if row.arity == 1]

ULP = 2.0**-52
# A value and a first derivative are within 4 ulp; the second has one factor more that may be off by as much, the third
# two. An ulp is one of the derivative, or of what a rounding of the operand makes of it: x times the next derivative.
BUDGET = {0: 4.0, 1: 4.0, 2: 8.0, 3: 12.0}
UNDERFLOW = 2.0**-1074


def same(got: float, expected: float) -> bool:
    return got == expected or (math.isnan(got) and math.isnan(expected))


def is_close(got: float, n: int, exact: Any, around: Limit | Neighbourhood, x: float) -> bool:
    """Within the budget of order n; the next derivative is asked for where `exact` does not allow for the error."""
    expected = float(exact)
    if isinstance(around, Limit) or not (math.isfinite(got) and math.isfinite(expected)):
        return got == expected
    # Intermediate results below 2.2e-308 are rounded to multiples of 2⁻¹⁰⁷⁴, and then multiplied by an operand or two.
    error = abs(mpf(got) - exact) - UNDERFLOW * min(1e6, max(8.0, x * x))
    allowed = BUDGET[n] * ULP
    return bool(error <= allowed * abs(exact) or error <= allowed * abs(x * around.derivative(n + 1)))


def unary_faults(name: str, x: float) -> Iterator[str]:
    row, got = ROWS[name], orders(ROWS[name], x)
    ((low, high),) = row.domain
    if decided := DECIDED.get(f"{name}({x})"):
        wanted: Sequence[float] = decided[0]
    elif name in STAIRS:
        wanted = [row(x), 0.0, 0.0, 0.0]
    elif math.isnan(x):
        wanted = [math.nan if math.isnan(g) else constant(row, n) for n, g in enumerate(got)]
    elif not low <= x <= high:
        wanted = [math.nan] * 4
    else:
        yield from faults_near(name, x, got)
        return
    yield from [
        f"{name}({x}), order {n}: {g}, not {w}"
        for n, (g, w) in enumerate(zip(got, wanted, strict=True))
        if not same(g, w)
    ]


def constant(row: Primitive, n: int) -> float:
    """The derivative of order n where it is the same everywhere; nan elsewhere."""
    ((low, high),) = row.domain
    found = {orders(row, x)[n] for x in (-2.5, -0.3, 0.3, 2.5) if low <= x <= high}
    return found.pop() if len(found) == 1 else math.nan


@once
def around_point(name: str, x: float) -> Limit | Neighbourhood:
    """A limit at an infinity, and points without a value where one is expected."""
    f, limit = MEANING[name], Limit(MEANING[name], (x,), NEARER.get(name, FAR))
    if math.isinf(x):
        return limit
    room = [abs(mpf(x) - end) for end in ROWS[name].domain[0] if end != x]
    around = Neighbourhood(f, (x,), min([mpf(1), *room]))
    try:
        around.derivative(1)
    except NoValueError:
        return limit
    return around


def faults_near(name: str, x: float, got: Sequence[float]) -> Iterator[str]:
    if 0.0 in ROWS[name].distances_to_kinks((x,)):
        yield f"{name}({x}) is a kink: decide what holds there, in DECIDED; it is {got}"
        return
    around = around_point(name, x)
    for n in range(4):
        try:
            exact = around.derivative(n)
        except NoValueError:
            yield f"{name}({x}) is at the end of a domain: decide what holds there, in DECIDED; it is {got}"
            return
        if isinstance(around, Limit) and math.isnan(around.derivative(0)):
            exact = math.nan
        if not (math.isnan(exact) and math.isnan(got[n])) and not is_close(got[n], n, exact, around, x):
            yield f"{name}({x}), order {n}: {got[n]}, not {float(exact)}"


@pytest.mark.parametrize("name", UNARY)
def test_f16_orders_0_to_3_of_one_operand(name: str) -> None:
    faults = [fault for x in points(name) for fault in unary_faults(name, x)]
    assert not faults, "\n".join(faults)


def bits(x: float) -> str:
    """All digits of x; a zero without its sign, since what adds to a gradient of 0 loses it."""
    return repr(float(x) + 0.0)


@pytest.mark.parametrize("name", UNARY)
def test_f16_backward_grad_jvp_and_compiled_code_give_the_same_bits(name: str) -> None:
    def f(x: Any) -> Any:
        return ROWS[name](x)

    fast = ag.compile(f, backend="python", exact=True)
    fast_slope = ag.compile(functional.grad(f), backend="python", exact=True)
    for x in points(name):
        leaf = Value(x)
        out = f(leaf)
        out.backward()
        value, first, second, _ = orders(ROWS[name], x)
        found = [leaf.grad, functional.jvp(f, [x], [1.0])[1], fast.value_and_grad(x)[1], fast_slope(x)]
        assert {bits(value)} == {bits(each) for each in (out.data, f(x), fast(x))}, x
        assert {bits(first)} == {bits(each) for each in found}, x
        assert bits(second) == bits(fast_slope.value_and_grad(x)[1]), x


BACK_ENDS = [("python", "float64"), *itertools.product(("numpy", "llvm"), ("float64", "float32"))]
ENDS = [(name, x) for name in UNARY for x in points(name) if f"{name}({x})" in DECIDED]


@pytest.mark.parametrize(("name", "x"), ENDS)
def test_every_way_to_a_second_derivative_gives_what_was_decided(name: str, x: float) -> None:
    """At ends of domains, poles and kinks, where ∞ − ∞ and ∞ · 0 are near."""

    def f(x: Any) -> Any:
        return ROWS[name](x)

    second = DECIDED[f"{name}({x})"][0][2]
    found = [functional.hessian(f)(x), functional.hvp(f, (x,), (1.0,))[1], functional.grad(functional.grad(f))(x)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast = [ag.compile(f, backend=backend, dtype=dtype) for backend, dtype in BACK_ENDS]
        found += [each.hessian(x)[0][0] for each in fast]
    assert {bits(second)} == set(map(bits, found))


def test_every_decision_is_about_a_point_of_the_sweep() -> None:
    assert set(DECIDED) <= {f"{name}({x})" for name in UNARY for x in points(name)}


@pytest.mark.parametrize(
    ("name", "x", "partial"),
    [
        ("sigmoid", 1e-8, lambda out, x: out * rules.sigmoid(-x)),  # right, but its own derivative cancels near 0
        ("asin", 1e-8, lambda out, x: rules.div(1.0, rules.sqrt((1.0 - x) * (1.0 + x)))),
        ("gelu", -INF, lambda out, x: rules.normal_cdf(x) + x * rules.normal_pdf(x)),
        ("tanh", 20.0, lambda out, x: 1.0 - out * out),
    ],
)
def test_f16_a_rule_that_loses_digits_is_found(
    name: str, x: float, partial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROWS, name, replace(ROWS[name], partials=(partial,)))
    assert list(unary_faults(name, x))
