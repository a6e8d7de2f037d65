"""The built-in layout of a scene: each cluster is laid out by itself, then as one box of the cluster around it.

So frames contain exactly their own boxes and never overlap. An edge that leaves a cluster ends there at a port, an item
without depth on the last rank, and the layout around the cluster continues from that port; ports of edges that enter
are on the first rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from autograd.drawing.layout.fold import Placed, folded
from autograd.drawing.layout.geometry import Layout, Point
from autograd.drawing.layout.labels import place_labels
from autograd.drawing.layout.layers import Join
from autograd.drawing.layout.ordering import sources_first
from autograd.drawing.layout.routes import Gate, Side, aimed, curve_through, point_gate
from autograd.drawing.layout.sugiyama import DUMMY, Size, arrange
from autograd.drawing.scene import CELL, SMALL_CELL, SMALL_LINE, Box, Cluster, Direction, Edge, Scene, clusters
from autograd.drawing.text import cells

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
    sizes = dict(zip([box.id for box in scene.boxes], _sizes(scene.boxes, scene.rankdir), strict=True))
    curves = {}
    for edge in scene.edges:
        first, *others = [gates for _, gates in sorted(whole.pieces[edge.id])]
        gates = [*first, *(gate for piece in others for gate in piece[1:])]
        start, end = (Side(whole.centres[box][1], *sizes[box]) for box in (edge.source, edge.target))
        curves[edge.id] = curve_through(aimed(gates, start, end), arrow=True)
    placed = folded(Placed(sizes, whole.centres, whole.frames, curves))
    turn = TURNS[scene.rankdir]
    layout = Layout("built in", {box: turn(place) for box, place in placed.centres.items()}, {})
    for edge in scene.edges:
        layout.curves[edge.id] = [turn(point) for point in placed.curves[edge.id]]
    for scope, (low, high) in placed.frames.items():
        (x0, y0), (x1, y1) = turn(low), turn(high)
        layout.frames[scope] = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    place_labels(layout, scene)
    return layout


def _sizes(boxes: Sequence[Box], rankdir: Direction) -> list[Size]:
    """Along the flow and across it."""
    return [(box.width, box.height) if rankdir in ("LR", "RL") else (box.height, box.width) for box in boxes]


class _Block(NamedTuple):
    """A box, a port, or a cluster with its contents; coordinates are along and across the flow, from its centre.

    An edge has a piece in each cluster that it leaves, one in the cluster around both ends, and one in each cluster
    that it enters: they are numbered in this order. `ports` are the points where edges cross the frame.
    """

    size: Size
    centres: dict[str, Point]
    frames: dict[tuple[str, ...], tuple[Point, Point]]
    pieces: dict[str, list[tuple[int, list[Gate]]]]
    ports: dict[str, Gate]


def _lay_out(cluster: Cluster, edges: Sequence[Edge], rankdir: Direction) -> _Block:
    """Lay out the cluster, given the edges that have an end in it."""
    blocks, home = _inside(cluster, edges, rankdir)
    ends = [(edge, home.get(edge.source), home.get(edge.target)) for edge in edges]
    level = _Level(cluster, blocks, [end for end in ends if end[1] != end[2]], rankdir)
    return level.block()


def _inside(cluster: Cluster, edges: Sequence[Edge], rankdir: Direction) -> tuple[list[_Block], dict[str, int]]:
    """The blocks directly in a cluster, and the index of the block that contains each box."""
    sizes = _sizes(cluster.boxes, rankdir)
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
        self.cluster, self.rankdir, self.own = cluster, rankdir, {box.id for box in cluster.boxes}
        self.edges = [edge for edge, _, _ in ends]
        entering = [edge.id for edge, source, _ in ends if source is None]
        leaving = [edge.id for edge, _, target in ends if target is None]
        order = sources_first(len(blocks), {(i, j) for _, i, j in ends if i is not None and j is not None})
        port = _Block((0.0, DUMMY), {}, {}, {}, {})
        self.items = [*[port] * len(entering), *[blocks[i] for i in order], *[port] * len(leaving)]
        number = {i: k for k, i in enumerate(order, start=len(entering))}
        self.ports = {edge: k for k, edge in enumerate(entering)}
        self.ports |= {edge: k for k, edge in enumerate(leaving, start=len(entering) + len(blocks))}
        self.bends = _bends(self.edges)
        joins = [
            self._join(
                edge, self.ports[edge.id] if i is None else number[i], self.ports[edge.id] if j is None else number[j]
            )
            for edge, i, j in ends
        ]
        rooms = [self._room(edge) for edge in self.edges]
        sizes = [item.size for item in self.items]
        found = arrange(sizes, joins, rooms, first=len(entering), last=len(leaving))
        self.middles, self.chains = list(zip(found.along, found.across, strict=True)), found.chains
        self.columns, self.slots = found.columns, found.slots

    def _join(self, edge: Edge, source: int, target: int) -> Join:
        """The edge between items, with how far from their centres it starts and ends."""
        return Join(source, target, self._offset(edge, source), self._offset(edge, target))

    def _offset(self, edge: Edge, number: int) -> float:
        if number == self.ports.get(edge.id):
            return 0.0
        gate = self.items[number].ports.get(edge.id)
        return gate.y if gate else self.bends[edge.id]

    def _room(self, edge: Edge) -> float:
        """Pixels along the flow for the label, which is at the end of the arrow."""
        if not edge.label or edge.target not in self.own:
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
        back = (-middle[0], -middle[1])
        for (order, gates), edge in zip(self._pieces(), self.edges, strict=True):
            whole.pieces.setdefault(edge.id, []).append((order, [gate.moved(back) for gate in gates]))
        whole.ports.update(
            {edge: Gate(*self.middles[item], *self.slots[item]).moved(back) for edge, item in self.ports.items()}
        )
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

    def _pieces(self) -> Iterator[tuple[int, list[Gate]]]:
        """The gates of each edge that are on this level, and the number of this piece of it."""
        depth = len(self.cluster.scope)
        for edge, chain in zip(self.edges, self.chains, strict=True):
            leaves, enters = chain[-1] == self.ports.get(edge.id), chain[0] == self.ports.get(edge.id)
            yield (-depth if leaves else depth if enters else 0), self._gates(edge, chain)

    def _gates(self, edge: Edge, chain: list[int]) -> list[Gate]:
        """From the side of a box or a port, along the columns of the ranks between, to the side of another."""
        way = 1.0 if self.middles[chain[0]][0] <= self.middles[chain[-1]][0] else -1.0
        start, *_, end = gates = [self._end(edge, chain[0], way), self._end(edge, chain[-1], -way)]
        for item in chain[1:-1]:
            gates[-1:-1] = [self._column(item, side) for side in (-way, way)]
        gates.insert(1, self._column(chain[0], way))
        gates.insert(-1, self._column(chain[-1], -way))
        return [gate for i, gate in enumerate(gates) if i in (0, len(gates) - 1) or gate.x not in (start.x, end.x)]

    def _end(self, edge: Edge, number: int, side: float) -> Gate:
        """The middle of the side of a box or a point near it, a port of a cluster, or a port of this level."""
        item, middle = self.items[number], self.middles[number]
        if number == self.ports.get(edge.id):
            return Gate(*middle, *self.slots[number])
        if edge.id in item.ports:
            return item.ports[edge.id].moved(middle)
        return point_gate(_plus(middle, (side * item.size[0] / 2, self.bends[edge.id])))

    def _column(self, number: int, side: float) -> Gate:
        """Where the column of a rank begins (-1) or ends (1), between the neighbours of the item."""
        return Gate(self.columns[number][side > 0.0], self.middles[number][1], *self.slots[number])


def _bends(edges: Sequence[Edge]) -> dict[str, float]:
    """How far from the centres of boxes each edge starts and ends: several between the same boxes are apart."""
    twins: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        twins.setdefault((edge.source, edge.target), []).append(edge.id)
    return {edge: TWINS * (i - (len(ids) - 1) / 2) for ids in twins.values() for i, edge in enumerate(ids)}


def _put(item: _Block, place: Point, whole: _Block) -> None:
    """Add the contents of an item to the whole, with coordinates from its centre."""
    whole.centres.update({box: _plus(centre, place) for box, centre in item.centres.items()})
    whole.frames.update({scope: (_plus(low, place), _plus(high, place)) for scope, (low, high) in item.frames.items()})
    for edge, pieces in item.pieces.items():
        moved = [(order, [gate.moved(place) for gate in gates]) for order, gates in pieces]
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
