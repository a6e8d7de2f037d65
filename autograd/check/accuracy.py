"""How accurate a float is: its relative error, and how many of its decimal digits are correct."""

from __future__ import annotations

import math
import sys
from typing import Any

UNIT = 2.0**-53
FULL = 53.0 * math.log10(2.0)  # the digits of a float: 15.95


def relative_error(got: float, exact: Any) -> float:
    """|got − exact| / |exact|; inf for infinities and nan, and for a number other than 0 in place of 0.

    An infinity is right where the exact number is too large for a float.

    >>> relative_error(1.5, 1.0), relative_error(0.0, 0.0), relative_error(1e-300, 0.0)
    (0.5, 0.0, inf)
    """
    if not math.isfinite(got):
        beyond = abs(exact) > sys.float_info.max and got == got and (got > 0.0) == (exact > 0.0)
        return 0.0 if beyond else math.inf
    if not exact:
        return 0.0 if got == 0.0 else math.inf
    return float(abs((got - exact) / exact))


def correct_digits(got: float, exact: Any) -> float:
    """−log₁₀ of the relative error, from 0 to the 15.95 digits that a float has.

    >>> correct_digits(2.0, 2.0) == FULL, correct_digits(1e-300, 0.0), round(correct_digits(1.000001, 1.0), 6)
    (True, 0.0, 6.0)
    """
    error = relative_error(got, exact)
    return min(max(0.0, -math.log10(error)), FULL) if error else FULL


def digits_text(count: float) -> str:
    """Digits with one decimal, rounded down.

    >>> digits_text(FULL), digits_text(0.0)
    ('15.9', '0.0')
    """
    return f"{math.trunc(count * 10.0) / 10.0:.1f}"
