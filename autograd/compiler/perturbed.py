"""What roundings may do to a program: runs in which every operation is off by a random amount.

This is Monte Carlo arithmetic (Parker, UCLA CSD-970002, 1997). Bounds that follow each rounding through the program
take the absolute value of every partial derivative: in a pendulum of 1000 steps they grow by e³¹ and in one of 25 000
they are infinite, so that anything passes. Random errors cancel as those of a back end do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import repeat
from random import Random
from typing import NamedTuple

from autograd import rules
from autograd.compiler.bounds import UNIT
from autograd.compiler.program import Guard, Program
from autograd.compiler.symbols import returned_operands
from autograd.primitive import Primitive

ULPS = 8.0  # error allowed to a function of a back end, in units in the last place of its result
MARGIN = 64.0  # times that: a random error is rarely less than a hundredth of the largest, and a real one rarely an ulp
RUNS = 6  # at most: two for each sequence of random errors, which are added and subtracted
LINEAR = 8.0  # where errors MARGIN times as small do not move a number by this much less, it has no digits to compare

# Rows without a rounding of their own: they choose one of their operands or one of few numbers.
UNROUNDED = {
    *(rules.greater, rules.at_least, rules.equal, rules.step, rules.floor, rules.ceil, rules.round_, rules.sign),
    *(rules.where, rules.pick),
}

NO_ERRORS: Iterator[float] = repeat(1.0)
Answers = Sequence[Sequence[float]]  # the outputs of a runner: one row, or one for each sample
Place = tuple[int, int]  # a row of these and a number in it


class Perturbed(NamedTuple):
    """A program at some rows of inputs, for runs with random errors.

    slopes   the inputs by which the first output has derivatives, which are outputs too
    indices  inputs that are integers, and so exact
    unit     the rounding of the numbers that a back end computes with
    """

    program: Program
    rows: Sequence[Sequence[float]]
    slopes: Sequence[int] = ()
    indices: Collection[int] = ()
    unit: float = UNIT["float64"]

    def beyond(
        self, wanted: Answers, given: Answers, wrong: list[Place], answers: Callable[[Answers], Answers]
    ) -> list[Place]:
        """Those of the places in `wrong` where `given` is further from `wanted` than any run with random errors.

        `answers` makes answers of columns of outputs. What errors MARGIN times as small move nearly as far has no
        digits to be compared: it jumps, or is chaotic.
        """
        off = {(i, j): abs(wanted[i][j] - given[i][j]) for i, j in wrong}
        spread = dict.fromkeys(wrong, 0.0)

        def moved(errors: Iterator[float]) -> dict[Place, float]:
            other = answers(self._columns(errors))
            return {(i, j): _distance(wanted[i][j], other[i][j]) for i, j in wrong}

        for errors in self._runs():
            spread = {each: max(spread[each], distance) for each, distance in moved(errors).items()}
            wrong = [each for each in wrong if not off[each] <= spread[each]]
            if not wrong:
                return []
        small = moved(factors(0, 1.0, self.unit))
        return [each for each in wrong if math.isnan(off[each]) or not LINEAR * small[each] > spread[each]]

    def decides(self, guard: Guard, numbers: Sequence[float]) -> bool:
        """Whether roundings do, given the numbers of all places: random errors move its sides as far as they are apart.

        This is at the first row of inputs.
        """
        apart = guard.apart(numbers)
        for errors in self._runs():
            try:
                found = guard.apart(perturbed(self.program, self.rows[0], errors, self.indices, self.unit))
            except Exception:  # that of a user's rule
                return True
            if abs(found - apart) >= abs(apart):
                return True
        return False

    def _runs(self) -> Iterator[Iterator[float]]:
        """The errors of each run."""
        for seed in range(RUNS // 2):
            yield factors(seed, MARGIN, self.unit)
            yield factors(seed, -MARGIN, self.unit)

    def _columns(self, errors: Iterator[float]) -> list[list[float]]:
        """The outputs, a column for each; infinite where a rule does not take such numbers."""
        program, found = self.program, []
        for row in self.rows:
            try:
                numbers = perturbed(program, row, errors, self.indices, self.unit)
                outputs = [numbers[atom] if type(atom) is int else float(atom) for atom in program.outputs]
                found.append(outputs + derivatives(program, numbers, self.slopes, errors))
            except Exception:  # that of a user's rule
                found.append([math.inf] * (len(program.outputs) + len(self.slopes)))
        return [list(each) for each in zip(*found, strict=True)]


def factors(seed: int, size: float, unit: float) -> Iterator[float]:
    """Random numbers near 1 without end: they are off by as much as `size` times the error that an operation may have.

    >>> errors = factors(0, 1.0, UNIT["float64"])
    >>> all(abs(next(errors) - 1.0) <= ULPS * UNIT["float64"] for _ in range(100))
    True
    """
    draw, width = Random(seed).random, 2.0 * size * ULPS * unit
    least = 1.0 - 0.5 * width
    while True:
        yield least + width * draw()


def perturbed(
    program: Program,
    row: Sequence[float],
    errors: Iterator[float],
    indices: Collection[int] = (),
    unit: float = UNIT["float64"],
) -> list[float]:
    """The numbers of all places, with all inputs and results times a number near 1; integers made of `indices` stay.

    A sum may be added up in another order, so it is off by as much as its terms are. In float32, constants are off too.

    >>> from autograd.compiler.program import Equation
    >>> perturbed(Program(("x",), (Equation(rules.add, (0, 1.0)),), (), (1,)), [2.0], repeat(1.5))
    [3.0, 6.0]
    """
    exact = set(indices)
    numbers = [x if place in exact else x * next(errors) for place, x in enumerate(row)]
    constants = _rounded_constants(program, errors) if unit > UNIT["float64"] else {}
    for (primitive, operands), factor in zip(program.equations, errors, strict=False):
        at = [numbers[x] if type(x) is int else constants.get(x, x) for x in operands]
        out = float(primitive.value(*at))
        if exact and out.is_integer() and exact.issuperset([x for x in operands if type(x) is int]):
            exact.add(len(numbers))
        elif primitive in UNROUNDED:
            pass
        elif primitive.variadic:
            out += (factor - 1.0) * (abs(out) + _terms(primitive, out, at))
        else:
            out *= factor
        numbers.append(out)
    return numbers


def _terms(row: Primitive, out: float, at: Sequence[float]) -> float:
    """What a sum in another order may be off by, in units of ULPS roundings."""
    partials = zip(row.partials_at(out, at), at, strict=True)
    return len(at) / ULPS * sum([abs(float(p) * x) for p, x in partials if p is not None])


def _rounded_constants(program: Program, errors: Iterator[float]) -> dict[float, float]:
    """Each the same wherever it occurs, since float32 may not have it; it has the powers of 2."""
    found = {x for _, operands in program.equations for x in operands if type(x) is float}
    return {x: x * next(errors) for x in sorted(found) if abs(math.frexp(x)[0]) not in (0.0, 0.5)}


def derivatives(
    program: Program, numbers: Sequence[float], wanted: Iterable[int], errors: Iterator[float] = NO_ERRORS
) -> list[float]:
    """The derivatives of a program's first output, given the numbers of all places: the chain rule on floats.

    Every product in it is multiplied by one of `errors`.

    >>> from autograd.compiler.program import Equation
    >>> derivatives(Program(("x", "y"), (Equation(rules.mul, (0, 1)),), (), (2,)), [2.0, 3.0, 6.0], [0, 1])
    [3.0, 2.0]
    """
    if not wanted:
        return []
    adjoint: list[float | None] = [None] * len(numbers)
    output, first = program.outputs[0], len(program.names)
    if type(output) is int:
        adjoint[output] = 1.0
    returned: dict[tuple[Primitive, int], Sequence[float | int | None] | None] = {}
    places = range(len(numbers) - 1, first - 1, -1)
    for place, equation in zip(places, reversed(program.equations), strict=True):
        delta = adjoint[place]
        row, operands = equation
        if delta is None or (row is rules.pivot and equation.is_detached):
            continue
        key = row, len(operands)
        known = returned[key] if key in returned else returned.setdefault(key, returned_operands(*key))
        if known is None:
            at = [numbers[x] if type(x) is int else x for x in operands]
            partials = [None if p is None else float(p) for p in row.partials_at(numbers[place], at)]
        else:
            atoms = (*operands, place)
            partials = [
                each if type(each) is not int else numbers[x] if type(x := atoms[each]) is int else x for each in known
            ]
        for x, partial in zip(operands, partials, strict=True):
            if partial is not None and type(x) is int:
                before = adjoint[x]
                product = partial * delta * next(errors)
                adjoint[x] = product if before is None else before + product
    return [adjoint[place] or 0.0 for place in wanted]


def _distance(x: float, y: float) -> float:
    """How far apart they are; infinite of what is not finite."""
    distance = abs(x - y)
    return distance if math.isfinite(distance) else math.inf
