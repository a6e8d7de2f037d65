"""Compare with slopes of f itself: for opaque nodes, which have no rule, and where numbers left the graph."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from autograd.check.local_partials import signed
from autograd.check.oracle import WRONG
from autograd.check.reevaluation import Fault, Reevaluation
from autograd.check.report import Row
from autograd.check.richardson import disagreeing

SINGLY = 16  # with more inputs, all of them along random directions
DIRECTIONS = 2
LINES = 3  # named at most


def fault_with_opaque_nodes(
    on: Reevaluation, gradient: Sequence[float], rows: Sequence[Row], names: Sequence[str]
) -> tuple[Fault | None, list[Row]]:
    """The fault of a graph with opaque nodes, if any, and the rows corrected by the slopes of f."""
    if (fault := on.unsteady()) is not None:
        return fault, list(rows)
    found = with_slopes_of_f(on, gradient, rows, names)
    wrong = [row for row, before in zip(found, rows, strict=True) if row is not before]
    if not wrong and (len(names) <= SINGLY or all(map(_agrees(on, gradient), _jointly(on)))):
        return None, found
    departures = {each.place: each for each in (on.here.departures if on.here else ())}
    title = "f is not what its graph says: the partial of an opaque node is wrong, or a number left the graph"
    facts = tuple([(f"∂f/∂{row.input}", f"{row.analytic!r} ours, {row.numerical!r} by f") for row in wrong])
    return Fault(title, tuple(departures.values())[:LINES], facts), found


def with_slopes_of_f(
    on: Reevaluation, gradient: Sequence[float], rows: Sequence[Row], names: Sequence[str]
) -> list[Row]:
    """The rows; those of inputs in which f has another slope become wrong."""
    if len(names) > SINGLY:
        return list(rows)
    found = {}
    for i, (name, ours) in enumerate(zip(names, gradient, strict=True)):
        slope = disagreeing(lambda widest, i=i: on.slope(_along(on, i), widest), ours * on.units[i])  # type: ignore[misc]
        if slope is not None:
            found[name] = slope.slope / on.units[i]
    return [
        replace(
            row,
            numerical=found[row.input],
            difference=_difference(row.analytic, found[row.input]),
            verdict=WRONG,
            reason="f itself has another slope",
            digits=None,
        )
        if row.input in found
        else row
        for row in rows
    ]


def _along(on: Reevaluation, i: int) -> list[float]:
    return [on.units[k] if k == i else 0.0 for k in range(len(on.at))]


def _jointly(on: Reevaluation) -> Iterator[list[float]]:
    rng = random.Random(0)
    for _ in range(DIRECTIONS):
        yield [unit * signed(rng) for unit in on.units]


def _agrees(on: Reevaluation, gradient: Sequence[float]) -> Callable[[list[float]], bool]:
    def agrees(direction: list[float]) -> bool:
        ours = sum([slope * step for slope, step in zip(gradient, direction, strict=True)])
        return disagreeing(lambda widest: on.slope(direction, widest), ours) is None

    return agrees


def _difference(ours: float, expected: float) -> float:
    size = max(abs(ours), abs(expected))
    return abs(ours - expected) / size if size else 0.0
