"""The chain rule where samples take different branches: both answers of a rule are kept, and a gate chooses.

Where a rule asks for a number (which branch did `where` take?), the answer differs from sample to sample. So the rule
is asked twice, as if the number were 1 and as if it were 0.

Where nothing flows through the gates, a partial that may be infinite is not multiplied: the gradient of
`where(x > 0, log(x), 0)` is 0 at x = 0. (Eager, it is also 0 since the branch is left out.) What flows is asked of the
gates, not of the adjoint, which may be 0 by accident while its derivative is not.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

from autograd import rules
from autograd.errors import CompileError
from autograd.primitive import Primitive

Node = TypeVar("Node", bound=Hashable)
Answers = tuple[Any, Sequence[Any], Sequence[Any]]  # the gate or None, the partials for yes and for no


@dataclass(frozen=True, slots=True)
class Way(Generic[Node]):
    """How an adjoint reaches a node: from another, through a gate or none, and on which of its sides it flows."""

    source: Node
    gate: Any = None
    yes: bool = True
    no: bool = True


AnyWay = TypeVar("AnyWay", bound=Way[Any])


class Flows(Generic[Node, AnyWay]):
    """Where anything flows to: an indicator for each node, not 0 where something does, computed when it is asked for.

    A node that an adjoint reaches without gates is open: something always flows there.
    """

    def __init__(self) -> None:
        self._open: set[Node] = set()
        self._ways: dict[Node, list[AnyWay]] = {}  # to all others, but the output
        self._flow: dict[Node, Any] = {}

    def note(self, node: Node, way: AnyWay) -> None:
        """An adjoint has come to the node on that way."""
        if way.yes and way.no and self.is_open(way.source):
            self._open.add(node)
        else:
            self._ways.setdefault(node, []).append(way)

    def given(self, node: Node, flow: Any) -> None:
        """A node whose indicator is known."""
        self._ways[node], self._flow[node] = [], flow

    def is_open(self, node: Node) -> bool:
        """Whether something flows to a node whatever the gates are."""
        return node in self._open or node not in self._ways

    def flow(self, node: Node) -> Any:
        """The indicator of a node that is not open."""
        waiting = [node]  # no recursion: a chain of gates may be long
        while waiting:
            now = waiting[-1]
            sources = [way.source for way in self._ways.get(now, ())] if now not in self._flow else []
            missing = [x for x in sources if not self.is_open(x) and x not in self._flow]
            waiting += missing
            if not missing:
                waiting.pop()
                if now not in self._flow:
                    ways = self._ways[now]
                    self._flow[now] = self.any_of(now, ways, [self._through(way) for way in ways])
        return self._flow[node]

    def _through(self, way: AnyWay) -> Any:
        """The indicator of a way."""
        flow = self.leaving(way, 1.0 if self.is_open(way.source) else self._flow[way.source])
        return flow if way.yes and way.no else self.chosen(way.gate, flow if way.yes else 0.0, flow if way.no else 0.0)

    def leaving(self, way: AnyWay, flow: Any) -> Any:
        """What flows out of the source of a way, given its indicator."""
        return flow

    def chosen(self, gate: Any, yes: Any, no: Any) -> Any:
        """What a gate lets through."""
        return rules.where(gate, yes, no)

    def any_of(self, node: Node, ways: Sequence[AnyWay], flows: Sequence[Any]) -> Any:
        """Whether anything comes to a node on one of these ways."""
        return reduce(rules.maximum, {id(each): each for each in flows}.values())


class Gates(Flows[Node, Way[Node]]):
    """What gates need to know of a graph, and the edges of its nodes."""

    differs = "sample to sample; write its rule with autograd.where, or compile without batch="

    def attempt(self, node: Node, answer: float) -> tuple[Sequence[Any], Mapping[Any, Any]]:
        """The partials by all operands where a rule is answered so, and the different numbers it has asked for."""
        raise NotImplementedError

    def is_tame(self, partial: Any) -> bool:
        """Whether a partial is finite wherever the inputs are, overflow aside."""
        raise NotImplementedError

    def node_of(self, operand: Any) -> Node | None:
        """The node of the graph that stands for an operand; None for a constant."""
        raise NotImplementedError

    def answers(self, node: Node) -> Answers:
        """The partials of a node for both answers, and what chooses between them."""
        yes, asked = self.attempt(node, 1.0)
        if not asked:
            return None, yes, yes
        if len(asked) > 1:
            raise CompileError(
                f"the derivative of a primitive asks for the truth of several numbers, which differ from {self.differs}"
            )
        (gate,) = asked.values()
        return gate, yes, self.attempt(node, 0.0)[0]

    def gated_edges(self, node: Node, operands: Sequence[Any], adjoint: Any) -> list[tuple[Node, Any, Any]]:
        """(parent, partial, adjoint) for each edge of a node; of one behind a gate (1, contribution)."""
        found: list[tuple[Node, Any, Any]] = []
        gate, *answers = self.answers(node)
        for operand, yes, no in zip(operands, *answers, strict=True):
            parent = self.node_of(operand)
            if parent is None or (yes is None and no is None):
                continue
            if gate is None:
                found.append((parent, *self._switched(node, yes, adjoint)))
                self.note(parent, Way(node))
            else:
                flows = [0.0 if each is None else math.prod(self._switched(node, each, adjoint)) for each in (yes, no)]
                found.append((parent, 1.0, rules.where(gate, *flows)))
                self.note(parent, Way(node, gate, yes is not None, no is not None))
        return found

    def _switched(self, node: Node, partial: Any, adjoint: Any) -> tuple[Any, Any]:
        """(partial, adjoint); (1, their product, but 0 where nothing flows) where that must be told apart."""
        is_tame = math.isfinite(partial) if type(partial) is float else self.is_tame(partial)
        if is_tame or self.is_open(node):
            return partial, adjoint
        return 1.0, rules.where(self.flow(node), partial * adjoint, 0.0)


def may_flow(row: Primitive, operands: Sequence[Any]) -> list[Any]:
    """All operands that have a rule: which of them gradients flow to differs from sample to sample.

    >>> may_flow(rules.where, (0.0, 1.0, 2.0))
    [1.0, 2.0]
    """
    return [x for x, rule in zip(operands, row.partials or operands, strict=True) if rule is not None]
