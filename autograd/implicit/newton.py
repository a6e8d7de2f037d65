"""Newton's method with the engine's own Jacobian, and plain iteration: the solvers of `root` and `fixed_point`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, isfinite

from autograd.errors import RootError
from autograd.implicit.linear import ROUNDING, solve
from autograd.implicit.residual import Equation, Residual
from autograd.structure import Key

STEPS = 100  # of Newton's method
ITERATIONS = 1000  # of a fixed point
SMALLEST = 2.0**-60  # of the fractions of a step that are tried
SLOW = 0.25  # the ratio of two steps beyond which convergence is not quadratic


def newton(f: Equation, key: Key, start: Sequence[float]) -> tuple[list[float], int]:
    """A solution of f(x) = 0 near `start`, as precise as rounding allows, and the number of steps.

    A step that does not make the largest residual smaller is shortened.

    RootError where it does not converge.
    """
    x, here = list(start), Residual(f, key, start)
    sizes = [inf]
    for count in range(STEPS):
        residual = here.numbers
        step = _step(here, residual, x)
        sizes.append(_largest(step))
        if not any(residual) or sizes[-1] <= ROUNDING * _largest(x):
            return _accepted(x, sizes), count
        found = _shortened(f, key, x, step, _largest(residual))
        if found is None:
            if sizes[-1] <= 1e-6 * (_largest(x) + _largest(start)):  # no closer than rounding allows
                return _accepted(x, sizes), count
            raise RootError(f"Newton's method is stuck at x = {_shown(x)}, residual {residual}; {_REMEDY}")
        x, here = found
    raise RootError(
        f"Newton's method did not converge in {STEPS} steps: x = {_shown(x)}, residual {here.numbers}, last step "
        f"{sizes[-1]:.1e}; {_REMEDY}, and if the root is multiple (the Jacobian is singular there), divide it out"
    )


_REMEDY = "start nearer to the root, or give a solver="


def _step(here: Residual, residual: Sequence[float], x: Sequence[float]) -> list[float]:
    try:
        return solve(here.jacobian(), [residual])[0]
    except RootError as error:
        raise RootError(f"the Jacobian is singular at x = {_shown(x)}: {error}; {_REMEDY}") from error


def _shortened(
    f: Equation, key: Key, x: Sequence[float], step: Sequence[float], before: float
) -> tuple[list[float], Residual] | None:
    """The next point and the equation there; None if no part of the step is an improvement."""
    part = 1.0
    while part >= SMALLEST:
        after = [a - part * s for a, s in zip(x, step, strict=True)]
        try:
            there = Residual(f, key, after)
            if after != list(x) and _largest(there.numbers) < before:
                return after, there
        except (RootError, ArithmeticError, ValueError):  # outside the domain
            pass
        part /= 2.0
    return None


def _accepted(x: list[float], sizes: Sequence[float]) -> list[float]:
    """The solution, unless the steps shrank like those towards a multiple root."""
    ratios = [b / a for a, b in pairwise(sizes[-6:-1]) if 0.0 < a < inf]
    if len(ratios) == 4 and all(SLOW < each < 1.0 for each in ratios):
        raise RootError(
            f"the root near x = {_shown(x)} is multiple: Newton's steps shrink by {ratios[-1]:.2g} only, so the "
            "Jacobian is singular there and the solution has no derivative; divide the multiple factor out"
        )
    return x


def iterate(g: Callable[[list[float]], list[float]], start: Sequence[float]) -> tuple[list[float], int]:
    """x ← g(x) until it hardly moves, and the number of iterations.

    RootError where it does not.
    """
    x = list(start)
    for count in range(ITERATIONS):
        after = g(x)
        moved = _largest([a - b for a, b in zip(after, x, strict=True)])
        if not isfinite(moved):
            break
        x = after
        if moved <= 1e-4 * _largest(x) + 1e-12 * _largest(start):  # the last digits are for Newton's method
            return x, count + 1
    raise RootError(
        f"x ← g(x) did not come to rest in {count + 1} iterations from {_shown(start)}: x = {_shown(x)}, last change "
        f"{moved!r}; start nearer, or write autograd.root(lambda x: g(x) - x, x0), which needs no contraction"
    )


def _largest(xs: Sequence[float]) -> float:
    return max(map(abs, xs), default=0.0)


def _shown(x: Sequence[float]) -> str:
    return repr(x[0] if len(x) == 1 else [*x[:5], *[...][: len(x) - 5]] if len(x) > 5 else list(x))
