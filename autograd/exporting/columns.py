"""What loops over time keep in the work array: a column for each equation that is looked at from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd.compiler.loops.emitted import column_of
from autograd.compiler.loops.loop import Looped, evenly
from autograd.compiler.program import Atom
from autograd.exporting.operands import linear
from autograd.exporting.writing import Lines


class Columns:
    """The columns of a program's loops; `taken` gives the first of so many free places in w."""

    def __init__(self, to: Lines, looped: Looped, taken: Callable[[int], int]) -> None:
        self.to, self.looped, self._taken = to, looped, taken
        self._first: dict[tuple[int, int], int] = {}  # by the place of the loop and the number of the equation
        self._before: dict[tuple[int, int], str] = {}  # what is in w before a column

    def __contains__(self, column: tuple[int, int]) -> bool:
        """Whether a loop keeps the numbers of an equation."""
        return column in self._first

    def add(self, start: int, equation: int) -> None:
        """Keep the numbers of an equation, with a place before them for what was there before the loop."""
        self._first[start, equation] = self._taken(self.looped.loops[start].count + 1) + 1

    def at(self, start: int, equation: int, trip: int | str, step: int = 1, first: int = 0) -> str:
        """The number of trip `first` + `step` · `trip`."""
        return f"w[{linear(self._first[start, equation] + first, [(step, trip)])}]"

    def even(self, places: range, index: str) -> str:
        """Places that are evenly spaced in one column, by their index; "" for others."""
        column = column_of(self.looped, places)
        if column is None or column[:2] not in self:
            return ""
        start, equation, trip, step = column
        return self.at(start, equation, index, step, trip)

    def begun(self, atoms: Sequence[Atom], index: str, text: Callable[[Atom], str]) -> str:
        """The same for a column and one atom more at one end, which is put before it in w.

        So it is with what a loop carries: before the first trip it is not a number of the loop.
        """
        last = len(atoms) - 1
        for place, rest in ((last, evenly(atoms[:-1])), (0, evenly(atoms[1:]))):
            column = column_of(self.looped, rest) if type(rest) is range else None
            if column is None or column[:2] not in self:
                continue
            start, equation, trip, step = column
            first = trip if place else trip - step
            begin = text(atoms[place])
            if first + step * place == -1 and self._before.setdefault((start, equation), begin) == begin:
                self.to.add(f"{self.at(start, equation, 0, first=-1)} = {begin};")
                return self.at(start, equation, index, step, first)
        return ""


def pieces(atoms: Sequence[Atom]) -> list[list[int]]:
    """Runs of evenly spaced places, and what lies between them.

    >>> pieces([3, 5, 7, 0.5, 9])
    [[3, 5, 7], [0.5], [9]]
    """
    found: list[list[int]] = []
    for atom in atoms:
        last = found[-1] if found else None
        if (
            last
            and type(atom) is int
            and type(last[-1]) is int
            and (len(last) == 1 or atom - last[-1] == last[1] - last[0])
            and atom != last[-1]
        ):
            last.append(atom)
        else:
            found.append([atom])  # type: ignore[list-item]
    return found
