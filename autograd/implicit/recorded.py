"""Solutions while `compile` records: a program has to search for every argument, so Newton's steps are recorded.

Their derivative converges with them, twice as fast as the digits of x grow (Gilbert 1992), so two steps more are taken
than x itself needs. A guard asks whether the last step is small: where it is not, the function is recorded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.derivative import slopes
from autograd.errors import CompileError, RootError
from autograd.functions import abs as magnitude
from autograd.functions import total
from autograd.graph import number_of
from autograd.implicit.linear import solve
from autograd.implicit.newton import STEPS
from autograd.implicit.residual import Equation
from autograd.series.terms import Series
from autograd.structure import Key, flatten, rebuild
from autograd.value import Value

MORE = 2  # steps for the derivatives
SMALL = 1e-9  # a last step, relative to x: the next would be about its square
FLOOR = 1e-14  # the same, relative to the start, for solutions that are 0


def recorded_root(f: Equation, key: Key, start: Sequence[Any]) -> list[Any]:
    """The solution as nodes of the recording.

    RootError where Newton's method does not converge; it starts at x0 in every call, without shortened steps.
    """
    first: list[Any] = [x * 1.0 if isinstance(x, Value) else Value(x) for x in start]
    x, left = first, STEPS
    more = MORE
    while more and left:
        step = _step(f, key, x)
        x = [a - s for a, s in zip(x, step, strict=True)]
        left -= 1
        if _is_small(step, x, first):
            more -= 1
    if more:
        raise RootError(
            f"Newton's method did not converge in {STEPS} full steps while it was recorded, x = "
            f"{list(map(number_of, x))}; start nearer to the root"
        )
    bound = SMALL * total(map(magnitude, x)) + FLOOR * total(map(magnitude, first))
    if not total(map(magnitude, step)) <= bound:  # a guard
        raise RootError(f"Newton's last step is not small at x = {list(map(number_of, x))}")
    return x


def _step(f: Equation, key: Key, x: Sequence[Any]) -> list[Any]:
    outputs: list[Any] = []
    flatten(f(rebuild(key, iter(x))), outputs)
    if any(isinstance(y, Series) for y in outputs):
        raise CompileError(
            "root inside of taylor cannot be recorded; compile the function that it expands, and call its taylor method"
        )
    if len(outputs) != len(x):
        raise TypeError(f"the equation must have as many numbers as unknowns: got {len(outputs)} for {len(x)}")
    matrix = [slopes(y, x, independent=True) if isinstance(y, Value) else [0.0] * len(x) for y in outputs]
    return solve(matrix, [outputs])[0]


def _is_small(step: Sequence[Any], x: Sequence[Any], first: Sequence[Any]) -> bool:
    sizes = [sum([abs(number_of(each)) for each in xs]) for xs in (step, x, first)]
    return sizes[0] <= 0.5 * (SMALL * sizes[1] + FLOOR * sizes[2])
