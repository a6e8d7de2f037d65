"""Where the samples of a call are: columns that are copied to lanes, and runs that kernels read as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.workspace import FEW, Floats, address_of

Runs = Sequence[tuple[int, int]]  # (first column, columns) among all columns of a call's arrays


class Samples:
    """The samples of one call after the other, for one thread.

    pieces   rows (address, bytes to the next row, bytes to the next column, columns, lane)
    runs     rows (address, numbers to the next row)
    """

    def __init__(self, runs: Runs) -> None:
        self._wanted = runs
        self._shapes: list[tuple[int, ...]] = []
        self._copies: list[Floats] | None = None
        self._cuts: list[tuple[int, int, int, int]] = []  # of pieces: array, its first column, columns, lane
        self._kept: list[Any] = []
        self.pieces = self.runs = np.zeros((0, 0), np.int64)

    def take(self, samples: Sequence[Floats]) -> bool:
        """Note where they are, and whether that has changed; few are copied: faster than asking for addresses."""
        shapes = [array.shape for array in samples]
        is_new = shapes != self._shapes
        if is_new:
            self._lay_out(shapes)
        if self._copies is None:
            self._fill(samples)
            return True
        for copy, array in zip(self._copies, samples, strict=True):
            copy[...] = array
        return is_new

    def _lay_out(self, shapes: list[tuple[int, ...]]) -> None:
        """Cut the columns of arrays of these shapes into pieces."""
        self._cuts, start = [], 0
        for number, (_, columns) in enumerate(shapes):
            for first, last in _between(self._wanted, start, start + columns):
                self._cuts.append((number, first - start, last - first, first))
            start += columns
        self.pieces = np.zeros((len(self._cuts), 5), np.int64)
        self.runs = np.zeros((len(self._wanted), 2), np.int64)
        is_few = sum([rows * columns for rows, columns in shapes]) <= FEW
        self._copies = None
        if is_few and all(_holder(shapes, run) is not None for run in self._wanted):
            self._copies = [np.empty(shape) for shape in shapes]
            self._fill(self._copies)
        self._shapes = shapes

    def _fill(self, samples: Sequence[Floats]) -> None:
        self._kept = [_side_by_side(samples, run) for run in self._wanted]
        for i, array in enumerate(self._kept):
            self.runs[i] = address_of(array), array.strides[0] // 8
        for i, (number, column, columns, lane) in enumerate(self._cuts):
            array = samples[number]
            down, across = array.strides
            self.pieces[i] = address_of(array) + across * column, down, across, columns, lane


def _between(runs: Runs, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The pieces of start … end − 1 that are in no run.

    >>> list(_between([(2, 3), (7, 1)], 1, 9))
    [(1, 2), (5, 7), (8, 9)]
    """
    for first, count in runs:
        if start < min(first, end):
            yield start, min(first, end)
        start = max(start, first + count)
    if start < end:
        yield start, end


def _holder(shapes: Sequence[tuple[int, ...]], run: tuple[int, int]) -> tuple[int, int] | None:
    """The array that has all columns of a run, and the first of them there; None if they are in several.

    >>> _holder([(9, 2), (9, 5)], (3, 4)), _holder([(9, 2), (9, 5)], (1, 4))
    ((1, 1), None)
    """
    (first, count), start = run, 0
    for number, (_, columns) in enumerate(shapes):
        if start <= first and first + count <= start + columns:
            return number, first - start
        start += columns
    return None


def _side_by_side(samples: Sequence[Floats], run: tuple[int, int]) -> Floats:
    """The columns of a run as an array whose rows are contiguous; a view where there is one."""
    first, count = run
    found = _holder([array.shape for array in samples], run)
    if found is None:
        return np.ascontiguousarray(np.hstack(samples)[:, first : first + count])
    number, column = found
    part = samples[number][:, column : column + count]
    down, across = part.strides
    return part if across == 8 and down >= 8 * count and not down % 8 else np.ascontiguousarray(part)
