"""Programs of loops for tests: random bodies written out by themselves, and sequential functions as users write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

import autograd
from autograd import rules
from autograd.compiler.lower import Call, lower
from autograd.compiler.passes import without_dead
from autograd.compiler.program import Atom, Equation, Program
from autograd.primitive import Primitive
from autograd.structure import key_of

ROWS = (rules.sin, rules.tanh, rules.add, rules.sub, rules.mul, rules.sigmoid, rules.where, rules.maximum)


class Written:
    """A random sequential program, written trip by trip, as a recording would give it."""

    def __init__(self, rng: Random, depth: int = 2) -> None:
        self.rng = rng
        self.names = tuple(f"x_{i}" for i in range(rng.randint(1, 60)))
        self.equations: list[Equation] = []
        self._equations(rng.randint(0, 5), range(len(self.names)))
        state = self._loop([self.any() for _ in range(rng.randint(1, 3))], depth)
        self._equations(rng.randint(0, 5), state)
        end = len(self.names) + len(self.equations)
        self.outputs = (end - 1, *[rng.randrange(end) for _ in range(rng.randint(0, 3))])

    def program(self) -> Program:
        return without_dead(Program(self.names, tuple(self.equations), (), self.outputs))

    def any(self) -> Atom:
        end = len(self.names) + len(self.equations)
        return self.rng.choice([self.rng.randrange(end), self.rng.randrange(len(self.names)), 0.5, -0.0])

    def apply(self, row: Primitive, operands: Sequence[Atom]) -> int:
        self.equations.append(Equation(row, tuple(operands)))
        return len(self.names) + len(self.equations) - 1

    def _equations(self, count: int, near: Sequence[Atom]) -> None:
        for _ in range(count):
            row = self.rng.choice(ROWS)
            place = len(self.names) + len(self.equations) - 1
            self.apply(row, [self.rng.choice([place, *near, self.any()]) for _ in range(row.arity or 3)])

    def _loop(self, state: list[Atom], depth: int) -> list[Atom]:
        """A body of random equations on what is carried, fixed or moves, some of it a loop; what it carries at last."""
        rng = self.rng
        rows = [rng.choice(ROWS) for _ in range(rng.randint(1, 8))]
        choices = [[rng.random() for _ in range(row.arity or 3)] for row in rows]
        fixed: list[Atom] = [self.any() for _ in range(3)]
        taken = [rng.random() for _ in state]
        inner = rng.randrange(len(rows)) if depth > 1 and rng.random() < 0.3 else -1
        moves, stride = rng.randrange(len(self.names)), rng.choice([0, 1, 2])
        seed = rng.random()
        for trip in range(rng.randint(1, 14)):
            made: list[Atom] = [*state, *fixed, (moves + trip * stride) % len(self.names)]
            for i, (row, chosen) in enumerate(zip(rows, choices, strict=True)):
                if i == inner:
                    self.rng = Random(seed)
                    made += self._loop([made[-1]], depth - 1)
                    self.rng = rng
                # Mostly of what was made just before, so that the body is a chain.
                made.append(self.apply(row, [made[-1 - int(len(made) * u * u)] for u in chosen]))
            state = [made[-1 - int(u * len(rows))] for u in taken]
        return state
