"""Sums over shards, added in a binary tree whose shape depends only on the number of shards.

Floating-point addition is not associative: adding in the order in which results arrive would give different bits in
every run. Node i of level l is the sum of the 2ˡ shards from i·2ˡ on; it may be added wherever both halves are, so a
worker that holds neighbouring shards sends few sums, and the bits do not depend on where they are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from autograd._numpy import NDArray, np

Place = tuple[int, int]  # (level, index)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over samples: their number, of their losses, and of their gradients (shape (parameters,))."""

    count: int
    loss: float
    gradient: NDArray[np.float64]

    def __add__(self, other: Self) -> Sums:
        return Sums(self.count + other.count, self.loss + other.loss, self.gradient + other.gradient)

    def mean(self) -> tuple[float, NDArray[np.float64]]:
        """Mean loss and gradient.

        >>> Sums(2, 3.0, np.array([4.0])).mean()
        (1.5, array([2.]))
        """
        return self.loss / self.count, self.gradient / self.count


Nodes = dict[Place, Sums]


def combine(nodes: Nodes, shards: int) -> Nodes:
    """Add all pairs of neighbours that are present, level by level; the last node of an odd level moves up alone.

    `nodes` are sums by place; shard s is place (0, s). If all shards are present, only the root is left.

    >>> ones = {(0, s): Sums(1, 0.1, np.zeros(1)) for s in range(3)}
    >>> [(place, sums.count) for place, sums in combine(ones, 3).items()]
    [((2, 0), 3)]
    >>> list(combine({(0, 1): ones[0, 1], (0, 2): ones[0, 2]}, 4))
    [(0, 1), (0, 2)]
    """
    remaining, width, level = dict(nodes), shards, 0
    while width > 1:
        for left in range(0, width, 2):
            parent = _parent(remaining, level, left, width)
            if parent is not None:
                remaining[level + 1, left // 2] = parent
        level, width = level + 1, (width + 1) // 2
    return remaining


def _parent(nodes: Nodes, level: int, left: int, width: int) -> Sums | None:
    """The node above `left`, with its halves removed from `nodes`; None if one of them is missing."""
    halves = [(level, index) for index in (left, left + 1) if index < width]
    if not all(place in nodes for place in halves):
        return None
    first, *second = [nodes.pop(place) for place in halves]
    return first + second[0] if second else first


def root(nodes: Nodes, shards: int) -> Sums:
    """The sum over all shards, from nodes that together cover them.

    >>> root({(1, 0): Sums(2, 1.0, np.zeros(1)), (0, 2): Sums(1, 0.5, np.zeros(1))}, 3).loss
    1.5
    """
    ((_, total),) = combine(nodes, shards).items()
    return total
