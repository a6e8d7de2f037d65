"""A program's equations as arrays: rows, operands, and which operand each equation waits for longest.

A large program is kept this way, since a tuple for each equation takes a microsecond to make. Who asks for equations
gets them, all at once or a slice.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice, repeat, starmap
from operator import is_, itemgetter
from typing import overload

from autograd._numpy import NDArray, np
from autograd.compiler.program import Atom, Equation, Program, equations_of
from autograd.primitive import Primitive

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
CONSTANT = -1  # instead of a place

_PRIMITIVE, _OPERANDS = itemgetter(0), itemgetter(1)


class Columns(Sequence[Equation]):
    """Arrays over equations, numbered from 0, and over their operands; equation i has the place `first` + i.

    >>> from autograd.rules import mul, sin
    >>> columns = Columns.of(1, [Equation(sin, (0,)), Equation(mul, (1, 2.0))])
    >>> columns.starts, columns.places, columns.numbers
    (array([0, 1, 3]), array([ 0,  1, -1]), array([0., 0., 2.]))
    >>> columns.levels, columns.waits_for
    (array([1, 2]), array('q', [0, 1]))
    >>> columns[1].operands
    (1, 2.0)
    """

    def __init__(
        self, first: int, rows: Ints, arity: Ints, places: Ints, numbers: Floats, primitives: Mapping[int, Primitive]
    ) -> None:
        self.first = first
        self.rows, self.primitives = rows, primitives  # by `id`
        self.arity = arity
        self.starts: Ints = np.zeros(len(rows) + 1, np.int64)  # of each equation's operands
        np.cumsum(arity, out=self.starts[1:])
        self.places, self.numbers = places, numbers  # 0.0 where there is a place

    @classmethod
    def of(cls, first: int, equations: Sequence[Equation]) -> Columns:
        """Those of equations behind so many inputs."""
        if isinstance(equations, Columns):
            return equations
        return cls.made(first, list(map(_PRIMITIVE, equations)), list(map(_OPERANDS, equations)))

    @classmethod
    def made(cls, first: int, rows: Sequence[Primitive], operands: Sequence[tuple[Atom, ...]]) -> Columns:
        """The equation of each row and its operands."""
        count = len(rows)
        primitives = {id(row): row for row in set(rows)}
        arity = np.fromiter(map(len, operands), np.int64, count)
        ids = np.fromiter(map(id, rows), np.int64, count)
        return cls(first, ids, arity, *split(list(chain.from_iterable(operands))), primitives)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, which: int) -> Equation: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Equation]: ...
    def __getitem__(self, which: int | slice) -> Equation | Sequence[Equation]:
        if isinstance(which, slice) and "equations" not in vars(self):
            start, end, step = which.indices(len(self))
            if step == 1:
                return self.listed(start, max(start, end))
        elif isinstance(which, int) and "equations" not in vars(self):
            (found,) = self.listed(i := range(len(self))[which], i + 1)
            return found
        return self.equations[which]

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __reversed__(self) -> Iterator[Equation]:
        return reversed(self.equations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.equations == tuple(other)

    def __hash__(self) -> int:
        return hash(self.equations)

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (self.equations,)  # rows have other numbers elsewhere

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """All of them as tuples."""
        return self.listed()

    def listed(self, start: int = 0, end: int | None = None) -> tuple[Equation, ...]:
        """Equations start … end − 1 as tuples, which are not kept."""
        end = len(self) if end is None else end
        lanes = slice(int(self.starts[start]), int(self.starts[end]))
        atoms: list[Atom] = self.places[lanes].tolist()
        numbers = self.numbers[lanes]
        constant = np.flatnonzero(self.places[lanes] == CONSTANT)
        for i, x in zip(constant.tolist(), numbers[constant].tolist(), strict=True):
            atoms[i] = x
        operands = _in_tuples(atoms, self.arity[start:end].tolist())
        return equations_of(map(self.primitives.__getitem__, self.rows[start:end].tolist()), operands)

    @property
    def bits(self) -> Ints:
        """Those of constants; else 0."""
        return self.numbers.view(np.int64)

    @cached_property
    def owners(self) -> Ints:
        """For each operand the number of its equation."""
        return np.repeat(np.arange(len(self)), self.arity)

    @cached_property
    def equation_of(self) -> Ints:
        """For each operand the equation that it is, −1 for an input or a number."""
        return np.maximum(self.places - self.first, -1)

    def has_row(self, rows: Iterable[Primitive]) -> Flags:
        """For each equation whether it applies one of these primitives."""
        wanted = set(rows)
        numbers = [number for number, row in self.primitives.items() if row in wanted]
        found: Flags = np.isin(self.rows, np.array(numbers, np.int64))
        return found

    def any_operand(self, flags: Flags) -> Flags:
        """For each equation whether a flag of one of its operands is set."""
        found: Flags = np.zeros(len(self), np.bool_)
        found[self.owners[flags]] = True
        return found

    def lanes(self, equations: Ints) -> Ints:
        """The numbers of the operands of some equations, in order."""
        arity = self.arity[equations]
        ends = np.cumsum(arity)
        found: Ints = np.repeat(self.starts[equations] - (ends - arity), arity) + np.arange(arity.sum())
        return found

    def replaced(self, numbers: Ints, new: Columns) -> Columns:
        """With other equations instead of some, in order of their numbers."""
        rows, arity = self.rows.copy(), self.arity.copy()
        rows[numbers], arity[numbers] = new.rows, new.arity
        changed = np.zeros(len(self), np.bool_)
        changed[numbers] = True
        to, stays = np.repeat(changed, arity), np.repeat(~changed, self.arity)
        places, floats = np.empty(len(to), np.int64), np.empty(len(to))
        places[to], floats[to] = new.places, new.numbers
        places[~to], floats[~to] = self.places[stays], self.numbers[stays]
        return Columns(self.first, rows, arity, places, floats, {**self.primitives, **new.primitives})

    def moved(self, moved: Mapping[int, int]) -> Columns:
        """The same equations of places that have moved."""
        before = np.fromiter(moved, np.int64, len(moved))
        new: Ints = np.full(int(before.max(initial=-1)) + 2, CONSTANT, np.int64)  # the last one of numbers
        new[before] = np.fromiter(moved.values(), np.int64, len(moved))
        return Columns(self.first, self.rows, self.arity, new[self.places], self.numbers, self.primitives)

    def repeats(self, start: int, end: int, period: int) -> Flags:
        """For equations start … end − 1, whether the one a period later has the same row and number of operands."""
        later = slice(start + period, end + period)
        same: Flags = (self.rows[start:end] == self.rows[later]) & (self.arity[start:end] == self.arity[later])
        return same

    def atom(self, operand: int) -> Atom:
        """An operand by its number."""
        place = int(self.places[operand])
        return place if place != CONSTANT else float(self.numbers[operand])

    # --- levels -------------------------------------------------------------------------------------------------------

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
        levels = [-1, *[0] * self.first]  # that of constants first; places are counted on from there
        found = array("q")
        add, wait = levels.append, found.append
        for x, y, wide in chain.from_iterable(starmap(zip, self._operands())):
            level, place = levels[x], x
            if wide:
                level, place = max(zip(map(levels.__getitem__, wide), wide, strict=True))
            elif (other := levels[y]) > level or (other == level and y > x):
                level, place = other, y
            add(level + 1)
            wait(place)
        return np.array(levels[self.first + 1 :], np.int64), array("q", (np.array(found) - 1).tobytes())

    def _operands(self) -> Iterator[tuple[list[int], list[int], list[list[int]]]]:
        """For each equation the places, plus 1, of its first and last operand, and all if there are more; in chunks."""
        for start in range(0, len(self), CHUNK):
            end = min(start + CHUNK, len(self))
            places = self.places[self.starts[start] : self.starts[end]] + 1
            starts, arity = self.starts[start:end] - self.starts[start], self.arity[start:end]
            padded, some = np.append(places, 0), arity > 0
            left = np.where(some, padded[starts], 0).tolist()
            right = np.where(some, padded[starts + arity - some], 0).tolist()
            wide: list[list[int]] = [_NONE] * len(left)
            for i in np.flatnonzero(arity > 2).tolist():
                wide[i] = places[starts[i] : starts[i] + arity[i]].tolist()
            yield left, right, wide


CHUNK = 1 << 14  # equations, so that their numbers as Python has them need little memory
_NONE: list[int] = []


def _in_tuples(atoms: Sequence[Atom], counts: Sequence[int]) -> list[tuple[Atom, ...]]:
    """The atoms, one after the other, in tuples of so many."""
    remaining = iter(atoms)
    if max(counts, default=0) > 2:
        return [tuple(islice(remaining, count)) for count in counts]
    one = remaining.__next__  # most programs, and in half the time
    return [(one(), one()) if count == 2 else (one(),) if count else () for count in counts]


def split(atoms: Sequence[Atom]) -> tuple[Ints, Floats]:
    """The places of atoms, CONSTANT where there is none, and their numbers, 0.0 where there is none.

    >>> split([3, 2.0])
    (array([ 3, -1]), array([0., 2.]))
    """
    count = len(atoms)
    numbers: Floats = np.fromiter(atoms, np.float64, count)  # places are exact up to 2⁵³
    constant: Flags = np.fromiter(map(is_, map(type, atoms), repeat(float)), np.bool_, count)
    places: Ints = np.full(count, CONSTANT, np.int64)
    places[~constant] = numbers[~constant].astype(np.int64)
    numbers[~constant] = 0.0
    return places, numbers


def arities(equations: Sequence[Equation]) -> Mapping[tuple[Primitive, int], int]:
    """How many equations there are of each row and number of operands; rows in the order in which they come first.

    >>> from autograd.rules import mul
    >>> [*arities([Equation(mul, (0, 1)), Equation(mul, (0, 2))]).values()]
    [2]
    """
    if not isinstance(equations, Columns):
        return Counter([(row, len(operands)) for row, operands in equations])
    places = {row: np.flatnonzero(equations.rows == number) for number, row in equations.primitives.items()}
    found: dict[tuple[Primitive, int], int] = {}
    for row in sorted(filter(lambda row: places[row].size, places), key=lambda row: int(places[row][0])):
        counts = np.bincount(equations.arity[places[row]])
        found |= {(row, count): int(counts[count]) for count in np.flatnonzero(counts).tolist()}
    return found


def rows_of(equations: Sequence[Equation]) -> set[Primitive]:
    """The primitives that are applied."""
    return {row for row, _ in arities(equations)}


def depth(program: Program) -> int:
    """The length of the longest chain of equations: a vector program has at least as many steps.

    >>> from autograd import rules
    >>> chain = Equation(rules.exp, (0,)), Equation(rules.exp, (1,)), Equation(rules.sin, (0,))
    >>> depth(Program(("x",), chain, (), ()))
    2
    """
    if isinstance(program.equations, Columns):
        return int(program.equations.levels.max(initial=0))
    levels = [0] * len(program.names)
    for _, operands in program.equations:
        deepest = 0
        for each in operands:
            if type(each) is int and levels[each] > deepest:
                deepest = levels[each]
        levels.append(1 + deepest)
    return max(levels, default=0)
