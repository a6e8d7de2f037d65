"""Frames: the memory of a program, with a slot (number or vector) for each value that outlives its function."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from autograd.compiler.llvm.code import FOLLOWS, Code

LENGTH = 400  # operations in a function: code generation takes time linear in the number of functions only
Pairs = Iterable[tuple[int, int]]


@dataclass
class Plan:
    """Where a code is cut, and where its values are kept.

    chunks    the bounds of the functions it is cut into: chunk c is operations chunks[c] … chunks[c + 1] − 1
    homes     for operations whose value is stored, the slots that get it, the first of which later chunks read
    sums      for operations whose value is added to what slots hold, those slots
    size      how many slots the frame has, besides those of the constants, which follow
    stride    vectors from one slot to the next
    constants the constants of vectors, by their bits: they are read from the frame like everything else
    """

    chunks: list[int]
    homes: dict[int, list[int]]
    sums: dict[int, list[int]]
    size: int
    stride: int = 1
    constants: dict[bytes, int] = field(default_factory=dict)

    def constant(self, x: float) -> int:
        """The slot of a constant."""
        return self.constants.setdefault(struct.pack("<d", x), self.size + len(self.constants))

    @property
    def numbers(self) -> dict[int, float]:
        """The constants by slot."""
        return {slot: struct.unpack("<d", bits)[0] for bits, slot in self.constants.items()}

    @property
    def whole_size(self) -> int:
        """How many slots the frame has."""
        return self.size + len(self.constants)


def plan(code: Code, wanted: Pairs, added: Pairs, first_free: int, cuts: Sequence[int] = (), stride: int = 1) -> Plan:
    """Cut `code` into functions of about LENGTH operations; values that later ones need get slots from `first_free`.

    `wanted` and `added` are pairs (operation, slot): values that slots of their own have to get, or to be added to.
    Before the operations in `cuts`, in order, a new function begins.
    """
    made = Plan(_bounds(code, cuts), {}, {}, first_free, stride)
    for pairs, slots in ((wanted, made.homes), (added, made.sums)):
        for operation, slot in pairs:
            slots.setdefault(operation, []).append(slot)
    _assign(made, _last_chunks(code, made.chunks))
    return made


def _bounds(code: Code, cuts: Sequence[int]) -> list[int]:
    bounds = [0]
    for end in (*cuts, len(code.texts)):
        while bounds[-1] < end:
            bound = min(bounds[-1] + LENGTH, end)
            while bound < end and code.texts[bound] is FOLLOWS:
                bound += 1
            bounds.append(bound)
    return bounds


def _last_chunks(code: Code, bounds: Sequence[int]) -> list[dict[int, int]]:
    """For each chunk, the values made in it that later chunks need, with the last of those."""
    chunk_of: list[int] = []
    last: dict[int, int] = {}
    for chunk, (begin, end) in enumerate(pairwise(bounds)):
        chunk_of += [chunk] * (end - begin)
        for operands in code.operands[begin:end]:
            for atom in operands:
                if type(atom) is int and 0 <= atom < begin:
                    last[atom] = chunk
    found: list[dict[int, int]] = [{} for _ in bounds[1:]]
    for operation in sorted(last):
        found[chunk_of[operation]][operation] = last[operation]
    return found


def _assign(made: Plan, last_chunks: Sequence[dict[int, int]]) -> None:
    """Reuse slots that no later chunk reads, so that the frame of a long program stays small."""
    ending: list[list[int]] = [[] for _ in last_chunks]
    free: list[int] = []
    for chunk, needed in enumerate(last_chunks):
        for operation, last in needed.items():
            if operation not in made.homes:
                slot = free.pop() if free else made.size
                made.size = max(made.size, slot + 1)
                made.homes[operation] = [slot]
                ending[last].append(slot)
        free += ending[chunk]
