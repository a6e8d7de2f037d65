"""Map places of the scalar program to lanes of the two files of numbers, shared and batched."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain

from autograd._numpy import NDArray, np
from autograd.compiler.program import Atom, Program
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.compiler.vector.scalars import Scalars

KINDS = ("shared", "batched")


class Files:
    """The lanes assigned so far: the inputs of each file first, of which `wanted` says where derivatives are taken."""

    def __init__(self, program: Program) -> None:
        derivatives, sides = set(program.derivatives), (program.shared, program.batched)
        self.inputs = (len(sides[0]), len(sides[1]))
        self.sizes = [*self.inputs]
        self.constants: dict[tuple[bool, bytes], int] = {}
        self.wanted = [np.array([place in derivatives for place in side], bool) for side in sides]
        self._wanted = [np.append(each, False) for each in self.wanted]

    @classmethod
    def of(cls, vectors: VectorProgram) -> Files:
        """Those of a vector program, for more steps."""
        files = cls(vectors.program)
        files.sizes = [*vectors.sizes]
        files.constants = {(kind == "batched", _bits(number)): lane for kind, lane, number in vectors.constants}
        return files

    def age(self, lanes: Lanes, kind: str) -> Lanes:
        """The age of lanes, smallest first: what derivatives are taken by (W is left of x), then lanes in order."""
        wanted = self._wanted[kind == "batched"]
        is_input = lanes < len(wanted)
        return lanes - np.where(is_input & wanted[np.where(is_input, lanes, 0)], self.sizes[kind == "batched"], 0)

    def take(self, count: int, batched: bool) -> int:
        """The first of `count` new lanes."""
        start = self.sizes[batched]
        self.sizes[batched] += count
        return start

    def constant(self, number: float, batched: bool) -> int:
        """A lane that holds this number."""
        key = (batched, _bits(number))
        if key not in self.constants:
            self.constants[key] = self.take(1, batched)
        return self.constants[key]

    @property
    def fixed(self) -> tuple[tuple[str, int, float], ...]:
        """(file, lane, number) of all constants."""
        return tuple([(KINDS[b], lane, struct.unpack("d", bits)[0]) for (b, bits), lane in self.constants.items()])


class PlaceFiles(Files):
    """The lanes of the places of a program of scalars, with copies of shared numbers among the batched ones."""

    def __init__(self, given: Scalars) -> None:
        program = given.program
        super().__init__(program)
        self.batched = np.frombuffer(bytes(given.batched), np.uint8).astype(bool)
        self.lane = np.full(len(given.batched), -1, np.intp)
        for inputs in (program.shared, program.batched):
            self.lane[list(inputs)] = np.arange(len(inputs))
        self.lifted: dict[int, int] = {}

    def give(self, places: NDArray[np.intp], batched: bool) -> int:
        """New lanes for these places, in their order; the first of them."""
        start = self.take(places.size, batched)
        self.lane[places.ravel()] = np.arange(start, start + places.size)
        return start

    def operand(self, atoms: Sequence[tuple[Atom, ...]]) -> tuple[Operand, list[Step]]:
        """The lanes of a table of atoms (one row each), all in one file, and the steps that bring them there."""
        flat = list(chain.from_iterable(atoms))
        shape = (len(atoms), len(atoms[0]))
        kinds = set(map(type, flat))
        if int not in kinds:
            return Operand("constant", numbers=np.array(flat, np.float64).reshape(shape)), []
        is_place = None if float not in kinds else np.array([type(atom) is int for atom in flat])
        places = np.array(flat if is_place is None else [a if type(a) is int else 0 for a in flat], np.intp)
        there = self.batched[places] if is_place is None else self.batched[places] & is_place
        batched = bool(there.any())
        lanes = self.lane[places]
        steps: list[Step] = []
        if batched and not there.all():
            wrong = ~there if is_place is None else ~there & is_place
            steps += self._lift(np.unique(places[wrong]))
            lanes[wrong] = [self.lifted[place] for place in places[wrong].tolist()]
        if is_place is not None:
            lanes[~is_place] = [self.constant(float(a), batched) for a in flat if type(a) is float]
        return Operand(KINDS[batched], lanes.reshape(shape)), steps

    def _lift(self, places: NDArray[np.intp]) -> list[Step]:
        new = np.array([place for place in places.tolist() if place not in self.lifted], np.intp)
        if not new.size:
            return []
        start = self.take(new.size, True)
        self.lifted.update(zip(new.tolist(), range(start, start + new.size), strict=True))
        operand = Operand("shared", self.lane[new])
        return [Step("lift", True, start, new.shape, (operand,), places=new)]


def ordered(columns: Sequence[Lanes]) -> NDArray[np.intp]:
    """The order of lanes in which their operands are as contiguous as can be: that of the most varied operand first."""
    if len(columns[0]) == 1:
        return np.zeros(1, np.intp)
    distinct = [-np.unique(column).size for column in columns]
    by = np.argsort(distinct, kind="stable")
    return np.lexsort([columns[i] for i in by[::-1]])


def _bits(number: float) -> bytes:
    return struct.pack("d", number)
