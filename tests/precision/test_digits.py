"""Thirty expressions known to lose digits: how many are right, which operation lost the others, what to write.

The digits are compared with mpmath's own evaluation of the same expression, and of its derivative by mpmath.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from mpmath import mp, mpf

import autograd
from autograd import DigitsReport, digits, functional

pytestmark = pytest.mark.slow

FULL = 53 * math.log10(2.0)


class Case(NamedTuple):
    """An expression over the functions of `m`, a point, what loses the digits there, and what to write instead."""

    f: Callable[..., Any]
    at: tuple[float, ...]
    culprit: str
    remedy: str


def heron(m: Any, a: Any, b: Any, c: Any) -> Any:
    s = (a + b + c) / 2
    return m.sqrt(s * (s - a) * (s - b) * (s - c))


def variance(m: Any, *xs: Any) -> Any:
    mean = sum(xs) / len(xs)
    return sum(x * x for x in xs) / len(xs) - mean * mean


def savings(m: Any, rate: Any) -> Any:
    """After a year of 100 dollars a second, with interest every second."""
    seconds = 31536000.0
    return 100.0 * ((1.0 + rate / seconds) ** seconds - 1.0) / (rate / seconds)


# H: R. W. Hamming, Numerical Methods for Scientists and Engineers (2nd ed. 1973), chapter 3, by its numbers of examples
#    and problems, which FPBench and Herbie list too. G: D. Goldberg, What every computer scientist should know about
#    floating-point arithmetic (1991). K: W. Kahan, Miscalculating Area and Angles of a Needle-like Triangle (1999).
# N: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2nd ed. 2002), by sections as others cite them.
# Those without a letter are common exercises on cancellation and overflow, of no one author.
CASES: dict[str, Case] = {
    "H example 3.1": Case(
        lambda m, x: m.sqrt(x + 1.0) - m.sqrt(x), (1e12,), "m.sqrt(x + 1.0) - m.sqrt(x)", "sqrt(x + 1.0) + "
    ),
    "H example 3.3": Case(lambda m, x, e: m.sin(x + e) - m.sin(x), (1.0, 1e-9), "m.sin(x + e) - m.sin(x)", "2*cos("),
    "H example 3.4": Case(lambda m, x: (1.0 - m.cos(x)) / m.sin(x), (1e-7,), "1.0 - m.cos(x)", "tan(x/2)"),
    "H example 3.5": Case(lambda m, n: m.atan(n + 1.0) - m.atan(n), (1e7,), "m.atan(n + 1.0) - m.atan(n)", "atan2("),
    "H example 3.6": Case(
        lambda m, x: 1.0 / m.sqrt(x) - 1.0 / m.sqrt(x + 1.0), (1e10,), "1.0 / m.sqrt(x) - 1.0 / m.sqrt(x + 1.0)", "/("
    ),
    "H example 3.7": Case(lambda m, x: m.exp(x) - 1.0, (1e-9,), "m.exp(x) - 1.0", "expm1(x)"),
    "H example 3.8": Case(
        lambda m, n: (n + 1.0) * m.log(n + 1.0) - n * m.log(n) - 1.0,
        (1e9,),
        "(n + 1.0) * m.log(n + 1.0) - n * m.log(n)",
        "",
    ),
    "H example 3.9": Case(lambda m, x: 1.0 / x - 1.0 / m.tan(x), (1e-5,), "1.0 / x - 1.0 / m.tan(x)", "/("),
    "H example 3.10": Case(
        lambda m, x: m.log(1.0 - x) / m.log(1.0 + x), (1e-9,), "m.log(1.0 - x)|m.log(1.0 + x)", "log1p("
    ),
    "H problem 3.3.1": Case(lambda m, x: 1.0 / (x + 1.0) - 1.0 / x, (1e9,), "1.0 / (x + 1.0) - 1.0 / x", "/("),
    "H problem 3.3.2": Case(lambda m, x, e: m.tan(x + e) - m.tan(x), (0.7, 1e-9), "m.tan(x + e) - m.tan(x)", "sin("),
    "H problem 3.3.3": Case(
        lambda m, x: 1.0 / (x + 1.0) - 2.0 / x + 1.0 / (x - 1.0),
        (1e5,),
        "1.0 / (x + 1.0) - 2.0 / x + 1.0 / (x - 1.0)",
        "2/(x*(x**2 - 1))",
    ),
    "H problem 3.3.4": Case(
        lambda m, x: (x + 1.0) ** (1.0 / 3.0) - x ** (1.0 / 3.0),
        (1e9,),
        "(x + 1.0) ** (1.0 / 3.0) - x ** (1.0 / 3.0)",
        "cbrt(",
    ),
    "H problem 3.3.5": Case(lambda m, x, e: m.cos(x + e) - m.cos(x), (1.0, 1e-9), "m.cos(x + e) - m.cos(x)", "-2*sin("),
    "H problem 3.3.6": Case(lambda m, n: m.log(n + 1.0) - m.log(n), (1e9,), "m.log(n + 1.0) - m.log(n)", "log1p("),
    "H problem 3.3.7": Case(
        lambda m, x: m.exp(x) - 2.0 + m.exp(-x), (1e-5,), "m.exp(x) - 2.0 + m.exp(-x)", "4*sinh(x/2)**2"
    ),
    "H problem 3.4.1": Case(lambda m, x: (1.0 - m.cos(x)) / x**2, (1e-6,), "1.0 - m.cos(x)", "-cosm1(x)"),
    "H problem 3.4.3": Case(
        lambda m, e: m.log((1.0 - e) / (1.0 + e)), (1e-10,), "m.log((1.0 - e) / (1.0 + e))", "-2*atanh(e)"
    ),
    "H problem 3.4.4": Case(
        lambda m, x: m.sqrt((m.exp(2.0 * x) - 1.0) / (m.exp(x) - 1.0)),
        (1e-9,),
        "m.exp(2.0 * x) - 1.0|m.exp(x) - 1.0",
        "expm1(",
    ),
    "H problem 3.4.5": Case(
        lambda m, x: (x - m.sin(x)) / (x - m.tan(x)), (1e-4,), "x - m.sin(x)|x - m.tan(x)", "series"
    ),
    "H quadratic": Case(
        lambda m, b, c: (-b + m.sqrt(b * b - 4.0 * c)) / 2.0, (1e8, 1.0), "-b + m.sqrt(b * b - 4.0 * c)", "sqrt("
    ),
    "G quadratic, the other root": Case(
        lambda m, b, c: (-b - m.sqrt(b * b - 4.0 * c)) / 2.0, (-1e8, 1.0), "-b - m.sqrt(b * b - 4.0 * c)", "sqrt("
    ),
    "G difference of squares": Case(
        lambda m, x, y: x**2 - y**2, (1.0 + 2.0**-40, 1.0), "x**2 - y**2", "(x - y)*(x + y)"
    ),
    "G compound interest": Case(savings, (0.06,), "(1.0 + rate / seconds) ** seconds", "expm1("),
    "G ln(1 + x)": Case(lambda m, x: m.log(1.0 + x), (1e-10,), "m.log(1.0 + x)", "log1p(x)"),
    "K needle-like triangle": Case(heron, (100000.0, 99999.99979, 0.00029), "s - a", "Kahan's"),
    "N 1.14.1 (eˣ − 1)/x": Case(lambda m, x: (m.exp(x) - 1.0) / x, (1e-11,), "m.exp(x) - 1.0", "expm1(x)"),
    "N 1.9 variance": Case(
        variance, (10000.0, 10001.5, 10002.0), "sum(x * x for x in xs) / len(xs) - mean * mean", "std(xs)**2"
    ),
    "cosh x − 1": Case(lambda m, x: m.cosh(x) - 1.0, (1e-6,), "m.cosh(x) - 1.0", "2*sinh(x/2)**2"),
    "tan x − sin x": Case(lambda m, x: m.tan(x) - m.sin(x), (1e-5,), "m.tan(x) - m.sin(x)", "-tan(x)*cosm1(x)"),
    "√(x² + y²)": Case(lambda m, x, y: m.sqrt(x * x + y * y), (3e-170, 4e-170), "x * x|y * y", "hypot(x, y)"),
    "√(1 + x) − 1": Case(lambda m, x: m.sqrt(1.0 + x) - 1.0, (1e-10,), "m.sqrt(1.0 + x) - 1.0", "x/(sqrt(1 + x)"),
}


def exactly(case: Case) -> list[Any]:
    """The value and the derivatives by mpmath alone."""
    with mp.workdps(120):
        at = [mpf(x) for x in case.at]
        orders = [tuple(int(i == k) for i in range(len(at))) for k in range(len(at))]
        return [case.f(mp, *at), *[mp.diff(lambda *xs: case.f(mp, *xs), tuple(at), order) for order in orders]]


def in_common(number: float, exact: Any) -> float:
    with mp.workdps(120):
        if not math.isfinite(number):
            return 0.0
        error = abs((mpf(number) - exact) / exact) if exact else mpf(number != 0.0)
        return min(FULL, max(0.0, float(-mp.log10(error)))) if error else FULL


def of(case: Case) -> DigitsReport:
    return digits(partial(case.f, autograd), *case.at)


@pytest.mark.parametrize("name", CASES)
def test_the_culprit_and_the_remedy(name: str) -> None:
    case = CASES[name]
    loss = of(case).value.loss
    assert loss is not None
    assert loss.expression in case.culprit.split("|")
    assert case.remedy in loss.remedy
    assert "test_digits.py:" in loss.place
    assert loss.error_out > 8.0 * loss.error_in
    assert not loss.in_gradient


@pytest.mark.parametrize("name", CASES)
def test_the_digits_of_value_and_gradient(name: str) -> None:
    case = CASES[name]
    rows = of(case).rows
    wanted = exactly(case)
    assert len(rows) == len(wanted)
    for row, exact in zip(rows, wanted, strict=True):
        assert row.digits == pytest.approx(in_common(row.number, exact), abs=1.0), row.name


@pytest.mark.parametrize("name", CASES)
def test_no_digits_go_without_a_place(name: str) -> None:
    """Three digits or more are lost at one operation each time, in the function or in its derivative."""
    source = inspect.getsource(CASES[name].f)
    for row in of(CASES[name]).rows:
        if row.digits is not None and row.digits < FULL - 4.0:
            assert row.loss is not None, row.name
            assert "test_digits.py:" in row.loss.place
            assert row.loss.expression in source


def test_a10_a_gradient_without_a_correct_digit_is_reported() -> None:
    report = digits(lambda x: autograd.sin(x) / x, 1e-8)
    (slope,) = report.gradient
    assert (slope.number, slope.digits, report.ok, report.value.digits) == (0.0, 0.0, False, FULL)
    assert report.worst is slope
    assert slope.loss is not None
    assert slope.loss.in_gradient
    assert slope.loss.expression == "autograd.sin(x) / x"
    assert slope.loss.remedy == "sinc(x/pi)"
    assert slope.loss.error_in < 1e-15
    assert slope.loss.error_out == 1.0
    assert slope.loss.condition == pytest.approx(3e16, rel=0.01)
    assert slope.exact.startswith("-3.3333333333333333")
    assert "write sinc(x/pi)" in str(report)


def test_a10_a_derivative_as_the_function() -> None:
    """Its nodes have no line of their own: the line is that of the expression they were made from."""
    report = digits(functional.grad(lambda x: autograd.sin(x) / x), 1e-8)
    for row in report.rows:
        assert row.digits == 0.0
        assert row.loss is not None
        assert row.loss.expression == "autograd.sin(x) / x"
        assert row.loss.remedy == "sinc(x/pi)"


WITHOUT_LOSS: list[tuple[Callable[..., Any], tuple[float, ...]]] = [
    (lambda x: autograd.sinc(x / math.pi), (1e-8,)),
    (autograd.expm1, (1e-9,)),
    (autograd.log1p, (1e-10,)),
    (autograd.cosm1, (1e-7,)),
    (autograd.hypot, (3e-170, 4e-170)),
    (autograd.log_sigmoid, (40.0,)),
    (autograd.log1mexp, (1e-12,)),
    (autograd.logaddexp, (800.0, 801.0)),
    (autograd.xlogy, (0.0, 0.0)),
    (autograd.cbrt, (-8.0,)),
    (lambda x, y: (x - y) * (x + y), (1.0 + 2.0**-40, 1.0)),
    (lambda x: x / (autograd.sqrt(1.0 + x) + 1.0), (1e-10,)),
    (lambda x: 2.0 * autograd.sinh(x / 2.0) ** 2, (1e-6,)),
    (lambda x: x, (0.1,)),
    (lambda x: 3.0, (0.1,)),
]


@pytest.mark.parametrize(("f", "at"), WITHOUT_LOSS)
def test_the_remedies_keep_all_digits(f: Callable[..., Any], at: tuple[float, ...]) -> None:
    report = digits(f, *at)
    assert report.ok
    assert report.losses == ()
    assert all(row.digits is not None and row.digits > 15.0 for row in report.rows)
