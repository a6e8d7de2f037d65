"""The table of remedies: each row is an identity, and is found however the expression was spelled."""

from __future__ import annotations

from typing import Any

import pytest
from mpmath import mp, mpf

import autograd
from autograd import Value
from autograd.graph import topological
from autograd.precision.remedies import REMEDIES, SERIES, remedy

MP: dict[str, Any] = {
    name: getattr(mp, name)
    for name in (*("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "exp", "log", "sqrt", "sinh", "cosh"), "pi")
} | {
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "log1p": mp.log1p,
    "expm1": mp.expm1,
    "sinc": mp.sincpi,
    "cosm1": lambda x: mp.cos(x) - 1,
    "log1mexp": lambda x: mp.log(1 - mp.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "log_sigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "cbrt": mp.cbrt,
    "PRIMITIVES": {"normal_cdf": mp.ncdf},
}
# In each, what the pattern means is a real number for some rows; x is small for series.
POINTS: list[dict[str, float]] = [
    {"x": 0.45, "y": 0.3, "n": 3.0, "a": 0.6, "b": 0.5, "c": 0.4},
    {"x": -0.45, "y": 0.1, "n": 2.0, "a": 0.6, "b": 0.5, "c": 0.4},
    {"x": 1.7, "y": 1.3, "n": 3.0, "a": 1.0, "b": 0.9, "c": 0.7},
]
HALF_SUMS = [{**point, "y": (point["a"] + point["b"] + point["c"]) / 2.0} for point in POINTS]


def _meaning(text: str, point: dict[str, float]) -> Any:
    return mp.mpmathify(eval(text, MP, {name: mpf(x) for name, x in point.items()}))


@pytest.mark.parametrize(("pattern", "remedy"), REMEDIES, ids=[pattern for pattern, _ in REMEDIES])
def test_a_remedy_means_the_same(pattern: str, remedy: str) -> None:
    text = remedy.split(", with")[0].removeprefix("Kahan's ")
    with mp.workdps(40):
        if SERIES in text:
            x = {"x": 1e-4}
            assert abs(_meaning(pattern, x) / _meaning(text.split(": ")[1], x) - 1) < 1e-4
            return
        compared = 0
        for point in HALF_SUMS if "y - a" in pattern else POINTS:
            expected = _meaning(pattern, point)
            if mp.im(expected) == 0 and mp.isfinite(expected):
                found = _meaning(text, point)
                assert abs(found - expected) < mpf(10) ** -15 * (1 + abs(expected)), point
                compared += 1
        assert compared


a, b = Value(0.3, label="a"), Value(0.7, label="b")
SPELLINGS: list[tuple[Value, Value, str]] = [
    (y := autograd.exp(a) - 1.0, y, "expm1(a)"),
    (y := -1.0 + autograd.exp(a), y, "expm1(a)"),
    (y := autograd.exp(a) + -1, y, "expm1(a)"),
    (y := autograd.total([autograd.exp(a), -1.0]), y, "expm1(a)"),
    (y := 1.0 * autograd.exp(a) - 1.0, y, "expm1(a)"),
    (y := autograd.log(a + 1.0), y, "log1p(a)"),
    (y := autograd.log(1.0 + -b), y, "log1p(-b)"),
    (y := autograd.log(1.0 - autograd.exp(-a)), y, "log1mexp(a)"),
    (y := autograd.log(1.0 / (1.0 + autograd.exp(-a))), y, "log_sigmoid(a)"),
    (y := autograd.log(autograd.sigmoid(a)), y, "log_sigmoid(a)"),
    (y := autograd.log(autograd.exp(a) + autograd.exp(b)), y, "logaddexp(a, b)"),
    (y := autograd.log(sum(map(autograd.exp, [a, b, b]))), y, "logsumexp of the list of exponents"),
    (y := autograd.sqrt(a * a + b**2), y, "hypot(a, b)"),
    (y := (autograd.square(a) + b * b) ** 0.5, y, "hypot(a, b)"),
    (y := autograd.sqrt(sum(x * x for x in [a, b, a])), y, "hypot of the numbers, or norm of their list"),
    (y := autograd.sin(a) / a, y, "sinc(a/pi)"),
    (y := autograd.sin(2.0 * a) / (2.0 * a), y, ""),
    (y := a * a - b * b, y, "(a - b)*(a + b)"),
    (y := autograd.square(a) - autograd.square(b), y, "(a - b)*(a + b)"),
    (y := a**2 - b, y, ""),
    (y := 1.0 - autograd.cos(a), y, "-cosm1(a)"),
    (y := autograd.reciprocal(a) - b**-1, y, "(b - a)/(a*b), with b - a computed directly"),
    (y := a**0.5 - autograd.sqrt(b), y, "(a - b)/(sqrt(a) + sqrt(b)), with a - b computed directly"),
    (y := autograd.sqrt(autograd.exp(a) - 1.0), y.parents[0], "expm1(a)"),
    (y := autograd.sin(a) / a + b, y.parents[0], "sinc(a/pi)"),
]


@pytest.mark.parametrize(("root", "culprit", "wanted"), SPELLINGS)
def test_a_pattern_is_found_however_it_is_spelled(root: Value, culprit: Value, wanted: str) -> None:
    assert remedy(culprit, topological(root)) == wanted


def test_a_remedy_covers_the_culprit() -> None:
    """What is merely near is left alone."""
    y = autograd.exp(autograd.sin(a) - a * 2.0) - 1.0
    assert remedy(y, topological(y)).startswith("expm1(")
    assert remedy(y.parents[0].parents[0], topological(y)) == ""
