"""Where the samples of a call are: columns that are copied to lanes, and runs that kernels read as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.descriptors import Integers
from autograd.compiler.llvm.workspace import Floats

Runs = Sequence[tuple[int, int]]  # (first column, columns) among all columns of a call's arrays
FORM = attrgetter("shape", "strides", "dtype")
PIECE = (
    "array",
    "offset",
    "down",
    "across",
    "columns",
    "lane",
)  # bytes to its first number, to the next row and column
RUN = ("array", "offset", "step")  # bytes to its first number, numbers to the next row


class Samples:
    """The samples of one call after the other, for one thread.

    objects  the arrays: those of the call, then copies of runs that are not in one of them side by side
    pieces   rows of integers, as `PIECE` says
    runs     rows of integers, as `RUN` says
    """

    def __init__(self, runs: Runs) -> None:
        self._wanted = runs
        self._forms: list[Any] = []
        self._copied: list[tuple[int, tuple[int, int]]] = []  # (place among the objects, run)
        self._copies: list[Floats] = []
        self.objects: Integers = np.zeros(0, np.int64)
        self.pieces: Integers = self.objects
        self.runs: Integers = self.objects
        self._view = self.objects.data

    def take(self, samples: Sequence[Floats]) -> bool:
        """Note which arrays they are, which has to be kept meanwhile; whether they are laid out in another way."""
        forms = list(map(FORM, samples))
        is_new = forms != self._forms
        if is_new:
            self._lay_out(samples)
            self._forms = forms
        for place, array in enumerate(samples):
            self._view[place] = id(array)
        if self._copied:
            self._copies = [_side_by_side(samples, run) for _, run in self._copied]
            for (place, _), copy in zip(self._copied, self._copies, strict=True):
                self._view[place] = id(copy)
        return is_new

    def _lay_out(self, samples: Sequence[Floats]) -> None:
        """Cut the columns of arrays like these into pieces."""
        pieces, runs, start = [], [], 0
        for number, array in enumerate(samples):
            down, across = array.strides
            for first, last in _between(self._wanted, start, start + array.shape[1]):
                pieces.append((number, (first - start) * across, down, across, last - first, first))
            start += array.shape[1]
        self._copied = []
        for run in self._wanted:
            holder = _holder(samples, run)
            if holder is not None and _is_direct(samples[holder[0]], run[1]):
                number, column = holder
                runs.append((number, 8 * column, samples[number].strides[0] // 8))
            else:
                place = len(samples) + len(self._copied)
                self._copied.append((place, run))
                runs.append((place, 0, run[1]))
        self.objects = np.zeros(len(samples) + len(self._copied), np.int64)
        self._view = self.objects.data
        self.pieces = np.array(pieces, np.int64).reshape(-1, len(PIECE))
        self.runs = np.array(runs, np.int64).reshape(-1, len(RUN))


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


def _holder(samples: Sequence[Floats], run: tuple[int, int]) -> tuple[int, int] | None:
    """The array that has all columns of a run, and the first of them there; None if they are in several.

    >>> samples = [np.zeros((9, 2)), np.zeros((9, 5))]
    >>> _holder(samples, (3, 4)), _holder(samples, (1, 4))
    ((1, 1), None)
    """
    (first, count), start = run, 0
    for number, array in enumerate(samples):
        columns = array.shape[1]
        if start <= first and first + count <= start + columns:
            return number, first - start
        start += columns
    return None


def _is_direct(array: Floats, columns: int) -> bool:
    """Whether kernels can read so many of its columns where they are: rows of numbers side by side."""
    down, across = array.strides
    return across == 8 and down >= 8 * columns and not down % 8


def _side_by_side(samples: Sequence[Floats], run: tuple[int, int]) -> Floats:
    """A copy of the columns of a run that can be read so."""
    holder, (first, count) = _holder(samples, run), run
    if holder is None:
        return np.hstack(samples)[:, first : first + count].copy()
    number, column = holder
    return samples[number][:, column : column + count].copy()
