"""Make a loop of equations that repeat: each operand is computed inside, carried, invariant or moving."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from autograd._numpy import np
from autograd.compiler.columns import CONSTANT, Columns
from autograd.compiler.loops.fit import BACK, Extent
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.loops.naming import body_names
from autograd.compiler.program import Atom, Equation, Program

Key = tuple[int | bytes, ...]  # atoms, constants as their bytes: −0 is not 0
Lane = tuple[int, Key]
"""(equation, what it was before): the number of that equation as many trips ago as there are atoms."""


def built(columns: Columns, names: Sequence[str], found: Extent) -> Loop | None:
    """The loop of these equations, its body without loops; None if an operand is of no kind.

    `names` are those of the program's inputs.
    """
    table = _Table(columns, found)
    if not table.is_loop():
        return None
    kinds = _Kinds(table)
    inputs = len(kinds.carried) + len(kinds.invariant) + len(kinds.moving)
    atoms = tuple(kinds.invariant), kinds.first_atoms(), tuple(kinds.moving.values())
    equations = []
    for i in range(found.start, found.start + found.period):
        lanes = range(*(int(each) for each in columns.starts[[i, i + 1]] - columns.starts[found.start]))
        row = columns.primitives[int(columns.rows[i])]
        equations.append(Equation(row, tuple([kinds.atom(k, inputs) for k in lanes])))
    head = Program(body_names(names, *atoms), (), (), kinds.next_atoms(inputs))
    return Loop(Looped(head, tuple(equations)), found.trips, *atoms)


class _Table:
    """The operands of a loop: a row for each trip, a column for each operand of the body."""

    def __init__(self, columns: Columns, found: Extent) -> None:
        self.found, self.first = found, columns.first + found.start  # the loop's first place
        lanes = slice(int(columns.starts[found.start]), int(columns.starts[found.end]))
        self.places = columns.places[lanes].reshape(found.trips, -1)
        self.numbers = columns.numbers[lanes].reshape(found.trips, -1)
        bits = columns.bits[lanes].reshape(found.trips, -1)
        self.inside = self.places[-1] >= self.first
        trip, self.equation = np.divmod(self.places[-1] - self.first, found.period)
        self.ago = np.where(self.inside, found.trips - 1 - trip, 0)  # in trips
        self.same = (self.places == self.places[:1]).all(axis=0) & (bits == bits[:1]).all(axis=0)

    def is_loop(self) -> bool:
        """Whether each operand does the same in every trip."""
        if (self.ago > BACK).any() or not ((self.places < self.first) | self.inside).all():
            return False
        trips = np.arange(self.found.trips)[:, None]
        along = self.places == self.places[-1] - (self.found.trips - 1 - trips) * self.found.period
        begins = (trips < self.ago) & (self.places < self.first)
        return bool((along | begins)[:, self.inside].all())

    def atom(self, trip: int, column: int) -> Atom:
        place = int(self.places[trip, column])
        return place if place != CONSTANT else float(self.numbers[trip, column])

    def moving(self, column: int) -> Sequence[Atom]:
        """The atoms of a moving operand, as a range where they are evenly spaced."""
        places = self.places[:, column]
        step = int(places[1] - places[0])
        if step and places.min() >= 0 and (np.diff(places) == step).all():
            return range(int(places[0]), int(places[0]) + step * len(places), step)
        return tuple([self.atom(trip, column) for trip in range(len(places))])


class _Kinds:
    """Which operand is what; the inputs of the body in their order."""

    def __init__(self, table: _Table) -> None:
        self.table = table
        self.lane = {k: list(_lanes(table, k)) for k in np.flatnonzero(table.ago > 0).tolist()}
        outside = ~table.inside
        fixed = outside & table.same & (table.places[0] != CONSTANT)
        self.fixed = dict(zip(np.flatnonzero(fixed).tolist(), table.places[0, fixed].tolist(), strict=True))
        moving = [(k, table.moving(k)) for k in np.flatnonzero(outside & ~table.same).tolist()]
        moving.sort(key=lambda each: (type(each[1][0]) is float, each[1][0]))
        self.key = {k: _key(atoms) for k, atoms in moving}
        self.moving = {self.key[k]: atoms for k, atoms in moving}
        self.invariant = sorted(set(self.fixed.values()))
        lanes = dict.fromkeys([lane for lanes in self.lane.values() for lane in lanes])
        self.carried = sorted(lanes, key=lambda lane: (lane[0], len(lane[1])))
        inputs = (*self.invariant, *self.carried, *self.moving)
        self.number: dict[object, int] = {each: i for i, each in enumerate(inputs)}

    def atom(self, column: int, inputs: int) -> Atom:
        """An operand, as the body has it."""
        if column in self.lane:
            return self.number[self.lane[column][-1]]
        if self.table.inside[column]:
            return inputs + int(self.table.equation[column])
        if column in self.fixed:
            return self.number[self.fixed[column]]
        return self.number[self.key[column]] if column in self.key else self.table.atom(0, column)

    def first_atoms(self) -> tuple[Atom, ...]:
        """What each carried number is before the first trip."""
        return tuple([_atom(before[-1]) for _, before in self.carried])

    def next_atoms(self, inputs: int) -> tuple[Atom, ...]:
        """What each carried number is in the next trip: one of two trips ago is then that of one trip ago."""
        return tuple(
            [
                inputs + equation if len(before) == 1 else self.number[(equation, before[:-1])]
                for equation, before in self.carried
            ]
        )


def _lanes(table: _Table, column: int) -> Iterator[Lane]:
    """The carried numbers that an operand needs: of one trip ago, of two trips ago, …; the last is what it looks at."""
    ago, equation = int(table.ago[column]), int(table.equation[column])
    before = _key([table.atom(trip, column) for trip in range(ago - 1, -1, -1)])
    for back in range(1, ago + 1):
        yield equation, before[:back]


_bits = struct.Struct("d")


def _key(atoms: Sequence[Atom]) -> Key:
    return tuple([_bits.pack(each) if type(each) is float else int(each) for each in atoms])


def _atom(key: int | bytes) -> Atom:
    return float(_bits.unpack(key)[0]) if isinstance(key, bytes) else key
