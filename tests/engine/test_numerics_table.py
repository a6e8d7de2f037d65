"""The awkward points: kinks, poles, overflow, 0⁰, infinities and nan. Each row is the value and every gradient there.

The reasons stand in DESIGN.md; where the leading libraries differ from one another, these rows say what holds here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd as ag
from autograd import Value

INF, NAN = math.inf, math.nan

# case: (function, point, value, gradients). Equal means equal to the last bit, nan for nan, and a zero is any zero.
TABLE: dict[str, tuple[Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]] = {
    "x**0 at 0": (lambda x: x**0, (0.0,), 1.0, (0.0,)),
    "x**0 at nan": (lambda x: x**0, (NAN,), 1.0, (0.0,)),
    "x**0.0 at 0": (lambda x: x**0.0, (0.0,), 1.0, (0.0,)),
    "x**y at (0, 0)": (lambda x, y: x**y, (0.0, 0.0), 1.0, (0.0, 0.0)),
    "x**y at (0, 2)": (lambda x, y: x**y, (0.0, 2.0), 0.0, (0.0, 0.0)),
    "x**y at (0, 1)": (lambda x, y: x**y, (0.0, 1.0), 0.0, (1.0, 0.0)),
    "x**y at (0, -1)": (lambda x, y: x**y, (0.0, -1.0), INF, (-INF, -INF)),
    "x**y at (-2, 3)": (lambda x, y: x**y, (-2.0, 3.0), -8.0, (12.0, NAN)),
    "x**3 at -2": (lambda x: x**3, (-2.0,), -8.0, (12.0,)),
    "2**x at 3": (lambda x: 2**x, (3.0,), 8.0, (8.0 * math.log(2.0),)),
    "x**.5 at -2": (lambda x: x**0.5, (-2.0,), NAN, (NAN,)),
    "x**.5 at 0": (lambda x: x**0.5, (0.0,), 0.0, (INF,)),
    "x**999 at -10": (lambda x: x**999, (-10.0,), -INF, (INF,)),
    "sqrt at 0": (ag.sqrt, (0.0,), 0.0, (INF,)),
    "sqrt at -1": (ag.sqrt, (-1.0,), NAN, (NAN,)),
    "log at 0": (ag.log, (0.0,), -INF, (INF,)),
    "log at -1": (ag.log, (-1.0,), NAN, (NAN,)),
    "log1p at -1": (ag.log1p, (-1.0,), -INF, (INF,)),
    "log1p at -2": (ag.log1p, (-2.0,), NAN, (NAN,)),
    "atanh at 1": (ag.atanh, (1.0,), INF, (INF,)),
    "atanh at 2": (ag.atanh, (2.0,), NAN, (NAN,)),
    "asin at 1": (ag.asin, (1.0,), math.pi / 2, (INF,)),
    "acos at -1": (ag.acos, (-1.0,), math.pi, (-INF,)),
    "acosh at 1": (ag.acosh, (1.0,), 0.0, (INF,)),
    "abs at 0": (abs, (0.0,), 0.0, (0.0,)),
    "abs at nan": (abs, (NAN,), NAN, (NAN,)),
    "relu at 0": (ag.relu, (0.0,), 0.0, (0.0,)),
    "relu at nan": (ag.relu, (NAN,), NAN, (NAN,)),
    "relu at inf": (ag.relu, (INF,), INF, (1.0,)),
    "leaky_relu at 0": (lambda x: ag.leaky_relu(x, 0.25), (0.0,), 0.0, (0.25,)),
    "leaky_relu with its slope at -2": (ag.leaky_relu, (-2.0, 0.25), -0.5, (0.25, -2.0)),
    "leaky_relu at nan": (ag.leaky_relu, (NAN,), NAN, (NAN,)),
    "elu at 0": (lambda x: ag.elu(x, 0.25), (0.0,), 0.0, (0.25,)),
    "elu at 1000": (ag.elu, (1000.0,), 1000.0, (1.0,)),
    "maximum at a tie": (ag.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    "maximum at infinities": (ag.maximum, (INF, INF), INF, (0.5, 0.5)),
    "maximum of nan": (ag.maximum, (NAN, 1.0), NAN, (NAN, NAN)),
    "maximum with nan": (ag.maximum, (1.0, NAN), NAN, (NAN, NAN)),
    "minimum at a tie": (ag.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    "minimum with nan": (ag.minimum, (1.0, NAN), NAN, (NAN, NAN)),
    "clip at the lower bound": (lambda x: ag.clip(x, -1.0, 1.0), (-1.0,), -1.0, (0.0,)),
    "clip at the upper bound": (lambda x: ag.clip(x, -1.0, 1.0), (1.0,), 1.0, (0.0,)),
    "clip gives a bound its share": (ag.clip, (3.0, -1.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    "clip with its bounds swapped": (ag.clip, (0.0, 1.0, -1.0), -1.0, (0.0, 0.0, 1.0)),
    "clip at equal bounds": (ag.clip, (0.0, 1.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    "clip with infinite bounds": (lambda x: ag.clip(x, -INF, INF), (3.0,), 3.0, (1.0,)),
    "clip of nan": (lambda x: ag.clip(x, -1.0, 1.0), (NAN,), NAN, (NAN,)),
    "tanh at 20": (ag.tanh, (20.0,), 1.0, (1.6993417021166355e-17,)),
    "tanh at 400": (ag.tanh, (400.0,), 1.0, (0.0,)),
    "sigmoid at 37": (ag.sigmoid, (37.0,), 1.0, (8.533047625744064e-17,)),
    "sigmoid at -800": (ag.sigmoid, (-800.0,), 0.0, (0.0,)),
    "sigmoid at -inf": (ag.sigmoid, (-INF,), 0.0, (0.0,)),
    "exp at 710": (ag.exp, (710.0,), INF, (INF,)),
    "exp at -745": (ag.exp, (-745.0,), 5e-324, (5e-324,)),
    "exp at -inf": (ag.exp, (-INF,), 0.0, (0.0,)),
    "exp_shift of a huge difference": (ag.PRIMITIVES["exp_shift"], (1e308, 1.0), INF, (INF, 0.0)),
    "softplus at 20.5": (ag.softplus, (20.5,), 20.500000001250154, (0.9999999987498471,)),
    "softplus at 1000": (ag.softplus, (1000.0,), 1000.0, (1.0,)),
    "softplus at -1000": (ag.softplus, (-1000.0,), 0.0, (0.0,)),
    "logsumexp at (-inf, -inf)": (lambda *xs: ag.logsumexp(xs), (-INF, -INF), -INF, (0.5, 0.5)),
    "logsumexp at (inf, 1)": (lambda *xs: ag.logsumexp(xs), (INF, 1.0), INF, (1.0, 0.0)),
    "logsumexp at (1, -inf)": (lambda *xs: ag.logsumexp(xs), (1.0, -INF), 1.0, (1.0, 0.0)),
    "logsumexp of one": (lambda *xs: ag.logsumexp(xs), (0.1,), 0.1, (1.0,)),
    "logsumexp with nan": (lambda *xs: ag.logsumexp(xs), (1.0, NAN), NAN, (NAN, NAN)),
    "x/y at (1, 0)": (lambda x, y: x / y, (1.0, 0.0), INF, (INF, -INF)),
    "x/y at (1, -0)": (lambda x, y: x / y, (1.0, -0.0), -INF, (-INF, -INF)),
    "x/y at (0, 0)": (lambda x, y: x / y, (0.0, 0.0), NAN, (INF, NAN)),
    "x/y at (1e-200, 1e-200)": (lambda x, y: x / y, (1e-200, 1e-200), 1.0, (1e200, -1e200)),
    "atan2 at the origin": (ag.atan2, (0.0, 0.0), 0.0, (0.0, 0.0)),
    "atan2 at (1e-200, 1e-200)": (ag.atan2, (1e-200, 1e-200), math.pi / 4, (5e199, -5e199)),
    "atan2 at (1e200, 1e200)": (ag.atan2, (1e200, 1e200), math.pi / 4, (5e-201, -5e-201)),
    "atan2 at (0, -1)": (ag.atan2, (0.0, -1.0), math.pi, (-1.0, 0.0)),
    "hypot at the origin": (ag.hypot, (0.0, 0.0), 0.0, (0.0, 0.0)),
    "hypot at (1e200, 1e200)": (ag.hypot, (1e200, 1e200), math.sqrt(2.0) * 1e200, (math.sqrt(0.5),) * 2),
    "hypot at (1e-200, 1e-200)": (ag.hypot, (1e-200, 1e-200), math.sqrt(2.0) * 1e-200, (math.sqrt(0.5),) * 2),
    "norm at the origin": (lambda *xs: ag.norm(xs), (0.0, 0.0), 0.0, (0.0, 0.0)),
    "std of equal numbers": (lambda *xs: ag.std(xs), (1.0, 1.0), 0.0, (0.0, 0.0)),
    "an infinite derivative in the branch not taken": (lambda x: ag.where(x > 0, ag.sqrt(x), 0.0), (0.0,), 0.0, (0.0,)),
    "a nan in the branch not taken": (lambda x: ag.where(x > 0, ag.log(x), x), (-1.0,), -1.0, (1.0,)),
    "the condition gets nothing": (ag.where, (1.0, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0)),
    "where with nan, which is not 0": (ag.where, (NAN, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0)),
    "0·sqrt(x) at 0": (lambda x: 0.0 * ag.sqrt(x), (0.0,), 0.0, (NAN,)),
    "0·dot with an infinite input": (lambda w, x: 0.0 * ag.dot([w], [x]), (1.0, INF), NAN, (NAN, 0.0)),
    "0·dot with infinite inputs": (lambda w: 0.0 * ag.dot([w, w], [INF, -INF]), (1.0,), NAN, (NAN,)),
    "0·dot with partials whose sum overflows": (lambda w: 0.0 * ag.dot([w, w], [1e308, 1e308]), (1.0,), NAN, (0.0,)),
    "x-x at inf": (lambda x: x - x, (INF,), NAN, (0.0,)),
    "x·y at (inf, 0)": (lambda x, y: x * y, (INF, 0.0), NAN, (0.0, INF)),
    "prod with one zero": (lambda *xs: ag.prod(xs), (2.0, 0.0, 3.0), 0.0, (0.0, 6.0, 0.0)),
    "prod with two zeros": (lambda *xs: ag.prod(xs), (0.0, 0.0, 3.0), 0.0, (0.0, 0.0, 0.0)),
    "floor": (ag.floor, (-1.5,), -2.0, (0.0,)),
    "floor of nan": (ag.floor, (NAN,), NAN, (0.0,)),
    "ceil of inf": (ag.ceil, (INF,), INF, (0.0,)),
    "round half to even": (round, (2.5,), 2.0, (0.0,)),
    "round to tens, too large": (lambda x: round(x, -308), (1.7e308,), INF, (0.0,)),
    "sign at 0": (ag.sign, (0.0,), 0.0, (0.0,)),
    "sign at nan": (ag.sign, (NAN,), NAN, (0.0,)),
    "reciprocal at 0": (ag.reciprocal, (0.0,), INF, (-INF,)),
    "sin at inf": (ag.sin, (INF,), NAN, (NAN,)),
    "cosh at -1000": (ag.cosh, (-1000.0,), INF, (-INF,)),
    "sinh at -1000": (ag.sinh, (-1000.0,), -INF, (INF,)),
    "cbrt at 0": (ag.cbrt, (0.0,), 0.0, (INF,)),
    "cbrt at -8": (ag.cbrt, (-8.0,), -2.0, (1.0 / 12.0,)),
    "cbrt at -inf": (ag.cbrt, (-INF,), -INF, (0.0,)),
    "rsqrt at 0": (ag.rsqrt, (0.0,), INF, (-INF,)),
    "rsqrt at inf": (ag.rsqrt, (INF,), 0.0, (0.0,)),
    "rsqrt at -1": (ag.rsqrt, (-1.0,), NAN, (NAN,)),
    "exp2 at 3": (ag.exp2, (3.0,), 8.0, (8.0 * math.log(2.0),)),
    "exp2 at 1024": (ag.exp2, (1024.0,), INF, (INF,)),
    "log2 at 8": (ag.log2, (8.0,), 3.0, (0.125 / math.log(2.0),)),
    "log2 at 0": (ag.log2, (0.0,), -INF, (INF,)),
    "log2 at -1": (ag.log2, (-1.0,), NAN, (NAN,)),
    "log10 at 1000": (ag.log10, (1000.0,), 3.0, (0.001 / math.log(10.0),)),
    "log10 at -1": (ag.log10, (-1.0,), NAN, (NAN,)),
    "log1mexp at 0": (ag.log1mexp, (0.0,), -INF, (INF,)),
    "log1mexp at 1e-20": (ag.log1mexp, (1e-20,), math.log(1e-20), (1e20,)),
    "log1mexp at 1000": (ag.log1mexp, (1000.0,), 0.0, (0.0,)),
    "log1mexp at -1": (ag.log1mexp, (-1.0,), NAN, (NAN,)),
    "log_sigmoid at -1000": (ag.log_sigmoid, (-1000.0,), -1000.0, (1.0,)),
    "log_sigmoid at 40": (ag.log_sigmoid, (40.0,), -4.248354255291589e-18, (4.248354255291589e-18,)),
    "cosm1 at 1e-9": (ag.cosm1, (1e-9,), -5e-19, (-1e-9,)),
    "cosm1 at 0": (ag.cosm1, (0.0,), 0.0, (0.0,)),
    "sinc at 0": (ag.sinc, (0.0,), 1.0, (0.0,)),
    "sinc at 1": (ag.sinc, (1.0,), 0.0, (-1.0,)),
    "sinc at 1e-9": (ag.sinc, (1e-9,), 1.0, (-3.289868133696453e-9,)),
    "sinc at inf": (ag.sinc, (INF,), NAN, (NAN,)),
    "logaddexp at (-inf, -inf)": (ag.logaddexp, (-INF, -INF), -INF, (0.5, 0.5)),
    "logaddexp at (inf, inf)": (ag.logaddexp, (INF, INF), INF, (0.5, 0.5)),
    "logaddexp at (1, -inf)": (ag.logaddexp, (1.0, -INF), 1.0, (1.0, 0.0)),
    "logaddexp at (1000, 1000)": (ag.logaddexp, (1000.0, 1000.0), 1000.0 + math.log(2.0), (0.5, 0.5)),
    "logaddexp with nan": (ag.logaddexp, (1.0, NAN), NAN, (NAN, NAN)),
    "xlogy at (0, 0)": (ag.xlogy, (0.0, 0.0), 0.0, (0.0, 0.0)),
    "xlogy at (0, 2)": (ag.xlogy, (0.0, 2.0), 0.0, (math.log(2.0), 0.0)),
    "xlogy at (0, -1)": (ag.xlogy, (0.0, -1.0), 0.0, (0.0, 0.0)),
    "xlogy at (2, 0)": (ag.xlogy, (2.0, 0.0), -INF, (-INF, INF)),
    "xlogy at (2, -1)": (ag.xlogy, (2.0, -1.0), NAN, (NAN, NAN)),
    "xlogy at (0, nan)": (ag.xlogy, (0.0, NAN), NAN, (NAN, NAN)),
    "fmod has the sign of x": (ag.fmod, (-7.0, 3.0), -1.0, (1.0, 2.0)),
    "fmod of a negative divisor": (ag.fmod, (7.0, -3.0), 1.0, (1.0, 2.0)),
    "% has the sign of y": (lambda x, y: x % y, (-7.0, 3.0), 2.0, (1.0, 3.0)),
    "fmod by inf": (ag.fmod, (7.0, INF), 7.0, (1.0, 0.0)),
    "fmod by 0": (ag.fmod, (7.0, 0.0), NAN, (1.0, NAN)),
    "gelu at -40": (ag.gelu, (-40.0,), 0.0, (0.0,)),
    "silu at -1000": (ag.silu, (-1000.0,), 0.0, (0.0,)),
}

ULP = 2.0**-52
# A few rows hold irrational numbers, which may differ by the 4 ulp that every primitive is allowed.
ROUNDED = 4.0 * ULP


def _same(got: float, expected: float) -> bool:
    close = math.isclose(got, expected, rel_tol=ROUNDED) if math.isfinite(expected) else got == expected
    return close or (math.isnan(got) and math.isnan(expected))


@pytest.mark.parametrize("case", TABLE)
def test_value_and_gradients(case: str) -> None:
    f, point, value, gradients = TABLE[case]
    leaves = [Value(x) for x in point]
    out = f(*leaves)
    out.backward()
    got = [out.data, *[leaf.grad for leaf in leaves]]
    assert all(map(_same, got, [value, *gradients])), f"{case}: got {got}"


@pytest.mark.parametrize("case", TABLE)
def test_gradients_as_graphs_agree(case: str) -> None:
    f, point, _, gradients = TABLE[case]
    leaves = [Value(x) for x in point]
    got = [each.data for each in ag.grad(f(*leaves), leaves)]
    assert all(map(_same, got, gradients)), f"{case}: got {got}"


def test_second_derivative_of_a_square_at_0() -> None:
    x = Value(0.0)
    assert ag.grad(ag.grad(x**2, x), x).data == 2.0


def test_second_backward_on_the_same_graph_doubles() -> None:
    x = Value(2.0)
    z = (x * x) * 1
    z.backward()
    z.backward()
    assert x.grad == 8.0


def test_an_unselected_branch_is_not_a_parent() -> None:
    x, y = Value(1.0), Value(2.0)
    assert ag.where(1.0, x, y).parents == (x,)
    assert ag.where(0.0, x, y).parents == (y,)
