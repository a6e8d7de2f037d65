"""How far two results of the same arithmetic may differ in any case: by some roundings of the largest one."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
EASY = 1e4  # what agrees within this many roundings of the largest output needs no closer look; or one an operation


def closeness(wanted: Sequence[float], unit: float, operations: int = 0) -> Callable[[float, float], bool]:
    """Whether two outputs agree to EASY roundings of the largest one, or as many as there are operations.

    Numbers that are too small for all their digits agree: machine code may have 0 there.

    >>> near = closeness([1.0, 1e-3], UNIT["float64"])
    >>> near(1e-3, 1e-3 + 1e-13), near(1.0, 1.0 + 1e-9)
    (True, False)
    """
    allowed = max(EASY, operations) * unit * max((abs(x) for x in wanted if math.isfinite(x)), default=0.0)
    allowed = max(allowed, sys.float_info.min)
    return lambda x, y: abs(x - y) <= allowed or x == y
