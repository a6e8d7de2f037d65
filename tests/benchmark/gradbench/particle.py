"""GradBench `particle`: the position of a charge such that a particle, repelled by it and another, meets the origin.

The particle moves by Euler's rule; its acceleration is the gradient of a potential, and descent on its squared distance
from the origin needs the derivative through the whole path. Mode `fr` takes the outer derivative forward and the inner
one in reverse. A step is compiled, and a leap of many; how many there are depends on the path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import autograd
from autograd import minimum, sqrt
from tests.benchmark.gradbench.descent import argmin
from tests.benchmark.gradbench.modes import GRADIENTS
from tests.benchmark.gradbench.task import Functions, Input, Task

STEP = 0.1
START = [0.0, 8.0, 0.75, 0.0]
LEAP = 32


def potential(x: Sequence[Any], charges: Sequence[Sequence[Any]]) -> Any:
    return sum([1.0 / sqrt((x[0] - a) * (x[0] - a) + (x[1] - b) * (x[1] - b)) for a, b in charges])


def moved(state: Sequence[Any], w: Any, steps: int, inner: Any) -> list[Any]:
    """Position and velocity some steps later, and the lowest height meanwhile."""
    charges = ([10.0, 10.0 - w], [10.0, 0.0])
    x, y, vx, vy = state
    lowest = y
    for _ in range(steps):
        ax, ay = inner(lambda at: potential(at, charges))([x, y])
        x, y, vx, vy = x + STEP * vx, y + STEP * vy, vx - STEP * ax, vy - STEP * ay
        lowest = minimum(lowest, y)
    return [x, y, vx, vy, lowest]


def miss(before: Sequence[Any]) -> Any:
    """The square of where a step crosses the horizontal axis."""
    x, y, vx, vy = before
    at = x + STEP * vx - (y + STEP * vy) / vy * vx
    return at * at


class Path:
    """The way of the particle for a position w of the charge, and the derivative by w of where it ends.

    It leaps over many steps while it stays above the axis, and goes step by step where that crosses it.
    """

    def __init__(self, inner: str) -> None:
        leap, step = (partial(moved, steps=steps, inner=GRADIENTS[inner]) for steps in (LEAP, 1))
        self.leap, self.step = autograd.compile(leap), autograd.compile(step)
        self.end = autograd.compile(miss)

    def walk(self, w: float) -> tuple[list[tuple[Any, list[float]]], list[float]]:
        """Each move with the state before it, and the last state above the axis."""
        moves, state = [], START
        for move in (self.leap, self.step):
            while (after := move.value(state, w))[-1] > 0.0:
                moves.append((move, state))
                state = after[:-1]
        return moves, state

    def value(self, w: float) -> float:
        return self.end.value(self.walk(w)[1])

    def forward(self, w: float) -> float:
        """The derivative, pushed along the path."""
        along = [0.0] * 4
        moves, last = self.walk(w)
        for move, state in moves:
            *along, _ = move.jvp((state, w), (along, 1.0))[1]
        return self.end.jvp((last,), (along,))[1]

    def reverse(self, w: float) -> float:
        """The derivative, pulled back along the path."""
        moves, last = self.walk(w)
        adjoint, slope = self.end.value_and_grad(last)[1], 0.0
        for move, state in reversed(moves):
            _, (adjoint, more) = move.vjp((state, w), [*adjoint, 0.0])
            slope += more
        return slope


def task(outer: str, inner: str, given: Input) -> Task:
    path = Path(inner)
    slope: Callable[[float], float] = {"r": path.reverse, "f": path.forward}[outer]
    return Task(lambda: argmin(lambda w: path.value(w[0]), lambda w: [slope(w[0])], [given["w"]])[0])


FUNCTIONS: Functions = {outer + inner: partial(task, outer, inner) for outer in "fr" for inner in "fr"}


def generate() -> Input:
    return {"w": 0.0}


SIZES: dict[str, dict[str, Any]] = {"tiny": {}, "small": {}}
