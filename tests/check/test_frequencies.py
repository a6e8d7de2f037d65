"""Differences in floats where steps span periods of f, and at kinks: a right gradient is never wrong there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import PRIMITIVES, cos, exp, sin, tanh
from autograd.check import CheckReport, check_gradients
from autograd.testing import mutated

pytestmark = pytest.mark.slow

FLOATS = ("differences", "function")
WAVES: list[Callable[[float], Callable[[Any], Any]]] = [
    lambda w: lambda x: sin(w * x),
    lambda w: lambda x: cos(w * x * x),
    lambda w: lambda x: exp(sin(w * x)),
    lambda w: lambda x: sin(w * x) + x * x,
    lambda w: lambda x: 1e-6 * cos(w * x) + x,
    lambda w: lambda x: tanh(3.0 * sin(w * x)),
    lambda w: lambda x: 1.0 / (1.5 + cos(w * x)),
    lambda w: lambda x: x * sin(w / x),
]


def report(f: Callable[..., Any], *at: Any, **options: Any) -> CheckReport:
    return check_gradients(f, *at, raise_on_failure=False, **options)


def boxed(value: Callable[[float], float], slope: Callable[[float], float]) -> Any:
    """A primitive whose value and rule insist on floats: only differences can tell."""
    row = PRIMITIVES["exp"]
    return replace(row, name="boxed", value=lambda x: value(float(x)), partials=(lambda out, x: slope(float(x)),))


@pytest.mark.parametrize("oracle", FLOATS)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("f", [cos, sin])
def test_steps_that_span_periods_are_no_alarm(f: Callable[[Any], Any], order: int, oracle: str) -> None:
    points = [*map(float, range(100, 301, 8)), 1e3, 1e4, 200.0 * math.pi, 2.0**20 * math.pi]
    verdicts = [report(f, x, order=order, oracle=oracle).verdict for x in points]
    assert "wrong" not in verdicts
    assert verdicts.count("ok") >= 25


@given(st.sampled_from(WAVES), st.floats(-2.0, 6.0), st.floats(-3.0, 4.0), st.sampled_from(FLOATS))
def test_a_right_gradient_is_never_wrong(
    wave: Callable[[float], Callable[[Any], Any]], frequency: float, point: float, oracle: str
) -> None:
    assert report(wave(10.0**frequency), 10.0**point, oracle=oracle, order=2).verdict != "wrong"


@given(st.floats(-2.0, 9.0), st.floats(-3.0, 4.0), st.sampled_from((1e-6, 1e-2, 1.0)), st.floats(0.0, 6.0))
def test_nor_is_that_of_a_value_in_floats(frequency: float, point: float, size: float, phase: float) -> None:
    w, x = 10.0**frequency, 10.0**point
    assume(size > 1e-9 * x * x and w * x < 1e9)  # else rounding hides it
    f = boxed(lambda x: size * math.sin(w * x + phase) + x * x, lambda x: size * w * math.cos(w * x + phase) + 2.0 * x)
    assert report(f, x).verdict != "wrong"


@given(st.floats(-2.0, 5.0), st.floats(0.1, 3.0), st.sampled_from((1e-3, -1e-3, 0.1, -1.0, 1.0)))
def test_a_wrong_rule_is_found_at_any_frequency(frequency: float, x: float, error: float) -> None:
    w = 10.0**frequency
    assume(abs(math.cos(w * x)) > 0.01)
    with mutated("sin", lambda out, x: (1.0 + error) * cos(x)):
        assert report(lambda x: sin(w * x), x, oracle="differences").verdict == "wrong"


ORDINARY: list[tuple[Callable[[float], float], Callable[[float], float]]] = [
    (math.log, lambda x: 1.0 / x),
    (math.atan, lambda x: 1.0 / (1.0 + x * x)),
    (math.exp, math.exp),
    (math.erf, lambda x: 2.0 / math.sqrt(math.pi) * math.exp(-x * x)),
    (lambda x: x**3 - 2.0 * x, lambda x: 3.0 * x * x - 2.0),
    (lambda x: 1.0 / x, lambda x: -1.0 / (x * x)),
    (lambda x: math.sin(5.0 * x) + 3.0, lambda x: 5.0 * math.cos(5.0 * x)),
]


@given(st.sampled_from(ORDINARY), st.floats(0.05, 3.0), st.sampled_from((0.0, 1e-3, -1e-3, 0.1, -1.0, 1.0)))
def test_a_wrong_gradient_of_an_ordinary_function_is_found(
    case: tuple[Callable[[float], float], Callable[[float], float]], x: float, error: float
) -> None:
    f, slope = case
    assume(abs(x * slope(x)) > 0.01)
    wrong = lambda x: (1.0 + error) * slope(x)  # noqa: E731
    expected = "wrong" if error else "ok"
    assert report(boxed(f, wrong), x).verdict == expected
    assert report(f, x, oracle="function", gradient=lambda x: [wrong(x)]).verdict == expected


KINKS: list[tuple[Callable[[float], float], float, float, float]] = [
    (lambda x: max(x, 0.0), 0.0, 0.0, 1.0),
    (abs, 0.0, -1.0, 1.0),
    (lambda x: abs(x - 1.0) + x, 1.0, 0.0, 2.0),
    (lambda x: math.exp(-abs(x)), 0.0, -1.0, 1.0),
]


@pytest.mark.parametrize("oracle", ["auto", "differences", "function"])
@pytest.mark.parametrize(("f", "at", "low", "high"), KINKS)
def test_at_a_kink_a_derivative_between_the_slopes_is_right(
    f: Callable[[float], float], at: float, low: float, high: float, oracle: str
) -> None:
    for slope in (low, high, 0.7 * low + 0.3 * high):
        assert report(boxed(f, lambda x, slope=slope: slope), at, oracle=oracle).verdict == "ok"  # type: ignore[misc]
    for slope in (low - 0.1, high + 0.1):
        assert report(boxed(f, lambda x, slope=slope: slope), at, oracle=oracle).verdict == "wrong"  # type: ignore[misc]


@pytest.mark.parametrize("oracle", ["auto", "differences", "function"])
def test_a_kink_beside_the_point_is_no_alarm(oracle: str) -> None:
    for distance in (1e-14, 1e-12, 1e-9, 1e-6, 1e-3):
        f = boxed(lambda x: abs(x - 1.0) + x, lambda x: 2.0)
        assert report(f, 1.0 + distance, oracle=oracle).verdict != "wrong"


def test_an_input_behind_a_partial_that_nobody_could_tell_is_undecided() -> None:
    found = report(lambda x: 2.0 * boxed(math.sqrt, lambda x: 1.0)(x), 0.0)
    assert [(row.input, row.verdict) for row in found.rows] == [("∂(boxed(0.0))/∂x", "undecided"), ("x", "undecided")]
    assert found.verdict == "undecided"
    assert report(lambda x: 0.0 * boxed(math.sqrt, lambda x: 1.0)(x) + x, 0.0).ok
