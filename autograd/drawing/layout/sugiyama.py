"""A layered layout of items with sizes, for the built-in engine (clusters.py), after Sugiyama, Tagawa & Toda 1981.

Ranks by the longest path to the result (layers.py), few crossings (crossings.py), positions across the flow
(coordinates.py) and along it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.drawing.layout.coordinates import positions
from autograd.drawing.layout.crossings import reduce_crossings
from autograd.drawing.layout.layers import Join, Layers, ranks_of

GAP, RANK_GAP = 16.0, 30.0
DUMMY, DUMMY_GAP = 4.0, 10.0  # across the flow, room for an edge that passes by
# The more edges between two ranks, the more distance, to keep them distinguishable.
EDGE_GAP, MOST_EDGE_GAP = 2.0, 280.0

CLEARANCE, LANE = 5.0, 2.0  # pixels between an edge and a box, half of those between edges side by side

Size = tuple[float, float]  # along the flow, across it
Extent = tuple[float, float]


class Arrangement(NamedTuple):
    """The centre of each item, then those of dummies, and each edge as a chain of items on successive ranks.

    An edge passes an item's rank along its column, between the neighbours on both sides: in its slot.
    """

    along: list[float]
    across: list[float]
    chains: list[list[int]]
    columns: list[Extent]
    slots: list[Extent]


def arrange(
    sizes: Sequence[Size], joins: Sequence[Join], rooms: Sequence[float], *, first: int = 0, last: int = 0
) -> Arrangement:
    """Arrange items of these sizes, given in topological order; `rooms` are for the labels of the edges.

    The `first` items come before all others, and the `last` ones after them.

    >>> arrange([(10.0, 10.0), (10.0, 10.0)], [Join(0, 1)], [0.0]).along
    [5.0, 47.0]
    """
    ranks = Layers(joins, ranks_of(len(sizes), joins, first, last))
    thickness = [size[1] for size in sizes] + [DUMMY] * (len(ranks.rank) - ranks.count)
    reduce_crossings(ranks, thickness)

    def distance(above: int, below: int) -> float:
        thin = thickness[above] <= DUMMY and thickness[below] <= DUMMY
        return (thickness[above] + thickness[below]) / 2 + (DUMMY_GAP if thin else GAP)

    across = positions(ranks, thickness, distance)
    columns = _columns(ranks, sizes, rooms)
    along = [(start + end) / 2 for start, end in columns]
    return Arrangement(along, across, ranks.chains, columns, _slots(ranks, across, thickness))


def _slots(ranks: Layers, across: Sequence[float], thickness: Sequence[float]) -> list[Extent]:
    """From the item before to the item behind on the same rank; at the rim, to the outermost item of all."""
    if not across:
        return []
    low = min(y - t / 2 for y, t in zip(across, thickness, strict=True))
    high = max(y + t / 2 for y, t in zip(across, thickness, strict=True))
    starts, ends = [low] * len(across), [high] * len(across)
    for layer in ranks.layers:
        for above, below in pairwise(layer):
            if above >= ranks.count and below >= ranks.count:
                middle = (across[above] + across[below]) / 2
                ends[above], starts[below] = middle - LANE, middle + LANE
            else:
                ends[above] = max(across[above], across[below] - thickness[below] / 2 - CLEARANCE)
                starts[below] = min(across[below], across[above] + thickness[above] / 2 + CLEARANCE)
    return list(zip(starts, ends, strict=True))


def _columns(ranks: Layers, sizes: Sequence[Size], rooms: Sequence[float]) -> list[Extent]:
    """Extents along the flow: a rank as deep as its largest item, then room for the edges that leave it."""
    depth, labels, leaving = ([0.0] * len(ranks.layers) for _ in range(3))
    for item, size in enumerate(sizes):
        depth[ranks.rank[item]] = max(depth[ranks.rank[item]], size[0])
    for room, chain in zip(rooms, ranks.chains, strict=True):
        rank = ranks.rank[chain[-2]]
        leaving[rank] += 1.0
        labels[rank] = max(labels[rank], room)
    columns, end = [], 0.0
    for each, label, edge_count in zip(depth, labels, leaving, strict=True):
        columns.append((end, end + each))
        end += each + RANK_GAP + label + min(EDGE_GAP * edge_count, MOST_EDGE_GAP)
    return [columns[rank] for rank in ranks.rank]
