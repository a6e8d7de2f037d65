"""How a loop walks through an operand: rows of equal length, each contiguous, constant, or looked up in a table.

The lanes of a step are taken in order as M rows of N. Within a row, an operand is read in vectors where its lanes
follow each other, once where they are all the same, and number by number elsewhere. Where a row begins is in a table,
so the text of a loop depends on none of the sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd._numpy import np
from autograd.compiler.vector.program import Lanes

CONTIGUOUS, CONSTANT, TABLE = "contiguous", "constant", "table"
SHORTEST = 4  # numbers in a row that are worth a row of their own


class View(NamedTuple):
    """The walk along a row of lanes (k, n), and how long rows may be."""

    lanes: Lanes
    walk: str
    length: int


def viewed(lanes: Lanes) -> View:
    """The longest rows of lanes (k, n) in which all k walk alike.

    >>> viewed(np.array([[7, 8, 9, 10, 20, 21, 22, 23]]))[1:], viewed(np.array([[0] * 6, [5] * 6]))[1:]
    (('contiguous', 4), ('constant', 6))
    >>> viewed(np.array([[3, 1, 4, 1]]))[1:]
    ('table', 4)
    """
    size = lanes.shape[1]
    if size == 1:
        return View(lanes, CONTIGUOUS, 1)
    steps = np.diff(lanes, axis=1)
    first = int(steps[0, 0])
    if first in (0, 1):
        breaks = np.flatnonzero((steps != first).any(axis=0)) + 1
        length = int(np.gcd.reduce(breaks, initial=size))
        if length >= min(SHORTEST, size):
            return View(lanes, CONSTANT if first == 0 else CONTIGUOUS, length)
    return View(lanes, TABLE, size)


def aligned(views: Sequence[View]) -> tuple[list[View], int]:
    """The same with rows of one length, and that length; those with the shortest rows become tables if need be."""
    views = list(views)
    size = views[0].lanes.shape[1]
    while True:
        length = int(np.gcd.reduce([each.length for each in views]))
        if length >= min(SHORTEST, size):
            return views, length
        worst = min(range(len(views)), key=lambda i: views[i].length)
        views[worst] = views[worst]._replace(walk=TABLE, length=size)


def table(view: View, length: int) -> Lanes:
    """Where each row begins, for each of the k; all lanes where the walk is by table. In the order (row, k, number)."""
    count = view.lanes.shape[1] // length
    rows = view.lanes.reshape(len(view.lanes), count, length)
    return (rows if view.walk == TABLE else rows[:, :, :1]).transpose(1, 0, 2).ravel()
