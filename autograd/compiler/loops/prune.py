"""Drop the items of a new body that nothing needs, and number its places again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from autograd.compiler.loops.loop import Loop, evenly
from autograd.compiler.program import Atom, Equation, moved_to

Item = Equation | Loop
DEAD = float("nan")  # where an item was


class Live:
    """Items with their first places, and which of the places before `end` the `wanted` atoms need, these included."""

    def __init__(self, items: Iterable[tuple[int, Item]], end: int, wanted: Iterable[Atom]) -> None:
        self.items = list(items)
        self.flags = bytearray(end)
        self._mark(wanted)
        for place, item in reversed(self.items):
            size = _size(item)
            if any(self.flags[place : place + size]):
                self.flags[place : place + size] = b"\1" * size  # a loop as a whole
                self._mark(item.atoms() if type(item) is Loop else item.operands)

    def _mark(self, atoms: Iterable[Atom]) -> None:
        for atom in atoms:
            if type(atom) is int:
                self.flags[atom] = 1

    def renumbered(self, inputs: Sequence[int]) -> tuple[tuple[Item, ...], list[Atom]]:
        """The live items where only `inputs` stand before them, in this order; and where every place has gone.

        >>> from autograd.rules import exp, neg
        >>> items = (2, Equation(exp, (0,))), (3, Equation(neg, (1,)))
        >>> Live(items, 4, [3]).renumbered([1])[1]
        [nan, 0, nan, 1]
        """
        moved: list[Atom] = [DEAD] * len(self.flags)
        for number, place in enumerate(inputs):
            moved[place] = number
        kept: list[Item] = []
        new = len(inputs)
        for place, item in self.items:
            if self.flags[place]:
                kept.append(moved_item(item, moved))
                size = _size(item)
                moved[place : place + size] = range(new, new + size)
                new += size
        return tuple(kept), moved


def _size(item: Item) -> int:
    return item.size if type(item) is Loop else 1


def moved_item(item: Item, moved: Sequence[Atom]) -> Item:
    """The item with each place that it looks at replaced by what that has moved to."""
    if type(item) is Equation:
        return Equation(item.primitive, moved_to(item.operands, moved))
    assert type(item) is Loop
    carried, invariant = moved_to(item.carried, moved), moved_to(item.invariant, moved)
    moving = tuple([evenly(moved_to(atoms, moved)) for atoms in item.moving])
    return replace(item, carried=carried, invariant=invariant, moving=moving)
