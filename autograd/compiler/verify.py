"""Compare a back end with what was recorded, when a program has been built: at the recorded point and near it.

At the recorded point alone, the nodes of the recording have the numbers. Else the reference is `interpret_all`: eager
arithmetic, equation by equation. A back end that keeps its order has to give the same bits. Others may add in another
order: they have to be as near as runs in which all operations are off by random amounts (perturbed.py).
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from autograd._numpy import HAS_NUMPY, np
from autograd.compiler.arguments import as_array
from autograd.compiler.bounds import EASY, UNIT, closeness
from autograd.compiler.cache.data import OWN_ROWS
from autograd.compiler.columns import rows_of
from autograd.compiler.lower import GRADIENT, Lowered
from autograd.compiler.options import Options, Runner
from autograd.compiler.perturbed import Answers, Perturbed, Place, derivatives
from autograd.compiler.points import Point, near
from autograd.compiler.program import RELATIONS, Program, interpret_all, same
from autograd.numerics import total

SAMPLES = 19  # of a batch that are compared: full vectors of any width up to 16 lanes, and a part of one
EFFORT = 30_000  # equations to interpret at most; large programs are looked at for fewer samples and points
FIRST = slice(0, 1)  # the recorded point, with its first sample
_OWN = frozenset(OWN_ROWS.values())
# Differences that are not the fault of a back end.
ROUNDED = "rounded to float32, "
REORDERED = "added up in another order, "
EDGE = "a number leaves the domain of a function, or reaches it"
SMALLEST = 2.0**-126  # float32 with all its digits
LARGEST = {"float64": sys.float_info.max, "float32": (2.0 - 2.0**-23) * 2.0**127}


@dataclass(frozen=True)
class Computed:
    """The numbers of all places and outputs of a program, for each row of inputs."""

    program: Program
    columns: list[list[float]]
    outputs: list[list[float]]

    def failing(self, row: int) -> int | None:
        """The first guard that does not hold."""
        for place, (relation, *sides, outcome, _) in enumerate(self.program.guards):
            left, right = [each if type(each) is float else self.columns[int(each)][row] for each in sides]
            if RELATIONS[relation](left, right) is not outcome:
                return place
        return None


class Reference:
    """What was recorded has to compute: the outputs, at the recorded point and, if it is not too large, near it.

    A gradient is compared with one that is computed number by number, as `backward()` does. The program that has it in
    equations is made where it has to be exact, for a guard of its own, or where that differs and a row is a user's.
    """

    def __init__(self, lowered: Lowered, shared: Sequence[float], samples: Sequence[Any]) -> None:
        self.lowered = lowered
        program = lowered.forward
        self.operations = size = len(program.equations) * (3 if lowered.kind == GRADIENT else 1)
        self.count = min(len(samples[0]) if samples else 1, SAMPLES, max(1, EFFORT // (4 * size + 1)))
        rows = [[float(x) for piece in samples for x in piece[i]] for i in range(self.count)] if samples else []
        self.samples = samples
        self.widths = [piece.shape[1] for piece in samples]
        here = Point(list(map(float, shared)), rows)
        self.points = [here]
        if self.count * size * 3 < EFFORT:
            others = [near(program, here, lowered.indices, random.Random(seed)) for seed in (1, 2)]
            self.points += filter(self._is_taken, others)
        self.rows = [row for point in self.points for row in point.rows(program)]

    def _is_taken(self, point: Point) -> bool:
        """Whether the rules of a user take the numbers of a point that nobody has asked for."""
        if self._has_own_rows:
            return True
        rows = list(point.rows(self.lowered.recorded))
        try:
            self._slopes(interpret_all(self.lowered.recorded, rows), len(rows))
        except Exception:
            return False
        return True

    def _slopes(self, columns: Sequence[Sequence[float]], count: int) -> list[list[float]]:
        """For so many rows of inputs the derivatives, given the numbers of all places."""
        recorded, wanted = self.lowered.recorded, self.lowered.wanted
        return [derivatives(recorded, [column[row] for column in columns], wanted) for row in range(count)]

    @cached_property
    def quick(self) -> Computed:
        """By what was recorded, before any pass has seen it."""
        made = _computed(self.lowered.recorded, self.rows)
        if self.lowered.kind != GRADIENT:
            return made
        slopes = self._slopes(made.columns, len(self.rows))
        return replace(made, outputs=[*made.outputs, *[list(each) for each in zip(*slopes, strict=True)]])

    @cached_property
    def forward(self) -> Computed:
        """By the program without derivatives, whose guards back ends number."""
        return _computed(self.lowered.forward, self.rows) if self.lowered.forward.guards else self.quick

    @cached_property
    def full(self) -> Computed:
        """By the program of all outputs."""
        return _computed(self.lowered.program, self.rows)

    def computed(self, options: Options) -> Computed:
        """The outputs to compare with."""
        return self.quick if self.lowered.kind == GRADIENT and not options.exact else self.full

    @property
    def recorded(self) -> list[float]:
        """The outputs of the function at the recorded point, of its first sample."""
        known = self.quick if self.lowered.kind == GRADIENT else self.full
        return [column[0] for column in known.outputs]

    def disagreement(self, runner: Runner, options: Options) -> str:
        """A description of what a runner computes wrongly; empty when it agrees."""
        for i, point in enumerate(self.points):
            if i == 0 and self._repeats(runner, options):
                continue
            if i == 0 and not self._is_pure:
                return "a primitive is random, or not a function of its operands only"
            rows = slice(i * self.count, (i + 1) * self.count)
            found = self._at(point, rows, runner, options)
            if found and not (i > 0 and (found.endswith(EDGE) or self._leaves_range(rows, options))):
                return found  # a point near by may be out of reach: nobody has asked for it
        return self._one_by_one(runner, options)

    def _one_by_one(self, runner: Runner, options: Options) -> str:
        """A description of how more samples at once differ from each one alone; empty when they do not.

        This needs no interpretation, so that programs of any size are looked at in full vectors and parts of one.
        """
        pieces = [as_array(piece[:SAMPLES]) for piece in self.samples]
        if not pieces or len(pieces[0]) <= self.count or not HAS_NUMPY:  # without it, samples run one by one
            return ""
        shared = as_array(self.points[0].shared)
        together = runner.run(shared, tuple(pieces))
        alone = [runner.run(shared, tuple([piece[i : i + 1] for piece in pieces])) for i in range(len(pieces[0]))]
        if any(isinstance(each, int) for each in (together, *alone)):
            return ""  # at the recorded point that has been looked at
        rows = np.array([as_array(each).ravel() for each in alone])
        given, largest = as_array(together), np.abs(rows[np.isfinite(rows)]).max(initial=0.0)
        if len(rows) * largest > LARGEST[options.dtype] and not self.lowered.recorded.per_sample:
            return ""  # their sum may be infinite
        with np.errstate(invalid="ignore"):  # ∞ − ∞ is nan
            wanted = rows if self.lowered.recorded.per_sample else rows.mean(axis=0)
        allowed = EASY * UNIT[options.dtype] * largest
        if np.allclose(given, wanted.reshape(given.shape), 0.0, allowed, equal_nan=True):
            return ""
        return f"{len(rows)} samples at once give other numbers than one by one"

    def _repeats(self, runner: Runner, options: Options) -> bool:
        """Whether at the recorded point alone the outputs are, roundings aside, those of the recording's own nodes."""
        wanted = [*self.lowered.found, *self.lowered.slopes]
        if options.exact or self.count != 1:
            return False
        outputs = runner.run(as_array(self.points[0].shared), self._pieces(self.points[0]))
        if isinstance(outputs, int):
            return False
        given = as_array(outputs).ravel().tolist()
        if len(given) != len(wanted) or not self._has_own_rows:
            return len(given) == len(wanted) and not self._unequal(wanted, given, options)
        return not self._wrong(self.lowered.recorded, [wanted], [given], FIRST, options)

    @cached_property
    def _has_own_rows(self) -> bool:
        """Whether all rows are this package's; others may be random, or compute otherwise on symbols than on floats."""
        return rows_of(self.lowered.recorded.equations) <= _OWN

    @property
    def _is_pure(self) -> bool:
        """Whether the recorded graph, computed again, has the numbers that it had."""
        pairs = zip(self.recorded, self.lowered.found, strict=False)
        return self._has_own_rows or all(same(x, y) or (x != x and y != y) for x, y in pairs)

    def _at(self, point: Point, rows: slice, runner: Runner, options: Options) -> str:
        known = self.computed(options)
        outputs = runner.run(as_array(point.shared), self._pieces(point))
        guards = len(self.lowered.forward.guards)
        is_derivatives = isinstance(outputs, int) and outputs >= guards
        failing = (self.forward if known is self.quick and not is_derivatives else self.full).failing(rows.start)
        if failing is not None and failing >= guards and not isinstance(outputs, int):
            if self.lowered.kind != GRADIENT:
                return ""
            known, failing = self.quick, None  # asked by a derivative: this runner keeps both branches
        if isinstance(outputs, int) or failing is not None:
            if isinstance(outputs, int) and outputs == failing:
                return ""
            first = min(each for each in (outputs, failing) if isinstance(each, int))
            if self._hangs(first, rows, options) or self._leaves_range(rows, options):
                return f"{_roundings(options)}a comparison comes out differently at {self.lowered.guard(first).where}"
            return f"guard {failing} does not hold, but it answers with {outputs!r}"
        given = [list(map(float, each)) for each in (outputs if known.program.per_sample else [outputs])]
        wrong = self._differing(known, given, rows, options)
        if wrong and known is self.quick and not self._has_own_rows and self.full.failing(rows.start) is None:
            wrong = self._differing(self.full, given, rows, options)
        return wrong

    def _differing(self, known: Computed, given: Sequence[Sequence[float]], rows: slice, options: Options) -> str:
        """A description of the first output that is wrong."""
        wanted = self._answers([column[rows] for column in known.outputs])
        wrong = self._wrong(known.program, wanted, given, rows, options)
        if not wrong:
            return ""
        if self._leaves_range(rows, options):
            return f"{ROUNDED}a number is too large or too small for it, and so becomes infinite or 0"
        if all(wrong.values()):
            return f"{_roundings(options)}{EDGE}"
        i, place = next(each for each, is_edge in wrong.items() if not is_edge)
        return f"output {place} is {given[i][place]!r} where the recorded graph gives {wanted[i][place]!r}"

    def _wrong(
        self, program: Program, wanted: Answers, given: Answers, rows: slice, options: Options
    ) -> dict[Place, bool]:
        """The numbers that are further off than roundings reach; of each, whether roundings make it nan or a number."""
        wrong = [(i, place) for i, each in enumerate(wanted) for place in self._unequal(each, given[i], options)]
        if not wrong or options.exact:
            return dict.fromkeys(wrong, False)
        return self._perturbed(program, rows, options).beyond(wanted, given, wrong, self._answers)

    def _perturbed(self, program: Program, rows: slice, options: Options) -> Perturbed:
        """A program with random errors; the derivatives of a recorded one are outputs too."""
        slopes = self.lowered.wanted if program is self.lowered.recorded and self.lowered.kind == GRADIENT else ()
        return Perturbed(program, self.rows[rows], slopes, self.lowered.indices, UNIT[options.dtype])

    def _answers(self, columns: Sequence[Sequence[float]]) -> Answers:
        """What a runner gives: the outputs of each sample, or the means of all."""
        if self.lowered.recorded.per_sample:
            return [[column[i] for column in columns] for i in range(self.count)]
        return [[_mean(column) if self.lowered.recorded.batched else column[0] for column in columns]]

    def _unequal(self, wanted: Sequence[float], given: Sequence[float], options: Options) -> list[int]:
        """The places of numbers that differ by more than some roundings of the largest one."""
        near = same if options.exact else closeness(wanted, UNIT[options.dtype], self.operations)
        pairs = enumerate(zip(wanted, given, strict=True))
        return [place for place, (x, y) in pairs if not (near(x, y) or (x != x and y != y))]

    def _pieces(self, point: Point) -> tuple[Any, ...]:
        """The samples as the runner takes them."""
        ends = [*accumulate(self.widths)]
        return tuple(
            [
                as_array([row[end - width : end] for row in point.samples]).reshape(-1, width)
                for width, end in zip(self.widths, ends, strict=True)
            ]
        )

    def _leaves_range(self, rows: slice, options: Options) -> bool:
        """Whether it has numbers, in derivatives perhaps, that float32 does not have, not even roughly."""
        if options.dtype == "float64":
            return False
        columns = [*self.full.columns, *self.full.outputs]
        numbers = {abs(x) for column in columns for x in column[rows] if x and math.isfinite(x)}
        return bool(numbers) and not SMALLEST <= min(numbers) <= max(numbers) <= LARGEST[options.dtype]

    def _hangs(self, guard: int, rows: slice, options: Options) -> bool:
        """Whether roundings decide it."""
        known = self.forward if guard < len(self.lowered.forward.guards) else self.full
        numbers = [column[rows.start] for column in known.columns]
        asked = known.program.guards[guard]
        return not options.exact and self._perturbed(known.program, rows, options).decides(asked, numbers)


def _computed(program: Program, rows: Sequence[Sequence[float]]) -> Computed:
    columns = interpret_all(program, rows)
    outputs = [columns[atom] if type(atom) is int else [float(atom)] * len(rows) for atom in program.outputs]
    return Computed(program, columns, outputs)


def _roundings(options: Options) -> str:
    return ROUNDED if options.dtype != "float64" else REORDERED


def _mean(numbers: Sequence[float]) -> float:
    return total(*numbers) / len(numbers)
