"""Equivalent mutants, which no check can kill, with the reason: a reviewed list; each of them is still tried."""

from __future__ import annotations

from autograd.testing import Mutant
from autograd.testing.rule_mutations import FACTORS, POSITIONS

SAME_SIDE = "the output is on the same side of the bounds as the operand"
ONE_ALREADY = "this partial is 1"
OUTSIDE = "it differs outside the domain only, where there is nothing to compare with"
TIMES_ZERO = "this partial is 0, and so is any multiple of it"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("pow[1]", "output for operand"): "it differs at 0 to a negative power only, where the value is infinite",
    ("clip[0]", "output for operand"): SAME_SIDE,
    ("clip[2]", "operands swapped"): "the upper bound sees max(x, y), which does not change",
    ("relu[0]", "output for operand"): SAME_SIDE,
    ("relu", "kink from the left"): "the derivative at 0 is the one from the left, 0",
    ("leaky_relu", "kink from the left"): "the derivative at 0 is the one from the left, y",
    ("elu", "kink from the left"): "the derivative at 0 is the one from the left, y",
    ("exp_square[0]", "operands swapped"): "2 y x exp(y x²) with exp(y x²) given is symmetric in x and y",
    ("round", "partials exchanged"): "a derivative of 0 and none at all come to the same",
    ("xlogy[0]", "output for operand"): "where y <= 0, which alone is asked for, the output is 0 exactly where x is",
    **{(f"{row}[0]", "operand for output"): OUTSIDE for row in ("log2", "log10", "log1mexp")},
    ("dot[last]", "one"): ONE_ALREADY,
    **{(f"total[{position}]", "one"): ONE_ALREADY for position in POSITIONS},
    **{(f"pivot[{position}]", mutation): TIMES_ZERO for position in POSITIONS for mutation in (*FACTORS, "zero")},
    **{("pick[first]", mutation): "the index has no partial" for mutation in (*FACTORS, "zero")},
}


def reason_why(mutant: Mutant) -> str | None:
    """Why a mutant behaves as the original does; None when it does not."""
    return EQUIVALENT.get((mutant.target, mutant.mutation))
