"""Formulas for exports whose bits need not be Python's: tanh and its derivative from one exp, without a branch.

Within 4 and 6 units of rounding, as libm's tanh (2.6) and 1 / cosh² with libm's cosh (5.3), in less time. Both have
e^−2|x|: where both are wanted it is computed once.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograd.compiler.llvm.body import Body
from autograd.compiler.llvm.rows import FUNCTIONS, Builder

SMALL = 0.35  # from here on e^−2|x| <= ½, so that 1 − e^−2|x| loses nothing
# (tanh x / x − 1) / x² in x², for |x| < SMALL: a Chebyshev fit in 80 digits, error of tanh below 2⁻⁵⁸
TANH = (
    -0.3333333333333333,
    0.13333333333332845,
    -0.053968253967190176,
    0.02186948844673358,
    -0.00886323175761739,
    0.003592038401479678,
    -0.0014545775399280403,
    0.0005796641245845887,
    -0.00019202753283131075,
)


def _power(b: Body, size: str) -> str:
    """e^−2|x|."""
    return b.each("libm_exp", b.mul(-2.0, size))


def _tanh(b: Body, x: str) -> str:
    size = b.call("fabs", x)
    square = b.mul(size, size)
    small = b.add(size, b.mul(b.mul(size, square), b.polynomial(square, TANH)))
    power = _power(b, size)
    large = b.div(b.sub(1.0, power), b.add(1.0, power))
    return b.call("copysign", b.select(b.compare("olt", size, SMALL), small, large), x)


def _sech_square(b: Body, x: str) -> str:
    power = _power(b, b.call("fabs", x))
    whole = b.add(1.0, power)
    return b.div(b.mul(4.0, power), b.mul(whole, whole))


FAST: Mapping[str, tuple[int, Builder]] = {**FUNCTIONS, "tanh": (1, _tanh), "sech_square": (1, _sech_square)}
