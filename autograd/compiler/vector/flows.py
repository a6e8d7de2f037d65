"""Where anything flows to behind gates, lane by lane: `gates.Flows` with tables instead of numbers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from autograd import rules
from autograd._numpy import np
from autograd.compiler.gates import Flows
from autograd.compiler.vector.lane_facts import Tame
from autograd.compiler.vector.steps import Lanes, Mask, Operand
from autograd.compiler.vector.terms import Terms
from autograd.compiler.vector.values import RowWriter, ones
from autograd.compiler.vector.ways import Arrival, LaneWay


class LaneFlows(Flows[Hashable, LaneWay]):
    """The indicators of nodes, each a table with a number for each of its lanes."""

    def __init__(self, writer: RowWriter, tame: Tame) -> None:
        super().__init__()
        self._writer, self._tame = writer, tame
        self._nodes: dict[Hashable, tuple[Mask, bool]] = {}

    def node(self, node: Hashable, opened: Mask, batched: bool, ways: Sequence[LaneWay | None]) -> None:
        """A node whose lanes are all `opened` but those that only these ways lead to."""
        if not opened.all():
            self._nodes[node] = opened, batched
            self._ways[node] = [way for way in ways if way is not None]

    def wild(self, partial: Operand, arrived: Arrival) -> Mask:
        """Where a partial may be infinite that is behind a gate."""
        return arrived.behind & ~self._tame.of(partial) if arrived.behind.any() else arrived.behind

    def product(self, partial: Operand, delta: Operand, arrived: Arrival) -> Operand:
        """partial · delta, but 0 where nothing flows."""
        product = self._writer.apply("map", rules.mul, [partial, delta], arrived.there.shape)
        if arrived.of is None or self.is_open(arrived.source):
            return product
        return self.chosen(_taken(self.flow(arrived.source), arrived.of), product, 0.0)

    def leaving(self, way: LaneWay, flow: Operand | float) -> Operand:
        """Those of the lanes that the way begins at."""
        return ones(way.of.shape) if isinstance(flow, float) else _taken(flow, way.of)

    def chosen(self, gate: Operand, yes: Operand | float, no: Operand | float) -> Operand:
        """A table of choices."""
        sides = [Operand("constant", numbers=np.array(x)) if isinstance(x, float) else x for x in (yes, no)]
        return self._writer.apply("map", rules.where, [gate, *sides], gate.shape)

    def any_of(self, node: Hashable, ways: Sequence[LaneWay], flows: Sequence[Operand]) -> Operand:
        """Their sum, which is 0 where all of them are: what all samples share is reached if it is in one of them."""
        opened, batched = self._nodes[node]
        places = np.flatnonzero(opened)
        terms = [(places, ones(places.shape)), *[(way.to, flow) for way, flow in zip(ways, flows, strict=True)]]
        return self._writer.total(
            [Terms(to, ones(to.shape), flow, np.zeros(to.size, bool)) for to, flow in terms], opened.size, batched
        )


def _taken(table: Operand, lanes: Lanes) -> Operand:
    return table.with_table(table.table[lanes])
