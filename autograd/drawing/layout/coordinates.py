"""Positions across the flow, by aligning each item with the median of its neighbours.

Brandes & Köpf 2002: four layouts, each aligned to one side, of which the median is taken, so that dummies of an edge
are on one line. Blocks are compacted by longest paths over the graph of blocks instead of the paper's class shifts,
which can overlap (erratum: Brandes, Walter & Zink 2020). Ports are aligned, not centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from autograd.drawing.layout.layers import Distance, Layers, Link
from autograd.drawing.layout.shortening import shortened

FEW = 3  # operands; of more, one at the rim would pull the item too far
Conflicts = set[tuple[int, int]]


def positions(ranks: Layers, thickness: Sequence[float], distance: Distance) -> list[float]:
    """The position of each item; neighbours (above, below) of a layer are at least `distance` apart."""
    if not ranks.rank:
        return []
    conflicts, spine = _conflicts(ranks), _spine(ranks)
    runs = []
    for layers, links in ((ranks.layers, ranks.up), (ranks.layers[::-1], ranks.down)):
        for way in (1.0, -1.0):
            mirrored = layers if way > 0.0 else [layer[::-1] for layer in layers]
            blocks = _Blocks(mirrored, links, conflicts, spine, way, distance)
            runs.append([way * y for y in blocks.compacted()])
    extents = [
        (
            min(y - t / 2 for y, t in zip(run, thickness, strict=True)),
            max(y + t / 2 for y, t in zip(run, thickness, strict=True)),
        )
        for run in runs
    ]
    low, high = min(extents, key=lambda extent: extent[1] - extent[0])
    moves = [(low - start, high - end)[i % 2] for i, (start, end) in enumerate(extents)]
    places = zip(*([y + move for y in run] for run, move in zip(runs, moves, strict=True)), strict=True)
    return shortened(ranks, [sum(sorted(four)[1:3]) / 2.0 for four in places], distance)


def _conflicts(ranks: Layers) -> Conflicts:
    """Links that cross a piece of a long edge: that one stays straight (type 1 in the paper)."""
    place = {item: i for layer in ranks.layers for i, item in enumerate(layer)}
    found: Conflicts = set()
    for above, below in pairwise(ranks.layers):
        start, done = 0, 0
        for i, item in enumerate(below):
            inner = next((link.item for link in ranks.up[item] if min(item, link.item) >= ranks.count), None)
            if inner is None and i < len(below) - 1:
                continue
            end = len(above) - 1 if inner is None else place[inner]
            for other in below[done : i + 1]:
                for link in ranks.up[other]:
                    if not start <= place[link.item] <= end and min(other, link.item) < ranks.count:
                        found.add((link.item, other))
            start, done = end, i + 1
    return found


def _spine(ranks: Layers) -> dict[int, int]:
    """Of items with few operands, the one with the longest history, if there is one: a chain of operations is straight.

    Its other operands stand beside it.
    """
    depth, spine = [0] * len(ranks.rank), {}
    for layer in ranks.layers:
        for item in layer:
            above = sorted((depth[link.item], link.item) for link in ranks.up[item])
            depth[item] = 1 + above[-1][0] if above else 0
            if 2 <= len(above) <= FEW and above[-1][0] > above[-2][0]:
                spine[item] = above[-1][1]
    return spine


class _Blocks:
    """Items on one line, as blocks: `root` names the block of an item, `shift` is its distance from the root."""

    def __init__(
        self,
        layers: Sequence[Sequence[int]],
        links: Sequence[Sequence[Link]],
        conflicts: Conflicts,
        spine: dict[int, int],
        way: float,
        distance: Distance,
    ) -> None:
        self.layers, self.spine, self.way = layers, spine, way
        self.distance: Distance = distance if way > 0.0 else lambda a, b: distance(b, a)
        self.root = list(range(len(links)))
        self.shift = [0.0] * len(links)
        self.place = {item: i for layer in layers for i, item in enumerate(layer)}
        for layer in layers[1:]:
            self._align_layer(layer, links, conflicts)

    def _align_layer(self, layer: Sequence[int], links: Sequence[Sequence[Link]], conflicts: Conflicts) -> None:
        """Let each item join the block of a median neighbour; none may cross another."""
        last, before = -1, -1  # place of the last neighbour that was used, the item before
        here: set[int] = set()  # the blocks of the items before
        for item in layer:
            for link in self._wanted(item, links[item]):
                pair, place = (link.item, item), self.place[link.item]
                if pair in conflicts or pair[::-1] in conflicts or place < last:
                    continue
                root, shift = self.root[link.item], self.shift[link.item] + self.way * (link.other - link.port)
                if root not in here or self._fits(root, shift, before, item):
                    self.root[item], self.shift[item], last = root, shift, place
                    break
            here.add(self.root[item])
            before = item

    def _wanted(self, item: int, links: Sequence[Link]) -> list[Link]:
        """The links to align: that along a chain of operations, then the median ones."""
        ends = sorted((self.place[link.item], self.way * link.other, link) for link in links)
        half = len(ends) // 2
        medians = [link for *_, link in (ends[half : half + 1] if len(ends) % 2 else ends[max(half - 1, 0) : half + 1])]
        first = self.spine.get(item)
        chain = [link for link in links if link.item == first]
        return chain + [link for link in medians if self.spine.get(link.item, item) == item and link not in chain]

    def _fits(self, root: int, shift: float, before: int, item: int) -> bool:
        """Whether the block can have this item too, right after the one before."""
        return self.root[before] == root and shift - self.shift[before] >= self.distance(before, item)

    def compacted(self) -> list[float]:
        """Positions of the items: blocks as far to the low side as they can be, then towards the next block."""
        after: dict[int, dict[int, float]] = {root: {} for root in self.root}
        waiting = dict.fromkeys(after, 0)
        for layer in self.layers:
            for above, below in pairwise(layer):
                one, other = self.root[above], self.root[below]
                if one != other:
                    least = self.distance(above, below) + self.shift[above] - self.shift[below]
                    waiting[other] += other not in after[one]
                    after[one][other] = max(least, after[one].get(other, least))
        places = dict.fromkeys(after, 0.0)
        order = [root for root in after if not waiting[root]]
        for root in order:  # grows
            for other, least in after[root].items():
                places[other] = max(places[other], places[root] + least)
                waiting[other] -= 1
                if not waiting[other]:
                    order.append(other)
        for root in reversed(order):
            if after[root]:
                places[root] = max(places[root], min(places[other] - least for other, least in after[root].items()))
        return [places[root] + shift for root, shift in zip(self.root, self.shift, strict=True)]
