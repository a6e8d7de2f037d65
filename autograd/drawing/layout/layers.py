"""Items on ranks: boxes, and dummies where a long edge passes a rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

LONG = 60  # ranks; an edge over more of them is straight: dummies would outnumber the boxes

Distance = Callable[[int, int], float]  # the least between the centres of neighbours (above, below) in a layer


class Link(NamedTuple):
    """A piece of an edge between neighbouring ranks, as seen from one end; ports are offsets from the centres."""

    item: int  # at the other end
    port: float  # at this end
    other: float  # at the other end


class Join(NamedTuple):
    """An edge between two items, with its ports: how far across the flow from the centre it starts and ends."""

    source: int
    target: int
    start: float = 0.0
    end: float = 0.0


class Layers:
    """The items and dummies, by rank; everything is numbered, items first."""

    def __init__(self, joins: Sequence[Join], ranks: list[int]) -> None:
        self.count = count = len(ranks)
        self.rank = ranks
        self.up: list[list[Link]] = [[] for _ in range(count)]
        self.down: list[list[Link]] = [[] for _ in range(count)]
        self.chains = [self._chain(join) for join in joins]
        self.layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            self.layers[rank].append(item)

    def _chain(self, join: Join) -> list[int]:
        """The edge as a chain of items on successive ranks; backwards if the ranks of its ends are."""
        forward = self.rank[join.source] <= self.rank[join.target]
        low, high, first, last = join if forward else (join.target, join.source, join.end, join.start)
        between = range(self.rank[low] + 1, self.rank[high])
        chain = [low, *[self._dummy(rank) for rank in (between if len(between) < LONG else ())], high]
        ports = [first, *[0.0] * (len(chain) - 2), last]
        for (above, port), (below, other) in pairwise(zip(chain, ports, strict=True)):
            if self.rank[below] - self.rank[above] == 1:
                self.down[above].append(Link(below, port, other))
                self.up[below].append(Link(above, other, port))
        return chain if forward else chain[::-1]

    def _dummy(self, rank: int) -> int:
        self.rank.append(rank)
        self.up.append([])
        self.down.append([])
        return len(self.rank) - 1


def ranks_of(count: int, joins: Sequence[Join], first: int, last: int) -> list[int]:
    """Ranks, 0 for the farthest from the results; a leaf is next to its user. Edges against the order are ignored.

    >>> ranks_of(4, [Join(0, 1), Join(1, 3), Join(2, 3)], 0, 0)
    [0, 1, 1, 2]
    """
    targets: list[list[int]] = [[] for _ in range(count)]
    inner = range(first, count - last)
    for join in joins:
        if join.source < join.target and join.target in inner:
            targets[join.source].append(join.target)
    distance = [0] * count
    for item in reversed(inner):
        distance[item] = 1 + max((distance[target] for target in targets[item]), default=-1)
    farthest = max(distance, default=0)
    before = 1 if first else 0
    ranks = [before + farthest - each for each in distance]
    ranks[:first] = [0] * first
    ranks[count - last :] = [before + farthest + 1] * last
    return ranks
