"""Where the numbers of a program with loops are that outlive their part: rows of one file."""

from __future__ import annotations

from collections.abc import Sequence

from autograd._numpy import NDArray, np
from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.printing import linear

Lanes = NDArray[np.intp]


class Memory:
    """Rows that are taken, by what is in them: places, equations that a loop keeps of all trips, constants."""

    def __init__(self, looped: Looped) -> None:
        self._looped = looped
        self.size = 0
        self.places: dict[int, int] = {}
        self.kept: dict[int, tuple[int, list[int]]] = {}  # of a loop the first row, and the equations of its body
        self.constants: dict[str, tuple[float, int]] = {}

    def allot(self, count: int) -> int:
        """The first of so many new rows."""
        self.size += count
        return self.size - count

    def place(self, places: Sequence[int]) -> list[int]:
        """Rows for these places."""
        first = self.allot(len(places))
        self.places |= {place: first + i for i, place in enumerate(places)}
        return list(range(first, first + len(places)))

    def keep(self, start: int, columns: Sequence[int]) -> int:
        """The first of the rows for these equations of the loop at place `start`, trip by trip."""
        first = self.allot(self._looped.loops[start].count * len(columns))
        self.kept[start] = first, list(columns)
        return first

    def constant(self, x: float) -> int:
        """The row of a constant."""
        key = repr(x)  # −0 is not 0
        if key not in self.constants:
            self.constants[key] = x, self.allot(1)
        return self.constants[key][1]

    def row(self, place: int) -> int:
        """The row of a place."""
        start = self._looped.loop_at(place)
        if start is None or place in self.places:
            return self.places[place]
        first, columns = self.kept[start]
        trip, column = divmod(place - start, self._looped.loops[start].body.size)
        return first + trip * len(columns) + columns.index(column)


def slice_of(rows: Sequence[int]) -> str:
    """Rows that follow each other as a slice, else "".

    >>> slice_of([3, 4, 5]), slice_of([0, 1]), slice_of([4, 3])
    ('3:6', ':2', '')
    """
    if not rows or list(rows) != list(range(rows[0], rows[0] + len(rows))):
        return ""
    return f"{rows[0] or ''}:{rows[-1] + 1}"


def slice_in_trips(rows: Lanes, index: str) -> str:
    """The same of a row of a table for each trip, where these move evenly.

    >>> slice_in_trips(np.array([[8, 9], [6, 7], [4, 5]]), "i")
    '8 - 2 * i:10 - 2 * i'
    """
    if not rows.size or not slice_of(rows[0].tolist()):
        return ""
    steps = np.diff(rows, axis=0)
    if not steps.size or (steps != steps[0, 0]).any() or not steps[0, 0]:
        return ""
    first, step, width = int(rows[0, 0]), int(steps[0, 0]), rows.shape[1]
    return f"{linear(first, step, index)}:{linear(first + width, step, index)}"
