"""What roundings may do to a program: runs in which every operation is off by a random amount.

This is Monte Carlo arithmetic (Parker, UCLA CSD-970002, 1997). Bounds that follow each rounding through the program
take the absolute value of every partial derivative: in a pendulum of 1000 steps they grow by e³¹ and in one of 25 000
they are infinite, so that anything passes. Random errors cancel as those of a back end do.

Half of an error belongs to the operation and its operands, since a back end rounds what is equal alike: in a sum of a
million equal terms such errors add up, a thousand times as far as others do. The other half is drawn anew each time,
since equal numbers may be computed in two ways, in a vector register and outside: then their difference is not 0.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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

INPUT, PRODUCT = -2, -3  # operations that are not of a row: rounding an input or a constant, a term of the chain rule
HASHES = 2.0**sys.hash_info.width
Factor = Callable[..., float]  # of an operation, by number, and its operands: what its result is multiplied by
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
    ) -> dict[Place, bool]:
        """Those of the places in `wrong` where `given` is further from `wanted` than any run with random errors.

        `answers` makes answers of columns of outputs. What errors MARGIN times as small move nearly as far has no
        digits to be compared: it jumps, or is chaotic. Nan is nothing but nan; whether roundings decide that, as at the
        end of a domain, is told for each place.
        """
        found: dict[Place, list[float]] = {each: [] for each in wrong}
        for factor in self._runs():
            other = answers(self._columns(factor))
            for i, j in wrong:
                found[i, j].append(other[i][j])
            wrong = [(i, j) for i, j in wrong if not _is_reached(given[i][j], wanted[i][j], found[i, j])]
            if not wrong:
                return {}
        other = answers(self._columns(factors(0, 1.0, self.unit)))
        wrong = [(i, j) for i, j in wrong if _has_digits(given[i][j], wanted[i][j], found[i, j], other[i][j])]
        return {(i, j): _is_edge(given[i][j], wanted[i][j], found[i, j]) for i, j in wrong}

    def decides(self, guard: Guard, numbers: Sequence[float]) -> bool:
        """Whether roundings do, given the numbers of all places: random errors move its sides as far as they are apart.

        This is at the first row of inputs.
        """
        apart = guard.apart(numbers)
        for factor in self._runs():
            try:
                found = guard.apart(perturbed(self.program, self.rows[0], factor, self.indices, self.unit))
            except Exception:  # that of a user's rule
                return True
            if abs(found - apart) >= abs(apart):
                return True
        return False

    def _runs(self) -> Iterator[Factor]:
        """The errors of each run."""
        for seed in range(RUNS // 2):
            yield factors(seed, MARGIN, self.unit)
            yield factors(seed, -MARGIN, self.unit)

    def _columns(self, factor: Factor) -> list[list[float]]:
        """The outputs, a column for each; nan where a rule does not take such numbers."""
        program, found = self.program, []
        for row in self.rows:
            try:
                numbers = perturbed(program, row, factor, self.indices, self.unit)
                outputs = [numbers[atom] if type(atom) is int else float(atom) for atom in program.outputs]
                found.append(outputs + derivatives(program, numbers, self.slopes, factor))
            except Exception:  # that of a user's rule
                found.append([math.nan] * (len(program.outputs) + len(self.slopes)))
        return [list(each) for each in zip(*found, strict=True)]


def factors(seed: int, size: float, unit: float) -> Factor:
    """Random numbers near 1, off by at most `size` times the error that an operation may have.

    They take the number of an operation and its operands, of which half of the error is a function.

    >>> factor = factors(0, 1.0, UNIT["float64"])
    >>> abs(factor(0, 0.5, 3.0) - factor(0, 0.5, 3.0)) <= ULPS * UNIT["float64"]
    True
    """
    own, width = Random(seed).random, size * ULPS * unit
    least = 1.0 - 0.5 * width

    def factor(*operation: float) -> float:
        return least + width * (own() + hash((seed, operation)) / HASHES)

    return factor


def perturbed(
    program: Program,
    row: Sequence[float],
    factor: Factor,
    indices: Collection[int] = (),
    unit: float = UNIT["float64"],
) -> list[float]:
    """The numbers of all places, with all inputs and results times a number near 1; integers made of `indices` stay.

    A sum may be added up in another order, so it is off by as much as its terms are. In float32, constants are off too.

    >>> from autograd.compiler.program import Equation
    >>> perturbed(Program(("x",), (Equation(rules.add, (0, 1.0)),), (), (1,)), [2.0], lambda *operation: 1.5)
    [3.0, 6.0]
    """
    exact, rows = set(indices), dict[Primitive, int]()
    numbers = [x if place in exact else x * factor(INPUT, x) for place, x in enumerate(row)]
    constants = _rounded_constants(program, factor) if unit > UNIT["float64"] else {}
    for primitive, operands in program.equations:
        at = [numbers[x] if type(x) is int else constants.get(x, x) for x in operands]
        out = float(primitive.value(*at))
        if exact and out.is_integer() and exact.issuperset([x for x in operands if type(x) is int]):
            exact.add(len(numbers))
        elif primitive not in UNROUNDED:
            off = factor(rows.setdefault(primitive, len(rows)), *at)
            out = out + (off - 1.0) * (abs(out) + _terms(primitive, out, at)) if primitive.variadic else out * off
        numbers.append(out)
    return numbers


def _terms(row: Primitive, out: float, at: Sequence[float]) -> float:
    """What a sum in another order may be off by, in units of ULPS roundings."""
    partials = zip(row.partials_at(out, at), at, strict=True)
    return len(at) / ULPS * sum([abs(float(p) * x) for p, x in partials if p is not None])


def _rounded_constants(program: Program, factor: Factor) -> dict[float, float]:
    """Each the same wherever it occurs, since float32 may not have it; it has the powers of 2."""
    found = {x for _, operands in program.equations for x in operands if type(x) is float}
    return {x: x * factor(INPUT, x) for x in found if abs(math.frexp(x)[0]) not in (0.0, 0.5)}


def derivatives(
    program: Program, numbers: Sequence[float], wanted: Iterable[int], factor: Factor | None = None
) -> list[float]:
    """The derivatives of a program's first output, given the numbers of all places: the chain rule on floats.

    Every product in it is multiplied by a `factor`.

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
                product = partial * delta
                if factor:
                    product *= factor(PRODUCT, partial, delta)
                adjoint[x] = product if before is None else before + product
    return [adjoint[place] or 0.0 for place in wanted]


def _is_reached(given: float, wanted: float, runs: Sequence[float]) -> bool:
    """Whether a number is as near as one of these runs, or where there are none; not if nan is on one side only."""
    if given != given or wanted != wanted:
        return given != given and wanted != wanted
    if math.isinf(given):
        return given in runs
    finite = [x for x in runs if math.isfinite(x)]
    if math.isinf(wanted):
        return any(abs(given) >= abs(x) for x in finite)
    return abs(given - wanted) <= max([abs(x - wanted) for x in finite], default=math.inf)


def _has_digits(given: float, wanted: float, runs: Sequence[float], small: float) -> bool:
    """Whether a number differs from another where errors MARGIN times as small as in `runs` move little."""
    if not math.isfinite(wanted) or given != given:
        return True
    spread = max([abs(x - wanted) for x in runs if math.isfinite(x)], default=0.0)
    return math.isfinite(small) and LINEAR * abs(small - wanted) <= spread


def _is_edge(given: float, wanted: float, runs: Sequence[float]) -> bool:
    """Whether one of two numbers is nan, and roundings decide which."""
    return (given != given) is not (wanted != wanted) and any((x != x) is (given != given) for x in runs)
