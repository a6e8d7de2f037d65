"""A layered layout of items with sizes, for the built-in engine (clusters.py).

Sugiyama, Tagawa & Toda 1981 in its simplest form: ranks by the longest path to the result, long edges split by dummies,
crossings reduced by median sweeps, and positions pulled towards neighbours without changing the order (isotonic
regression, Barlow et al. 1972).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

SWEEPS, PULLS = 8, 12
GAP, RANK_GAP = 16.0, 30.0
EDGE_GAP, MOST_EDGE_GAP = (
    3.0,
    320.0,
)  # the more edges between two ranks, the more distance, to keep them distinguishable
DUMMY = 8.0  # across the flow, room for an edge that passes by
LONG = 60  # ranks; an edge over more of them is straight: dummies would outnumber the boxes
STRAIGHTNESS = 8.0  # weight of a dummy relative to a box: long edges should be straight

Size = tuple[float, float]  # along the flow, across it


class Arrangement(NamedTuple):
    """The centre of each item, then those of dummies, and each edge as a chain of items on successive ranks."""

    along: list[float]
    across: list[float]
    chains: list[list[int]]


class Ranks:
    """The items and dummies, by rank; everything is numbered, items first."""

    def __init__(self, edges: Sequence[tuple[int, int]], ranks: list[int]) -> None:
        self.count = count = len(ranks)
        self.rank = ranks
        self.up: list[list[int]] = [[] for _ in range(count)]
        self.down: list[list[int]] = [[] for _ in range(count)]
        self.chains = [self._chain(source, target) for source, target in edges]
        self.layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            self.layers[rank].append(item)

    def _chain(self, source: int, target: int) -> list[int]:
        """The edge as a chain of items on successive ranks; backwards if the ranks of its ends are."""
        low, high = sorted((source, target), key=self.rank.__getitem__)
        chain = [low]
        between = range(self.rank[low] + 1, self.rank[high])
        for rank in between if len(between) < LONG else ():
            chain.append(len(self.rank))
            self.rank.append(rank)
            self.up.append([])
            self.down.append([])
        chain.append(high)
        for above, below in pairwise(chain):
            if self.rank[below] - self.rank[above] == 1:
                self.down[above].append(below)
                self.up[below].append(above)
        return chain if low == source else chain[::-1]


def _ranks(count: int, edges: Sequence[tuple[int, int]], first: int, last: int) -> list[int]:
    """Ranks, 0 for the farthest from the results; a leaf is next to its user. Edges against the order are ignored."""
    targets: list[list[int]] = [[] for _ in range(count)]
    inner = range(first, count - last)
    for source, target in edges:
        if source < target and target in inner:
            targets[source].append(target)
    distance = [0] * count
    for item in reversed(inner):
        distance[item] = 1 + max((distance[target] for target in targets[item]), default=-1)
    farthest = max(distance, default=0)
    before = 1 if first else 0
    ranks = [before + farthest - each for each in distance]
    ranks[:first] = [0] * first
    ranks[count - last :] = [before + farthest + 1] * last
    return ranks


def arrange(
    sizes: Sequence[Size], edges: Sequence[tuple[int, int]], rooms: Sequence[float], *, first: int = 0, last: int = 0
) -> Arrangement:
    """Arrange items of these sizes, given in topological order; `rooms` are for the labels of the edges.

    The `first` items come before all others, and the `last` ones after them.

    >>> arrange([(10.0, 10.0), (10.0, 10.0)], [(0, 1)], [0.0]).along
    [5.0, 48.0]
    """
    ranks = Ranks(edges, _ranks(len(sizes), edges, first, last))
    _order(ranks)
    return Arrangement(_along(ranks, sizes, rooms), _across(ranks, sizes), ranks.chains)


def _order(ranks: Ranks) -> None:
    """Median sweeps, down and up; the order with the fewest crossings is kept."""
    best = [layer[:] for layer in ranks.layers]
    fewest = _crossings(ranks)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        for layer, above in _neighbours(ranks, downwards=downwards):
            place = {item: i for i, item in enumerate(above)}
            links = ranks.up if downwards else ranks.down
            medians = {item: _median([place[n] for n in links[item]], i) for i, item in enumerate(layer)}
            layer.sort(key=medians.__getitem__)
        crossings = _crossings(ranks)
        if crossings < fewest:
            fewest, best = crossings, [layer[:] for layer in ranks.layers]
    ranks.layers = best


def _neighbours(ranks: Ranks, *, downwards: bool) -> Iterable[tuple[list[int], list[int]]]:
    layers = ranks.layers if downwards else ranks.layers[::-1]
    return [(layer, above) for above, layer in pairwise(layers)]


def _median(places: list[int], otherwise: int) -> float:
    if not places:
        return otherwise
    places.sort()
    half = len(places) // 2
    return places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2


def _crossings(ranks: Ranks) -> int:
    """Pairs of edges that cross, counted as inversions with a binary indexed tree (Barth, Mutzel & Jünger 2002)."""
    crossings = 0
    for above, below in pairwise(ranks.layers):
        place = {item: i for i, item in enumerate(below)}
        tree = [0] * (len(below) + 1)
        for seen, end in enumerate(end for item in above for end in sorted(place[n] for n in ranks.down[item])):
            i, smaller = end + 1, 0
            while i:
                smaller += tree[i]
                i &= i - 1
            crossings += seen - smaller
            i = end + 1
            while i < len(tree):
                tree[i] += 1
                i += i & -i
    return crossings


def _across(ranks: Ranks, sizes: Sequence[Size]) -> list[float]:
    """Positions across the flow: each item near the mean of its neighbours, in order and without overlaps."""
    thickness = [size[1] for size in sizes] + [DUMMY] * (len(ranks.rank) - ranks.count)
    weights = [1.0] * ranks.count + [STRAIGHTNESS] * (len(ranks.rank) - ranks.count)
    places = [0.0] * len(ranks.rank)
    for pull in range(PULLS + 1):
        downwards = pull % 2 == 0
        first, second = (ranks.up, ranks.down) if downwards else (ranks.down, ranks.up)
        for layer in ranks.layers if downwards else ranks.layers[::-1]:
            wanted = []
            for item in layer:
                links = first[item] or second[item]
                wanted.append(sum(places[n] for n in links) / len(links) if links and pull else places[item])
            for item, place in zip(layer, _apart(layer, wanted, thickness, weights), strict=True):
                places[item] = place
    return places


def _apart(layer: list[int], wanted: list[float], thickness: list[float], weights: list[float]) -> list[float]:
    """The positions nearest to the wanted ones that keep order and distance: pool adjacent violators."""
    offsets = [0.0]
    for above, below in pairwise(layer):
        offsets.append(offsets[-1] + (thickness[above] + thickness[below]) / 2 + GAP)
    pools: list[tuple[float, float, int]] = []  # weighted sum, weight, members
    for item, want, offset in zip(layer, wanted, offsets, strict=True):
        pool = (weights[item] * (want - offset), weights[item], 1)
        while pools and pools[-1][0] * pool[1] > pool[0] * pools[-1][1]:
            other = pools.pop()
            pool = (other[0] + pool[0], other[1] + pool[1], other[2] + pool[2])
        pools.append(pool)
    levels = [total / weight for total, weight, members in pools for _ in range(members)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _along(ranks: Ranks, sizes: Sequence[Size], rooms: Sequence[float]) -> list[float]:
    """Positions along the flow: a rank as deep as its largest item, then room for the edges that leave it."""
    depth, labels, leaving = ([0.0] * len(ranks.layers) for _ in range(3))
    for item, size in enumerate(sizes):
        depth[ranks.rank[item]] = max(depth[ranks.rank[item]], size[0])
    for room, chain in zip(rooms, ranks.chains, strict=True):
        rank = ranks.rank[chain[-2]]
        leaving[rank] += 1.0
        labels[rank] = max(labels[rank], room)
    middles, end = [], 0.0
    for each, label, edge_count in zip(depth, labels, leaving, strict=True):
        middles.append(end + each / 2)
        end += each + RANK_GAP + label + min(EDGE_GAP * edge_count, MOST_EDGE_GAP)
    return [middles[rank] for rank in ranks.rank]
