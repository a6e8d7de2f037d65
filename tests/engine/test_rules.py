"""Every row of the table against an independent oracle: 60 digits and more by mpmath, no formula of the row in it.

Values are compared with mpmath's functions, partials with a central difference of those functions in high precision.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpc, mpf

from autograd import rules
from autograd.primitive import PRIMITIVES, Primitive
from tests.engine.row_oracle import FLATTER, HELD_CONSTANT, JUMPS, ORACLE, TERMS, Point, pairs

pytestmark = pytest.mark.slow

BUDGET = 4.0  # ulp
# A step of 10⁻²⁵ makes a truncation error of about 10⁻⁵⁰, far below one ulp (10⁻¹⁶), also after the factors of up to
# 10²⁰ that large exponents bring. The difference loses 25 digits, and more where the function is flat: where fewer than
# 30 are left, it is taken again with more, in the end with more than the 10⁶³² between the largest and smallest float.
STEP_DIGITS = 25
PRECISIONS = (60 + STEP_DIGITS, 450, 1500)
DIGITS_LEFT = 30
# An intermediate result below 2.2e-308 is rounded to a multiple of 2⁻¹⁰⁷⁴, and rows multiply it by an operand or two (x
# in gelu, y in pow, x² in exp_square); where such results occur, those are less than a thousand.
UNDERFLOW = 2.0**-1074
SMALLEST_NORMAL = 2.0**-1022


def _ulps(got: float, exact: Any, terms: Sequence[Any], operands: Point) -> float:
    if isinstance(exact, mpc):
        return 0.0 if math.isnan(got) else math.inf
    expected = float(exact)
    if math.isinf(expected):
        return 0.0 if got == expected else math.inf
    if not math.isfinite(got):
        return math.inf
    allowance = UNDERFLOW * min(1e6, math.prod([max([2.0, *map(abs, operands)])] * 2))
    scale = max([abs(expected), *[abs(float(term)) for term in terms]])
    error = float(abs(mpf(got) - exact))
    return max(0.0, error - allowance) / math.ulp(scale)


def _derivative(f: Callable[..., Any], operands: Point, i: int) -> Any:
    """∂f/∂operandᵢ by a central difference in as many digits as it needs."""
    integer_digits = int(math.log10(max([1.0, *map(abs, operands)])))
    for digits in PRECISIONS:
        with mp.workdps(digits + integer_digits):
            x = [mpf(operand) for operand in operands]
            scale = abs(x[i]) or min([abs(each) for each in x if each], default=mpf(1))
            h = min(scale, mpf(1)) * mpf(10) ** -STEP_DIGITS
            above, below = [f(*x[:i], x[i] + sign * h, *x[i + 1 :]) for sign in (1, -1)]
            difference = above - below
            if abs(difference) > abs(above) * mpf(10) ** (DIGITS_LEFT - digits):
                return difference / (2 * h)
    return mpf(0)


def _is_smooth(row: Primitive, operands: Point) -> bool:
    return all(row.distances_to_kinks(operands)) and not (row.name in JUMPS and JUMPS[row.name](*operands))


def _terms(name: str, operand: int | None, point: Point) -> Sequence[Any]:
    return TERMS[name, operand](*map(mpf, point)) if (name, operand) in TERMS else ()


def _value_errors(name: str) -> Iterator[tuple[float, Any]]:
    f, points = ORACLE[name]
    with mp.workdps(PRECISIONS[0]):
        for point in points:
            exact = f(*map(mpf, point))
            yield _ulps(PRIMITIVES[name](*point), exact, _terms(name, None, point), point), point


def _partial_errors(name: str, row: Primitive) -> Iterator[tuple[float, Any]]:
    f, points = ORACLE[name]
    for point in points:
        out = row(*point)
        # A subnormal `out` has lost the digits that a partial made from it would need: those points are left out.
        if not (point and math.isfinite(out) and _is_smooth(row, point)) or 0.0 < abs(out) < SMALLEST_NORMAL:
            continue
        for i, partial in enumerate(row.partials_at(out, point)):
            if partial is not None and name not in HELD_CONSTANT:
                with mp.workdps(PRECISIONS[0]):
                    exact = _derivative(FLATTER.get(name, f), point, i)
                    yield _ulps(partial, exact, _terms(name, i, point), point), (i, point)


def _worst(errors: Iterator[tuple[float, Any]]) -> tuple[float, Any]:
    return max(errors, key=lambda error: error[0], default=(0.0, "nowhere"))


def test_every_row_has_an_oracle() -> None:
    assert {row.name for row in vars(rules).values() if isinstance(row, Primitive)} == ORACLE.keys()


@pytest.mark.parametrize("name", ORACLE)
def test_value_is_within_four_ulp(name: str) -> None:
    worst, where = _worst(_value_errors(name))
    assert worst <= BUDGET, f"{name}{where} is wrong by {worst:.1f} ulp"


@pytest.mark.parametrize("name", ORACLE)
def test_partials_are_within_four_ulp(name: str) -> None:
    worst, where = _worst(_partial_errors(name, PRIMITIVES[name]))
    assert worst <= BUDGET, f"the partial of {name} at (operand, point) = {where} is wrong by {worst:.1f} ulp"


@pytest.mark.parametrize("name", ["tanh", "hypot", "logsumexp", "gelu"])
def test_a_partial_that_is_slightly_wrong_is_rejected(name: str) -> None:
    right = PRIMITIVES[name]
    wrong = replace(
        right, variadic=lambda out, *xs: [(1.0 + 1e-14) * (p or 0.0) for p in right.partials_at(out, xs)], arity=None
    )
    assert _worst(_partial_errors(name, wrong))[0] > BUDGET


# The same names in NumPy, whose way with infinities, nan and signed zeros is the contract.
IN_NUMPY = {
    "reciprocal": np.reciprocal, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "exp": np.exp,
    "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "neg": np.negative, "square": np.square, "sign": np.sign,
    "cbrt": np.cbrt, "exp2": np.exp2, "log2": np.log2, "log10": np.log10,
}  # fmt: skip
IN_NUMPY_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power, "atan2": np.arctan2,
    "maximum": np.maximum, "minimum": np.minimum, "hypot": np.hypot, "logaddexp": np.logaddexp, "fmod": np.fmod,
}  # fmt: skip
ZEROS = {(0.0, 0.0)}  # equal to (-0.0, 0.0) and the like: which zero is the larger one, NumPy leaves to the processor
OWN_WAY = defaultdict(set, {"maximum": ZEROS, "minimum": ZEROS, "pow": {(-math.inf, 0.5), (0.0, 0.5)}})  # pow as in C
AWKWARD = [math.inf, -math.inf, math.nan, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 1e200, -1e200, 1.7e308, 5e-324]


def _same(got: float, expected: float) -> bool:
    """Equal to rounding, nan for nan, and zeros of the same sign."""
    if expected == 0.0:
        return got == 0.0 and math.copysign(1.0, got) == math.copysign(1.0, expected)
    return math.isclose(got, expected, rel_tol=1e-15) or (math.isnan(got) and math.isnan(expected))


@pytest.mark.parametrize("name", IN_NUMPY)
def test_awkward_operand_as_in_numpy(name: str) -> None:
    with np.errstate(all="ignore"):
        wanted = [float(IN_NUMPY[name](x)) for x in AWKWARD]
    got = [PRIMITIVES[name](x) for x in AWKWARD]
    assert [(x, g, w) for x, g, w in zip(AWKWARD, got, wanted, strict=True) if not _same(g, w)] == []


@pytest.mark.parametrize("name", IN_NUMPY_BINARY)
def test_awkward_operands_as_in_numpy(name: str) -> None:
    points = [point for point in pairs(AWKWARD, AWKWARD) if point not in OWN_WAY[name]]
    with np.errstate(all="ignore"):
        wanted = [float(IN_NUMPY_BINARY[name](x, y)) for x, y in points]
    got = [PRIMITIVES[name](*point) for point in points]
    assert [(p, g, w) for p, g, w in zip(points, got, wanted, strict=True) if not _same(g, w)] == []


UNARY = [name for name, (_, points) in ORACLE.items() if PRIMITIVES[name].arity == 1]


@pytest.mark.parametrize("name", UNARY)
def test_nan_gives_nan_and_a_partial_that_is_nan_or_constant(name: str) -> None:
    row = PRIMITIVES[name]
    assert math.isnan(row(math.nan))
    assert row.partials[0] in (0.0, 1.0, -1.0) or math.isnan(row.partials_at(math.nan, (math.nan,))[0] or 0.0)


@pytest.mark.parametrize("name", UNARY)
def test_outside_the_domain_value_and_partial_are_nan(name: str) -> None:
    row = PRIMITIVES[name]
    ((low, high),) = row.domain
    outside = [math.nextafter(low, -math.inf), low - 2.0, math.nextafter(high, math.inf), high + 2.0]
    for x in [x for x in outside if x < low or x > high]:
        out = row(x)
        assert math.isnan(out), x
        assert math.isnan(row.partials_at(out, (x,))[0] or 0.0), x


@pytest.mark.parametrize("name", ORACLE)
def test_plain_numbers_of_any_kind_give_a_float(name: str) -> None:
    row = PRIMITIVES[name]
    for one in (1, np.float32(1.0), np.int64(1)):
        out = row(*[one] * (row.arity or 3))
        assert type(out) is float
        assert _same(out, row(*[1.0] * (row.arity or 3)))


def test_partials_of_clip_and_of_a_choice_share_out_exactly_one() -> None:
    """Moving all operands by the same amount moves the result by it."""
    points = list(itertools.product([-1.0, -0.0, 0.0, 0.5, 1.0, 2.0], repeat=3))
    for x, low, high in points:
        assert sum(rules.clip.partials_at(rules.clip(x, low, high), (x, low, high))) == 1.0
        assert sum(rules.maximum.partials_at(rules.maximum(x, low), (x, low))) == 1.0
        assert sum(rules.minimum.partials_at(rules.minimum(x, low), (x, low))) == 1.0
        assert rules.where.partials_at(0.0, (x, low, high)) == ((None, 1.0, None) if x else (None, None, 1.0))
