"""Our own layered layout, for machines without any other engine: a picture always appears.

Sugiyama, Tagawa & Toda 1981 in its plainest form: ranks by the longest way to the result, long edges cut by dummies,
crossings reduced by median sweeps, and places pulled towards neighbours without changing the order (isotonic
regression, Barlow et al. 1972). Clusters are not framed: each box says in its tooltip where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from autograd.drawing.labels import place_labels
from autograd.drawing.layout import Layout, Point
from autograd.drawing.scene import SMALL_CELL, Direction, Edge, Scene
from autograd.drawing.text import cells

SWEEPS, PULLS = 8, 12
GAP, RANK_GAP, HEAD = 16.0, 30.0, 7.0
EDGE_GAP, MOST_EDGE_GAP = 3.0, 320.0  # the more edges between two ranks, the flatter they must be to be told apart
DUMMY = 8.0  # across the flow, room for an edge that passes by
LONG = 60  # ranks; an edge over more of them goes straight, not around: dummies would outnumber the boxes
STRAIGHTNESS = 8.0  # how much more a dummy weighs than a box: long edges should be straight

Size = tuple[float, float]  # along the flow, across it
TURNS: dict[Direction, Callable[[Point], Point]] = {
    "LR": lambda p: p,
    "RL": lambda p: (-p[0], p[1]),
    "TB": lambda p: (p[1], p[0]),
    "BT": lambda p: (p[1], -p[0]),
}


class Ranks:
    """The boxes and dummies, by rank; everything is numbered, boxes first."""

    def __init__(self, count: int, edges: list[tuple[int, int]]) -> None:
        self.count = count
        self.rank = _ranks(count, edges)
        self.up: list[list[int]] = [[] for _ in range(count)]
        self.down: list[list[int]] = [[] for _ in range(count)]
        self.chains = [self._chain(source, target) for source, target in edges]
        self.layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            self.layers[rank].append(item)

    def _chain(self, source: int, target: int) -> list[int]:
        """The edge as a chain of items on successive ranks; it goes backwards where its rank says so."""
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


def _ranks(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """0 for the farthest from the results; a leaf stands next to what uses it. An edge against the order counts not."""
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        if source < target:
            targets[source].append(target)
    distance = [0] * count
    for item in reversed(range(count)):
        distance[item] = 1 + max((distance[target] for target in targets[item]), default=-1)
    farthest = max(distance, default=0)
    return [farthest - each for each in distance]


def layered(scene: Scene) -> Layout:
    """Find a place for everything in a scene whose boxes are in topological order."""
    index = {box.id: i for i, box in enumerate(scene.boxes)}
    flat = scene.rankdir in ("LR", "RL")
    sizes = [(box.width, box.height) if flat else (box.height, box.width) for box in scene.boxes]
    ranks = Ranks(len(sizes), [(index[edge.source], index[edge.target]) for edge in scene.edges])
    _order(ranks)
    across = _across(ranks, sizes)
    along = _along(ranks, sizes, scene.edges, flat=flat)
    place = TURNS[scene.rankdir]
    layout = Layout("built in", {}, {})
    for box, i in index.items():
        layout.centres[box] = place((along[i], across[i]))
    twins: dict[tuple[str, str], int] = {}
    for edge, chain in zip(scene.edges, ranks.chains, strict=True):
        twin = twins[edge.source, edge.target] = twins.get((edge.source, edge.target), -1) + 1
        curve = _route(chain, along, across, sizes, bend=12.0 * ((twin + 1) // 2) * (-1) ** twin)
        layout.curves[edge.id] = [place(point) for point in curve]
    place_labels(layout, scene)
    return layout


def _order(ranks: Ranks) -> None:
    """Median sweeps, down and up; the order with the fewest crossings stays."""
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


def _across(ranks: Ranks, sizes: list[Size]) -> list[float]:
    """Places across the flow: everything near the mean of its neighbours, in order, and at a distance."""
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
    """The places nearest to the wanted ones that keep order and distance: pool adjacent violators."""
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


def _along(ranks: Ranks, sizes: list[Size], edges: tuple[Edge, ...], *, flat: bool) -> list[float]:
    """Places along the flow: a rank as deep as its largest box, then room for the edges that leave it."""
    depth, labels, leaving = ([0.0] * len(ranks.layers) for _ in range(3))
    for item, size in enumerate(sizes):
        depth[ranks.rank[item]] = max(depth[ranks.rank[item]], size[0])
    for edge, chain in zip(edges, ranks.chains, strict=True):
        rank = ranks.rank[chain[-2]]
        leaving[rank] += 1.0
        labels[rank] = max(labels[rank], cells(edge.label) * SMALL_CELL if flat else 14.0)
    middles, end = [], 0.0
    for each, label, edge_count in zip(depth, labels, leaving, strict=True):
        middles.append(end + each / 2)
        end += each + RANK_GAP + label + min(EDGE_GAP * edge_count, MOST_EDGE_GAP)
    return [middles[rank] for rank in ranks.rank]


def _route(chain: list[int], along: list[float], across: list[float], sizes: list[Size], *, bend: float) -> list[Point]:
    """A smooth curve through the dummies to the edge of the box, then its head; `bend` sets parallel edges apart."""
    way = 1.0 if along[chain[0]] <= along[chain[-1]] else -1.0
    start = (along[chain[0]] + way * sizes[chain[0]][0] / 2, across[chain[0]] + bend)
    tip = (along[chain[-1]] - way * sizes[chain[-1]][0] / 2, across[chain[-1]] + bend)
    end = (tip[0] - way * HEAD, tip[1])
    curve = [start]
    for (x0, y0), (x1, y1) in pairwise([start, *[(along[item], across[item]) for item in chain[1:-1]], end]):
        half = (x1 - x0) / 2
        curve += [(x0 + half, y0), (x1 - half, y1), (x1, y1)]
    return [*curve, end, tip, tip]
