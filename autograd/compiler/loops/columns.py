"""A program as arrays: rows, operands, and which operand each equation waits for longest."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, repeat
from operator import is_, itemgetter

from autograd._numpy import NDArray, np
from autograd.compiler.program import Atom, Equation

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
CONSTANT = -1  # instead of a place

_PRIMITIVE, _OPERANDS = itemgetter(0), itemgetter(1)


class Columns:
    """Arrays over equations, numbered from 0, and over their operands; equation i has the place `first` + i.

    >>> from autograd.rules import mul, sin
    >>> columns = Columns(1, [Equation(sin, (0,)), Equation(mul, (1, 2.0))])
    >>> columns.starts, columns.places
    (array([0, 1, 3]), array([ 0,  1, -1]))
    >>> columns.levels, columns.waits_for
    (array([1, 2]), array('q', [0, 1]))
    """

    def __init__(self, first: int, equations: Sequence[Equation]) -> None:
        self.first, self.equations = first, equations
        count = len(equations)
        operands = list(map(_OPERANDS, equations))
        self.rows: Ints = np.fromiter(map(id, map(_PRIMITIVE, equations)), np.int64, count)
        self.arity: Ints = np.fromiter(map(len, operands), np.int64, count)
        self.starts: Ints = np.zeros(count + 1, np.int64)  # of each equation's operands
        np.cumsum(self.arity, out=self.starts[1:])
        atoms = list(chain.from_iterable(operands))
        self.numbers: NDArray[np.float64] = np.fromiter(atoms, np.float64, len(atoms))  # places are exact up to 2⁵³
        constant: Flags = np.fromiter(map(is_, map(type, atoms), repeat(float)), np.bool_, len(atoms))
        self.places: Ints = np.where(constant, CONSTANT, self.numbers).astype(np.int64)
        self.bits: Ints = np.where(constant, self.numbers.view(np.int64), 0)  # of constants; else 0

    def __len__(self) -> int:
        return len(self.equations)

    def repeats(self, start: int, end: int, period: int) -> Flags:
        """For equations start … end − 1, whether the one a period later has the same row and number of operands."""
        later = slice(start + period, end + period)
        same: Flags = (self.rows[start:end] == self.rows[later]) & (self.arity[start:end] == self.arity[later])
        return same

    def atom(self, operand: int) -> Atom:
        """An operand by its number."""
        place = int(self.places[operand])
        return place if place != CONSTANT else float(self.numbers[operand])

    @property
    def levels(self) -> Ints:
        """For each equation the length of the longest chain of equations that ends there."""
        return self._waits[0]

    @property
    def waits_for(self) -> array[int]:
        """For each equation the operand of the highest level, of several the latest; CONSTANT for no place."""
        return self._waits[1]

    @cached_property
    def _waits(self) -> tuple[Ints, array[int]]:
        levels = [0] * self.first
        levels.append(-1)  # of constants, at index CONSTANT while an equation is looked at
        found = array("q")
        known, wait = levels.insert, found.append
        for x, y, wide in self._operands():
            level, place = levels[x], x
            if wide:
                level, place = max(zip(map(levels.__getitem__, wide), wide, strict=True))
            elif levels[y] > level or (levels[y] == level and y > x):
                level, place = levels[y], y
            known(-1, level + 1)
            wait(place)
        return np.array(levels[self.first : -1], np.int64), found

    def _operands(self) -> Iterator[tuple[int, int, list[int]]]:
        """For each equation its first and its last operand, and all if there are more; some at a time."""
        for start in range(0, len(self), CHUNK):
            end = min(start + CHUNK, len(self))
            places = self.places[self.starts[start] : self.starts[end]]
            starts, arity = self.starts[start:end] - self.starts[start], self.arity[start:end]
            padded, some = np.append(places, CONSTANT), arity > 0
            left = np.where(some, padded[starts], CONSTANT).tolist()
            right = np.where(some, padded[starts + arity - some], CONSTANT).tolist()
            wide: list[list[int]] = [_NONE] * len(left)
            for i in np.flatnonzero(arity > 2).tolist():
                wide[i] = places[starts[i] : starts[i] + arity[i]].tolist()
            yield from zip(left, right, wide, strict=True)


CHUNK = 1 << 14  # equations, so that their numbers as Python has them need little memory
_NONE: list[int] = []
