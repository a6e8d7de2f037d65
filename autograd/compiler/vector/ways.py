"""How adjoints reach lanes, and which of them through gates only."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.gates import Way
from autograd.compiler.vector.steps import Lanes, Mask, Operand


@dataclass(frozen=True, slots=True)
class LaneWay(Way[Hashable]):
    """How adjoints reach some lanes `to` of a node: each from the lane `of` the source."""

    of: Lanes = field(default_factory=lambda: np.zeros(0, np.intp))
    to: Lanes = field(default_factory=lambda: np.zeros(0, np.intp))


@dataclass(frozen=True, eq=False)
class Arrival:
    """Which adjoints of a node are `there`, and which are `behind` a gate: they have come through gates only.

    If any are, `of` has their lanes in the node. All tables have one shape. `through` is the gate that they go through
    next, and on which of its sides anything flows.
    """

    source: Hashable
    there: Mask
    behind: Mask
    of: Lanes | None
    through: tuple[Operand | None, bool, bool] = (None, True, True)

    @classmethod
    def at(cls, source: Hashable, there: Mask, behind: Mask) -> Arrival:
        """Of all lanes of a node in turn."""
        return cls(source, there, behind, np.arange(there.size).reshape(there.shape) if behind.any() else None)

    def changed(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Arrival:
        """With other tables of the same adjoints."""
        there, behind = change(self.there), change(self.behind)
        if self.of is None:
            return replace(self, there=there, behind=behind)
        gate, *sides = self.through
        gate = gate and gate.with_table(change(gate.table))
        return Arrival(self.source, there, behind, change(self.of), (gate, sides[0], sides[1]))

    def in_shape(self, shape: tuple[int, ...]) -> Arrival:
        """Repeated where others have more axes."""
        return self.changed(lambda table: np.broadcast_to(table, shape))

    def taken(self, index: Any) -> Arrival:
        """Some of them, or all with another axis."""
        return self.changed(lambda table: table[index])

    def gated(self, gate: Operand, yes: bool, no: bool) -> Arrival:
        """Behind one more gate."""
        of = np.arange(self.there.size).reshape(self.there.shape) if self.of is None else self.of
        return Arrival(self.source, self.there, np.ones_like(self.behind), of, (gate, yes, no))

    def way(self, to: Lanes) -> LaneWay | None:
        """How those behind a gate get to these lanes; None where there are none."""
        if self.of is None or not self.behind.any():
            return None
        here = np.flatnonzero(self.behind)
        gate, yes, no = self.through
        gate = gate and gate.with_table(gate.table[here])
        return LaneWay(self.source, gate, yes, no, self.of[here], to[here])
