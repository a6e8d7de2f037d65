"""Does a back end compute what was recorded? Asked when a program has been built, at the recorded point and near it.

The reference is `interpret`, which is eager arithmetic, equation by equation. A back end that keeps its order has to
give the same bits. Others may add in another order: they have to agree within the running-error bound, which follows
every rounding through the program (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.3).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import rules
from autograd.compiler.options import Options, Runner
from autograd.compiler.program import RELATIONS, Atom, Program, interpret, same
from autograd.compiler.structure import as_array
from autograd.numerics import total
from autograd.primitive import Primitive

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
ULPS = 8.0  # a function of a back end may be off by so many units in the last place of its result
EASY = 1e4  # what agrees to so many roundings of the largest output needs no bound
EFFORT = 200_000  # equations to interpret at most; large programs are looked at for fewer samples and points

# Rows that jump: a rounding may decide which side they take.
JUMPS = {
    rules.greater,
    rules.at_least,
    rules.equal,
    rules.step,
    rules.floor,
    rules.ceil,
    rules.round_,
    rules.sign,
    rules.atan2,
}


@dataclass(frozen=True)
class Point:
    """Inputs: the shared ones, and a row for each of some samples."""

    shared: Sequence[float]
    samples: Sequence[Sequence[float]]

    def rows(self, program: Program) -> Iterator[list[float]]:
        """The inputs of each sample in the order of the program; of the one there is without a batch."""
        for sample in self.samples or [()]:
            row = [0.0] * len(program.names)
            for place, x in zip(program.shared, self.shared, strict=True):
                row[place] = x
            for place, x in zip(program.batched, sample, strict=True):
                row[place] = x
            yield row


def disagreement(
    program: Program,
    runner: Runner,
    shared: Sequence[float],
    samples: Sequence[Any],
    indices: frozenset[int],
    options: Options,
) -> str:
    """What a runner computes wrongly, in words; empty when it agrees. `indices` are inputs that stay as they are."""
    count = min(len(samples[0]) if samples else 1, 19, max(1, EFFORT // (4 * len(program.equations) + 1)))
    rows = [[float(x) for piece in samples for x in piece[i]] for i in range(count)] if samples else []
    here = Point(list(map(float, shared)), rows)
    points = [here]
    if count * len(program.equations) * 3 < EFFORT:
        points += [_near(program, here, indices, random.Random(seed)) for seed in (1, 2)]
    for point in points:
        if found := _at(program, runner, point, samples, options):
            return found
    return ""


def _near(program: Program, point: Point, indices: frozenset[int], rng: random.Random) -> Point:
    def moved(places: Sequence[int], numbers: Sequence[float]) -> list[float]:
        return [
            x if place in indices else x * (1.0 + rng.gauss(0.0, 0.05)) + rng.gauss(0.0, 0.01)
            for place, x in zip(places, numbers, strict=True)
        ]

    return Point(moved(program.shared, point.shared), [moved(program.batched, each) for each in point.samples])


def _at(program: Program, runner: Runner, point: Point, samples: Sequence[Any], options: Options) -> str:
    pieces = []
    column = 0
    for piece in samples:
        width = piece.shape[1]
        pieces.append(as_array([row[column : column + width] for row in point.samples]).reshape(-1, width))
        column += width
    rows = [interpret(program, inputs) for inputs in point.rows(program)]
    failing = _failing(program, rows[0])
    outputs = runner.run(as_array(point.shared), tuple(pieces))
    if isinstance(outputs, int) or failing is not None:
        if isinstance(outputs, int) and outputs == failing:
            return ""
        return f"guard {failing} does not hold, but it answers with {outputs!r}"
    expected = [[_number(atom, row) for atom in program.outputs] for row in rows]
    found = [list(map(float, each)) for each in (outputs if program.per_sample else [outputs])]
    if not program.per_sample:
        expected = [[_mean(column) if program.batched else column[0] for column in zip(*expected, strict=True)]]
    for wanted, given in zip(expected, found, strict=True):
        if wrong := _compare(program, wanted, given, rows, options):
            return wrong
    return ""


def _mean(numbers: Sequence[float]) -> float:
    return total(*numbers) / len(numbers)


def _number(atom: Atom, numbers: Sequence[float]) -> float:
    return atom if type(atom) is float else numbers[int(atom)]


def _failing(program: Program, numbers: Sequence[float]) -> int | None:
    for place, (relation, left, right, outcome, _) in enumerate(program.guards):
        if RELATIONS[relation](_number(left, numbers), _number(right, numbers)) is not outcome:
            return place
    return None


def _compare(
    program: Program, wanted: Sequence[float], given: Sequence[float], rows: Sequence[Sequence[float]], options: Options
) -> str:
    if options.exact:
        wrong = [
            place for place, (x, y) in enumerate(zip(wanted, given, strict=True)) if not (same(x, y) or _both_nan(x, y))
        ]
    else:
        unit = UNIT[options.dtype]
        scale = max((abs(x) for x in wanted if math.isfinite(x)), default=0.0)
        wrong = [
            place
            for place, (x, y) in enumerate(zip(wanted, given, strict=True))
            if not (abs(x - y) <= EASY * unit * scale or x == y or _both_nan(x, y))
        ]
        if wrong:
            bounds = [_bounds(program, row, unit) for row in rows]
            wrong = [
                place
                for place in wrong
                if not abs(wanted[place] - given[place]) <= max(_number_bound(program, place, each) for each in bounds)
            ]
    if not wrong:
        return ""
    place = wrong[0]
    return f"output {place} is {given[place]!r} where the recorded graph gives {wanted[place]!r}"


def _both_nan(x: float, y: float) -> bool:
    return x != x and y != y


def _number_bound(program: Program, output: int, bounds: Sequence[float]) -> float:
    atom = program.outputs[output]
    return 0.0 if type(atom) is float else bounds[int(atom)]


def _bounds(program: Program, numbers: Sequence[float], unit: float) -> list[float]:
    """How far each number may be off: what the operands bring along, and a rounding of its own."""
    bounds = [unit * abs(x) for x in numbers[: len(program.names)]]
    rounded = unit if unit > UNIT["float64"] else 0.0  # constants, where there are fewer digits than they have
    for place, (row, operands) in enumerate(program.equations, len(program.names)):
        at = [_number(each, numbers) for each in operands]
        errors = [rounded * abs(each) if type(each) is float else bounds[int(each)] for each in operands]
        bounds.append(_bound(row, numbers[place], at, errors, unit))
    return bounds


def _bound(row: Primitive, out: float, at: Sequence[float], errors: Sequence[float], unit: float) -> float:
    if row in JUMPS or row in (rules.where, rules.pick):
        sides = {row.value(*[x + side * e for x, e in zip(at, errors, strict=True)]) for side in (-1.0, 0.0, 1.0)}
        return max(errors[1:], default=0.0) if len(sides) == 1 or row not in JUMPS else math.inf
    partials = row.partials_at(out, at)
    brought = sum(abs(p) * e for p, e in zip(partials, errors, strict=True) if p is not None and e)
    terms = sum(abs(p * x) for p, x in zip(partials, at, strict=True) if p is not None) if row.variadic else abs(out)
    bound = 2.0 * brought + unit * (len(at) * terms + ULPS * abs(out)) + 1e-300
    return bound if math.isfinite(bound) else math.inf
