"""Where rows of one operand are held to orders 0 to 3, what they mean there, and what was decided at singular points.

A row that is not named here is taken along: it needs its meaning, in `ORACLE` of `row_oracle.py`, and an entry in
`DECIDED` for each point where that has no value (a pole, the end of a domain) or it has a kink.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

from tests.engine.row_oracle import ORACLE

INF, NAN = math.inf, math.nan

MAGNITUDES = [0.0, 5e-324, 1e-308, 1e-200, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e154, 1e308, INF]
COMMON = [sign * x for x in MAGNITUDES for sign in (1.0, -1.0)] + [NAN]
ENDS_OF_EXP = (709.7, 710.0, -708.0, -745.0, -746.0)
# Points of single rows, besides those of all.
EXTRA: dict[str, Sequence[float]] = {
    **dict.fromkeys(["exp", "expm1", "sinh", "cosh"], ENDS_OF_EXP),
    **dict.fromkeys(["sigmoid", "sigmoid_slope", "softplus", "silu"], ENDS_OF_EXP),
    **dict.fromkeys(["tanh", "sech_square"], (19.0, -355.0, 372.0, 373.0)),
    **dict.fromkeys(["gelu", "erf", "normal_cdf", "normal_pdf"], (-8.0, 26.5, -38.0, 39.0)),
    **dict.fromkeys(["asin", "acos", "atanh"], (0.5, -0.5, 1.0 - 2.0**-53, 2.0**-52 - 1.0)),
    "acosh": [1.0 + 2.0**-52, 1.5],
    "log": [1.0 + 2.0**-52, 0.5],
    "log1p": [2.0**-53 - 1.0, -0.5],
    "sin": [math.pi, math.pi / 2],
    "cos": [math.pi, math.pi / 2],
    "tan": [math.pi, 1.57],
    "floor": [-1.5],
    "ceil": [-1.5],
}


def points(name: str) -> list[float]:
    """Where a row of one operand is looked at."""
    return [*COMMON, *EXTRA.get(name, ())]


# --- meanings that mpmath spells otherwise where operands are extreme -------------------------------------------------


def _normal_cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2 if x > -(10**9) else mpf(0)  # below, less than 10^(−10¹⁷)


def decay(x: Any) -> Any:
    """e^−|x|; 0 where it is less than 10^−4000 and takes long to compute."""
    return mp.exp(-abs(x)) if abs(x) < 10**4 else mpf(0)


def _sigmoid(x: Any) -> Any:
    return (1 if x >= 0 else decay(x)) / (1 + decay(x))


def expm1(x: Any) -> Any:
    return mp.expm1(x) if abs(x) < 1 else (mp.exp(x) if x > 0 else decay(x)) - 1


def _softplus(x: Any) -> Any:
    return max(x, 0) + mp.log1p(decay(x))


MEANING: dict[str, Callable[..., Any]] = {name: f for name, (f, _) in ORACLE.items()} | {
    "normal_cdf": _normal_cdf,
    "normal_pdf": lambda x: decay(x * x / 2) / mp.sqrt(2 * mp.pi),
    "sigmoid": _sigmoid,
    "sigmoid_slope": lambda x: decay(x) / (1 + decay(x)) ** 2,
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * _normal_cdf(x),
    "expm1": expm1,
    "softplus": _softplus,
    "log_sigmoid": lambda x: -_softplus(-x),
}

# Where e^FAR would take long: far enough for these.
NEARER = {name: (mpf(10) ** 4, mpf(10) ** 5) for name in ("exp", "expm1", "sinh", "cosh")}

# --- what was decided: the value and three derivatives ----------------------------------------------------------------

# Constant between jumps, which may be too near to tell: every derivative is 0 by definition.
STAIRS = {"sign", "floor", "ceil"}

Decision = tuple[tuple[float, ...], str]
KINK = "PyTorch's convention; linear on either side"
BELOW = "−0 is the zero met from below"
POLE = "the limit from inside the domain"
DECIDED: dict[str, Decision] = {
    "abs(0.0)": ((0.0, 0.0, 0.0, 0.0), KINK),
    "abs(-0.0)": ((0.0, 0.0, 0.0, 0.0), KINK),
    "relu(0.0)": ((0.0, 0.0, 0.0, 0.0), KINK),
    "relu(-0.0)": ((0.0, 0.0, 0.0, 0.0), KINK),
    "sqrt(-0.0)": ((0.0, -INF, INF, -INF), BELOW),
    "log(-0.0)": ((-INF, -INF, -INF, -INF), BELOW),
    "log2(-0.0)": ((-INF, -INF, -INF, -INF), BELOW),
    "log10(-0.0)": ((-INF, -INF, -INF, -INF), BELOW),
    "rsqrt(-0.0)": ((-INF, -INF, -INF, -INF), BELOW),
    "log1mexp(-0.0)": ((-INF, -INF, NAN, NAN), "−0 is the zero met from below, and then ∞ − ∞"),
    "cbrt(0.0)": ((0.0, INF, -INF, INF), POLE),
    "cbrt(-0.0)": ((0.0, INF, INF, INF), POLE),
    "sinc(inf)": ((NAN, NAN, NAN, NAN), "NumPy's and PyTorch's value"),
    "sinc(-inf)": ((NAN, NAN, NAN, NAN), "NumPy's and PyTorch's value"),
    "log1p(-1.0)": ((-INF, INF, -INF, INF), POLE),
    "asin(1.0)": ((math.pi / 2, INF, INF, INF), POLE),
    "asin(-1.0)": ((-math.pi / 2, INF, -INF, INF), POLE),
    "acos(1.0)": ((0.0, -INF, -INF, -INF), POLE),
    "acos(-1.0)": ((math.pi, -INF, INF, -INF), POLE),
    "atanh(1.0)": ((INF, INF, INF, INF), POLE),
    "atanh(-1.0)": ((-INF, INF, -INF, INF), POLE),
    "acosh(1.0)": ((0.0, INF, -INF, INF), POLE),
}
