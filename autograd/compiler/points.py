"""The points at which a back end is compared with what was recorded: the recorded one, and others near it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograd.compiler.program import Program


@dataclass(frozen=True)
class Point:
    """Inputs: the shared ones, and a row for each of some samples."""

    shared: Sequence[float]
    samples: Sequence[Sequence[float]]

    def rows(self, program: Program) -> Iterator[list[float]]:
        """The inputs of each sample in the order of the program; of the one there is without a batch."""
        row = [0.0] * len(program.names)
        for place, x in zip(program.shared, self.shared, strict=True):
            row[place] = x
        for sample in self.samples or [()]:
            for place, x in zip(program.batched, sample, strict=True):
                row[place] = x
            yield row.copy()


def near(program: Program, point: Point, indices: frozenset[int], rng: random.Random) -> Point:
    """Another point, with numbers up to a tenth and a little more away; integers stay.

    >>> rng = random.Random(0)
    >>> near(Program(("i", "x"), (), (), ()), Point([3.0, 0.0], ()), frozenset([0]), rng).shared[0]
    3.0
    """

    def moved(places: Sequence[int], numbers: Sequence[float]) -> list[float]:
        return [
            x if place in indices else x * (0.9 + 0.2 * rng.random()) + 0.04 * rng.random() - 0.02
            for place, x in zip(places, numbers, strict=True)
        ]

    return Point(moved(program.shared, point.shared), [moved(program.batched, each) for each in point.samples])
