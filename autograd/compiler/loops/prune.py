"""Drop what nothing needs from the items of a body that has just been written, and give its places new numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from autograd.compiler.loops.loop import Loop, evenly
from autograd.compiler.program import Atom, Equation, moved_to

Item = Equation | Loop
DEAD = float("nan")  # where an item was


class Live:
    """Items from place `first` on, and which places the `wanted` atoms need, themselves included."""

    def __init__(self, items: Iterable[Item], first: int, wanted: Iterable[Atom]) -> None:
        self.items, self.first = list(items), first
        sizes = [item.size if type(item) is Loop else 1 for item in self.items]
        self.flags = bytearray(first + sum(sizes))
        self._mark(wanted)
        end = len(self.flags)
        for item, size in zip(reversed(self.items), reversed(sizes), strict=True):
            end -= size
            if any(self.flags[end : end + size]):
                self.flags[end : end + size] = b"\1" * size  # a loop as a whole
                self._mark(item.atoms() if type(item) is Loop else item.operands)

    def _mark(self, atoms: Iterable[Atom]) -> None:
        for atom in atoms:
            if type(atom) is int:
                self.flags[atom] = 1

    def renumbered(self, inputs: Sequence[int]) -> tuple[tuple[Item, ...], list[Atom]]:
        """The live items where only `inputs` stand before them, in this order; and where every place has gone.

        >>> from autograd.rules import exp, neg
        >>> Live([Equation(exp, (0,)), Equation(neg, (1,))], 2, [3]).renumbered([1])[1]
        [nan, 0, nan, 1]
        """
        moved: list[Atom] = [DEAD] * len(self.flags)
        for number, place in enumerate(inputs):
            moved[place] = number
        kept: list[Item] = []
        place, new = self.first, len(inputs)
        for item in self.items:
            size = item.size if type(item) is Loop else 1
            if self.flags[place]:
                kept.append(_moved(item, moved))
                moved[place : place + size] = range(new, new + size)
                new += size
            place += size
        return tuple(kept), moved


def _moved(item: Item, moved: Sequence[Atom]) -> Item:
    if type(item) is Equation:
        return Equation(item.primitive, moved_to(item.operands, moved))
    assert type(item) is Loop
    carried, invariant = moved_to(item.carried, moved), moved_to(item.invariant, moved)
    moving = tuple([evenly(moved_to(atoms, moved)) for atoms in item.moving])
    return replace(item, carried=carried, invariant=invariant, moving=moving)
