"""Solutions inside a Taylor expansion: the coefficients of x(t), where the equation moves with t."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.implicit.linear import inner, solve
from autograd.implicit.residual import Equation
from autograd.series.terms import Series
from autograd.structure import Key, leaves_of, rebuild


def expanded(f: Equation, key: Key, x: Sequence[float], matrix: Sequence[Sequence[float]], order: int) -> list[Any]:
    """x as series: x ← x − J⁻¹ f(x), with the Jacobian at t = 0, makes one coefficient more right in each step.

    TypeError where coefficients are not numbers.
    """
    n = len(x)
    inverse = list(zip(*solve(matrix, [[float(i == j) for i in range(n)] for j in range(n)]), strict=True))
    found: list[Any] = list(x)
    for _ in range(order):
        residual = leaves_of(f(rebuild(key, iter(found))))
        if not all(r.has_floats if isinstance(r, Series) else type(r) is float for r in residual):
            raise TypeError(
                "root inside a Taylor expansion is known for numbers, but its equation uses Values or another one; "
                "take the expansion outside, or that of the compiled function"
            )
        steps = [inner(row, residual) for row in inverse]
        found = [a - step for a, step in zip(found, steps, strict=True)]
    return found
