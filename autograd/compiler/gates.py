"""The chain rule where samples take different branches: both answers of a rule are kept, and a gate chooses.

Where a rule asks for a number (which branch did `where` take?), the answer differs from sample to sample. So the rule
is asked twice, as if the number were 1 and as if it were 0.

An adjoint that is 0 behind a gate stays 0 where the partial is computed and may be infinite, as it would if nothing
flowed: the gradient of `where(x > 0, log(x), 0)` is 0 at x = 0. (Eager, it is also 0 since the branch is left out.)
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from autograd import rules
from autograd.errors import CompileError
from autograd.primitive import Primitive

Node = TypeVar("Node", bound=Hashable)
Answers = tuple[Any, Sequence[Any], Sequence[Any]]  # the gate or None, the partials for yes and for no


class Gates(Generic[Node]):
    """What gates need to know of a graph, and the edges of its nodes."""

    def __init__(self) -> None:
        self._behind: set[Node] = set()  # nodes whose adjoint has come through gates only
        self._open: set[Node] = set()

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
                "the derivative of a primitive asks for the truth of several numbers, which differ from sample to "
                "sample; write its rule with autograd.where, or compile without batch="
            )
        (gate,) = asked.values()
        return gate, yes, self.attempt(node, 0.0)[0]

    def gated_edges(self, node: Node, operands: Sequence[Any], adjoint: Any) -> list[tuple[Node, Any, Any]]:
        """(parent, partial, adjoint) for each edge of a node; of one behind a gate (1, contribution)."""
        behind = node in self._behind and node not in self._open
        found: list[tuple[Node, Any, Any]] = []
        gate, *answers = self.answers(node)
        for operand, yes, no in zip(operands, *answers, strict=True):
            parent = self.node_of(operand)
            if parent is not None and not (yes is None and no is None):
                if gate is None:
                    found.append((parent, *self._switched(yes, adjoint, behind)))
                else:
                    flows = [0.0 if each is None else adjoint * each for each in (yes, no)]
                    found.append((parent, 1.0, rules.where(gate, *flows)))
                (self._behind if gate is not None or behind else self._open).add(parent)
        return found

    def _switched(self, partial: Any, adjoint: Any, behind: bool) -> tuple[Any, Any]:
        is_tame = math.isfinite(partial) if type(partial) is float else self.is_tame(partial)
        if not behind or is_tame:
            return partial, adjoint
        return 1.0, rules.where(adjoint, partial * adjoint, 0.0)


def may_flow(row: Primitive, operands: Sequence[Any]) -> list[Any]:
    """All operands that have a rule: which of them gradients flow to differs from sample to sample.

    >>> may_flow(rules.where, (0.0, 1.0, 2.0))
    [1.0, 2.0]
    """
    return [x for x, rule in zip(operands, row.partials or operands, strict=True) if rule is not None]
