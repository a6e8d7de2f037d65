"""The gradient descent of GradBench's `particle` and `saddle`.

The step grows after ten successes and halves at a failure; the end is where the gradient, or the step, is at most 1e-5
long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import sqrt

ENOUGH, FIRST_RATE, PATIENCE = 1e-5, 1e-5, 10


def argmin(
    f: Callable[[list[Any]], Any], slopes: Callable[[list[Any]], Sequence[Any]], start: Sequence[Any]
) -> list[Any]:
    """Where f, with that gradient, is least; numbers may be Values, which are then differentiated through."""
    x = list(start)
    value, slope, rate, successes = f(x), slopes(x), FIRST_RATE, 0
    while length(slope) > ENOUGH:
        if successes == PATIENCE:
            rate, successes = 2.0 * rate, 0
            continue
        trial = [a - rate * b for a, b in zip(x, slope, strict=True)]
        if length([a - b for a, b in zip(x, trial, strict=True)]) <= ENOUGH:
            break
        if (reached := f(trial)) < value:
            x, value, slope, successes = trial, reached, slopes(trial), successes + 1
        else:
            rate, successes = rate / 2.0, 0
    return x


def argmax(
    f: Callable[[list[Any]], Any], slopes: Callable[[list[Any]], Sequence[Any]], start: Sequence[Any]
) -> list[Any]:
    """Where f is greatest."""
    return argmin(lambda x: -f(x), lambda x: [-each for each in slopes(x)], start)


def length(v: Sequence[Any]) -> Any:
    return sqrt(sum([each * each for each in v]))
