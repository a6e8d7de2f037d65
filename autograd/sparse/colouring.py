"""Colourings of sparse matrices: what has one colour can share a direction, and the matrix can still be read off.

Colours are numbers from 0 on; a column without entries has the colour `NONE`, since it needs no direction. Sets of
colours are the bits of an int, so colouring takes about one operation for each entry of the matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush

from autograd.sparse.pattern import Pattern

NONE = -1
Colours = tuple[int, ...]


def count(colours: Colours) -> int:
    """The number of colours.

    >>> count((0, 1, NONE, 0))
    2
    """
    return max(colours, default=NONE) + 1


def column_colours(pattern: Pattern) -> Colours:
    """A colour for each column; two columns of one colour have no entry in the same row.

    The greedy partial distance-2 colouring of Gebremedhin, Manne & Pothen (2005), section 3, algorithm 3.2, which is
    the column grouping of Curtis, Powell & Reid (1974). Orders are the natural one, optimal for bands, and then, unless
    that needs no more colours than the longest row has entries, largest first (Coleman & Moré 1984).

    >>> column_colours(Pattern(4, ((0, 1), (1, 2), (2, 3))))
    (0, 1, 0, 1)
    """
    columns = pattern.transposed().rows
    natural = _distance_2(columns, len(pattern.rows), range(pattern.width))
    if count(natural) == max(map(len, pattern.rows), default=0):
        return natural
    lengths = [sum([len(pattern.rows[i]) for i in column]) for column in columns]
    return min(natural, _distance_2(columns, len(pattern.rows), _largest_first(lengths)), key=count)


def _distance_2(columns: Sequence[Sequence[int]], rows: int, order: Iterable[int]) -> Colours:
    colours = [NONE] * len(columns)
    used = [0] * rows
    for j in order:
        taken = 0
        for i in columns[j]:
            taken |= used[i]
        if columns[j]:
            free = _lowest_free(taken)
            colours[j] = free.bit_length() - 1
            for i in columns[j]:
                used[i] |= free
    return tuple(colours)


def star_colours(pattern: Pattern) -> Colours:
    """A colour for each vertex of a symmetric pattern: neighbours differ, and every path of four has three colours.

    So two colours make up stars, and each entry can be read off without substitution: Coleman & Moré (1984),
    "Estimation of sparse Hessian matrices and graph coloring problems"; Gebremedhin, Manne & Pothen (2005), section 4,
    algorithm 4.1. The best of three orders is taken: natural, largest first and smallest last.

    >>> star_colours(Pattern(4, ((0, 1), (0, 1, 2), (1, 2, 3), (2, 3))))
    (0, 1, 0, 2)
    """
    neighbours = [[j for j in row if j != i] for i, row in enumerate(pattern.rows)]
    degrees = list(map(len, neighbours))
    orders = (range(len(degrees)), _largest_first(degrees), _smallest_last(neighbours))
    found = min([_Stars(neighbours).coloured(order) for order in orders], key=count)
    return tuple([colour if row else NONE for row, colour in zip(pattern.rows, found, strict=True)])


class _Stars:
    """A star colouring in progress. For each vertex it is known

    once, twice  the colours that one, or more than one, of its neighbours has
    spoke        the colours c for which it is a spoke of a star of several spokes whose hub has the colour c
    """

    def __init__(self, neighbours: Sequence[Sequence[int]]) -> None:
        self.neighbours = neighbours
        self.colours = [NONE] * len(neighbours)
        self._once, self._twice, self._spoke = ([0] * len(neighbours) for _ in range(3))
        self._first: list[dict[int, int]] = [{} for _ in neighbours]  # the first neighbour of each colour

    def coloured(self, order: Iterable[int]) -> Colours:
        """The colours of all vertices, which are coloured in that order."""
        for vertex in order:
            free = _lowest_free(self._forbidden(vertex))
            self.colours[vertex] = free.bit_length() - 1
            for neighbour in self.neighbours[vertex]:
                self._note(neighbour, vertex, free)
        return tuple(self.colours)

    def _forbidden(self, vertex: int) -> int:
        """Besides its neighbours' colours: of a spoke that of the hub, of what is not yet coloured all around it."""
        found = 0
        for each in self.neighbours[vertex]:
            if self.colours[each] == NONE:
                found |= self._once[each]
            else:
                found |= 1 << self.colours[each] | self._spoke[each]
        return found

    def _note(self, hub: int, vertex: int, colour: int) -> None:
        """That a vertex beside `hub` has got its colour; the second of a colour makes both of them spokes."""
        if not self._once[hub] & colour:
            self._once[hub] |= colour
            self._first[hub][colour] = vertex
            return
        hub_colour = 1 << self.colours[hub]
        if not self._twice[hub] & colour:
            self._twice[hub] |= colour
            self._spoke[self._first[hub][colour]] |= hub_colour
        self._spoke[vertex] |= hub_colour


def _lowest_free(taken: int) -> int:
    """The lowest bit that is 0, as a mask."""
    return ~taken & (taken + 1)


def _largest_first(degrees: Sequence[int]) -> list[int]:
    return sorted(range(len(degrees)), key=lambda i: -degrees[i])


def _smallest_last(neighbours: Sequence[Sequence[int]]) -> list[int]:
    """The order in reverse in which a vertex with the fewest neighbours left is taken away (Matula & Beck 1983)."""
    left = list(map(len, neighbours))
    heap = [(degree, i) for i, degree in enumerate(left)]
    heapify(heap)
    found: list[int] = []
    gone = bytearray(len(left))
    while heap:
        degree, vertex = heappop(heap)
        if gone[vertex] or degree != left[vertex]:
            continue
        gone[vertex] = 1
        found.append(vertex)
        for each in neighbours[vertex]:
            if not gone[each]:
                left[each] -= 1
                heappush(heap, (left[each], each))
    return found[::-1]
