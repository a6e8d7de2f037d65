"""The built-in layout of a scene: each cluster is laid out by itself, then as one box of the cluster around it.

So frames contain exactly their own boxes and never overlap. An edge that leaves a cluster ends there at a port, an item
without depth on the last rank, and the layout around the cluster continues from that port; ports of edges that enter
are on the first rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.drawing.layout.geometry import Layout, Point
from autograd.drawing.layout.labels import place_labels
from autograd.drawing.layout.ordering import sources_first
from autograd.drawing.layout.sugiyama import DUMMY, Size, arrange
from autograd.drawing.scene import CELL, SMALL_CELL, SMALL_LINE, Cluster, Direction, Edge, Scene, clusters
from autograd.drawing.text import cells

HEAD = 7.0  # pixels, of an arrow
TWINS = 12.0  # pixels between edges that join the same boxes
PAD, NAME = 9.0, 18.0  # pixels between a frame and its contents; additional ones above, for its name
LONGEST_NAME = 24  # cells; a longer one does not widen its frame
TURNS: dict[Direction, Callable[[Point], Point]] = {
    "LR": lambda p: p,
    "RL": lambda p: (-p[0], p[1]),
    "TB": lambda p: (p[1], p[0]),
    "BT": lambda p: (p[1], -p[0]),
}
# Before and behind, along the flow and across it: the name is on top, whatever the direction of the arrows.
PADS: dict[Direction, tuple[Point, Point]] = {
    "LR": ((PAD, PAD + NAME), (PAD, PAD)),
    "RL": ((PAD, PAD + NAME), (PAD, PAD)),
    "TB": ((PAD + NAME, PAD), (PAD, PAD)),
    "BT": ((PAD, PAD), (PAD + NAME, PAD)),
}


_Ends = tuple[Edge, int | None, int | None]  # an edge, and the blocks that it joins; None is outside


def nested(scene: Scene) -> Layout:
    """Lay out a scene whose boxes are in topological order.

    >>> from autograd.drawing.scene import Box
    >>> scene = Scene((Box("v0", "leaf", "x", scope=("layer",)), Box("v1", "op", "y")), (Edge("e0", "v0", "v1"),))
    >>> layout = nested(scene)
    >>> layout.centres["v0"] < layout.centres["v1"], list(layout.frames)
    (True, [('layer',)])
    """
    whole = _lay_out(clusters(scene), scene.edges, scene.rankdir)
    turn = TURNS[scene.rankdir]
    layout = Layout("built in", {box: turn(place) for box, place in whole.centres.items()}, {})
    for edge in scene.edges:
        first, *others = [curve for _, curve in sorted(whole.pieces[edge.id])]
        layout.curves[edge.id] = [turn(point) for point in [*first, *(p for curve in others for p in curve[1:])]]
    for scope, (low, high) in whole.frames.items():
        (x0, y0), (x1, y1) = turn(low), turn(high)
        layout.frames[scope] = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    place_labels(layout, scene)
    return layout


class _Block(NamedTuple):
    """A box, a port, or a cluster with its contents; coordinates are along and across the flow, from its centre.

    An edge has a piece in each cluster that it leaves, one in the cluster around both ends, and one in each cluster
    that it enters: they are numbered in this order. `ports` are the points where edges cross the frame.
    """

    size: Size
    centres: dict[str, Point]
    frames: dict[tuple[str, ...], tuple[Point, Point]]
    pieces: dict[str, list[tuple[int, list[Point]]]]
    ports: dict[str, Point]


def _lay_out(cluster: Cluster, edges: Sequence[Edge], rankdir: Direction) -> _Block:
    """Lay out the cluster, given the edges that have an end in it."""
    blocks, home = _inside(cluster, edges, rankdir)
    ends = [(edge, home.get(edge.source), home.get(edge.target)) for edge in edges]
    level = _Level(cluster, blocks, [end for end in ends if end[1] != end[2]], rankdir)
    return level.block()


def _inside(cluster: Cluster, edges: Sequence[Edge], rankdir: Direction) -> tuple[list[_Block], dict[str, int]]:
    """The blocks directly in a cluster, and the index of the block that contains each box."""
    flat = rankdir in ("LR", "RL")
    sizes = [(box.width, box.height) if flat else (box.height, box.width) for box in cluster.boxes]
    blocks = [_Block(size, {box.id: (0.0, 0.0)}, {}, {}, {}) for box, size in zip(cluster.boxes, sizes, strict=True)]
    home = {box.id: i for i, box in enumerate(cluster.boxes)}
    for inner in cluster.clusters.values():
        members = dict.fromkeys(_boxes(inner), len(blocks))
        touching = [edge for edge in edges if edge.source in members or edge.target in members]
        blocks.append(_lay_out(inner, touching, rankdir))
        home |= members
    return blocks, home


def _boxes(cluster: Cluster) -> Iterator[str]:
    yield from (box.id for box in cluster.boxes)
    for inner in cluster.clusters.values():
        yield from _boxes(inner)


class _Level:
    """The arranged blocks of a cluster: ports of edges that enter, boxes and clusters, ports of edges that leave."""

    def __init__(self, cluster: Cluster, blocks: Sequence[_Block], ends: Sequence[_Ends], rankdir: Direction) -> None:
        self.cluster, self.rankdir = cluster, rankdir
        self.edges = [edge for edge, _, _ in ends]
        entering = [edge.id for edge, source, _ in ends if source is None]
        leaving = [edge.id for edge, _, target in ends if target is None]
        order = sources_first(len(blocks), {(i, j) for _, i, j in ends if i is not None and j is not None})
        port = _Block((0.0, DUMMY), {}, {}, {}, {})
        self.items = [*[port] * len(entering), *[blocks[i] for i in order], *[port] * len(leaving)]
        number = {i: k for k, i in enumerate(order, start=len(entering))}
        self.ports = {edge: k for k, edge in enumerate(entering)}
        self.ports |= {edge: k for k, edge in enumerate(leaving, start=len(entering) + len(blocks))}
        pairs = [
            (self.ports[edge.id] if i is None else number[i], self.ports[edge.id] if j is None else number[j])
            for edge, i, j in ends
        ]
        rooms = [self._room(edge) for edge in self.edges]
        sizes = [item.size for item in self.items]
        found = arrange(sizes, pairs, rooms, first=len(entering), last=len(leaving))
        self.middles, self.chains = list(zip(found.along, found.across, strict=True)), found.chains

    def _room(self, edge: Edge) -> float:
        """Pixels along the flow for the label, which is at the end of the arrow."""
        if not edge.label or all(edge.target != box.id for box in self.cluster.boxes):
            return 0.0
        return cells(edge.label) * SMALL_CELL if self.rankdir in ("LR", "RL") else SMALL_LINE

    def block(self) -> _Block:
        """The level as a block of the level around it."""
        low, high = self._frame()
        middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
        whole = _Block((high[0] - low[0], high[1] - low[1]), {}, {}, {}, {})
        if self.cluster.scope:
            whole.frames[self.cluster.scope] = (_minus(low, middle), _minus(high, middle))
        for item, place in zip(self.items, self.middles, strict=False):
            _put(item, _minus(place, middle), whole)
        for (order, curve), edge in zip(self._pieces(), self.edges, strict=True):
            whole.pieces.setdefault(edge.id, []).append((order, [_minus(point, middle) for point in curve]))
        whole.ports.update({edge: _minus(self.middles[item], middle) for edge, item in self.ports.items()})
        return whole

    def _frame(self) -> tuple[Point, Point]:
        """The frame around all items and the edges between them, wide enough for its name."""
        sizes = [*[item.size for item in self.items], *[(0.0, DUMMY)] * (len(self.middles) - len(self.items))]
        lows, highs = zip(*map(_extent, self.middles, sizes), strict=True)
        low, high = (
            (min(x for x, _ in lows), min(y for _, y in lows)),
            (max(x for x, _ in highs), max(y for _, y in highs)),
        )
        if not self.cluster.scope:
            return low, high
        before, behind = PADS[self.rankdir]
        low, high = _minus(low, before), _plus(high, behind)
        name = min(cells(self.cluster.scope[-1]), LONGEST_NAME) * CELL
        least = (name, 0.0) if self.rankdir in ("LR", "RL") else (0.0, name)
        more = (max(0.0, least[0] - high[0] + low[0]) / 2, max(0.0, least[1] - high[1] + low[1]) / 2)
        return _minus(low, more), _plus(high, more)

    def _pieces(self) -> Iterator[tuple[int, list[Point]]]:
        """The piece of each edge that is on this level, and its number among the pieces."""
        depth = len(self.cluster.scope)
        twins: dict[tuple[str, str], int] = {}
        for edge, chain in zip(self.edges, self.chains, strict=True):
            twin = twins[edge.source, edge.target] = twins.get((edge.source, edge.target), -1) + 1
            bend = TWINS * ((twin + 1) // 2) * (-1) ** twin
            curve = self._curve(edge, chain, bend)
            leaves, enters = chain[-1] == self.ports.get(edge.id), chain[0] == self.ports.get(edge.id)
            yield (-depth if leaves else depth if enters else 0), curve

    def _curve(self, edge: Edge, chain: list[int], bend: float) -> list[Point]:
        """A smooth curve through the dummies, to the side of a box and its arrow head, or to a port."""
        source, target = self.items[chain[0]], self.items[chain[-1]]
        way = 1.0 if self.middles[chain[0]][0] <= self.middles[chain[-1]][0] else -1.0
        start = _plus(self.middles[chain[0]], source.ports.get(edge.id, (way * source.size[0] / 2, bend)))
        tip = _plus(self.middles[chain[-1]], target.ports.get(edge.id, (-way * target.size[0] / 2, bend)))
        arrives = edge.target in target.centres and edge.id not in target.ports
        end = (tip[0] - way * HEAD, tip[1]) if arrives else tip
        curve = [start]
        for (x0, y0), (x1, y1) in pairwise([start, *[self.middles[item] for item in chain[1:-1]], end]):
            half = (x1 - x0) / 2
            curve += [(x0 + half, y0), (x1 - half, y1), (x1, y1)]
        return [*curve, end, tip, tip] if arrives else curve


def _put(item: _Block, place: Point, whole: _Block) -> None:
    """Add the contents of an item to the whole, with coordinates from its centre."""
    whole.centres.update({box: _plus(centre, place) for box, centre in item.centres.items()})
    whole.frames.update({scope: (_plus(low, place), _plus(high, place)) for scope, (low, high) in item.frames.items()})
    for edge, pieces in item.pieces.items():
        moved = [(order, [_plus(point, place) for point in curve]) for order, curve in pieces]
        whole.pieces.setdefault(edge, []).extend(moved)


def _extent(middle: Point, size: Size) -> tuple[Point, Point]:
    half = (size[0] / 2, size[1] / 2)
    return _minus(middle, half), _plus(middle, half)


def _each(choose: Callable[[Iterable[float]], float], points: Sequence[Point]) -> Point:
    return choose(x for x, _ in points), choose(y for _, y in points)


def _plus(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1]


def _minus(one: Point, other: Point) -> Point:
    return one[0] - other[0], one[1] - other[1]
