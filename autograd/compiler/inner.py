"""Derivatives that a function takes while it is recorded: nodes of the recording, like all else that it computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.compiler.gates import Answers, Gates, may_flow
from autograd.compiler.symbols import TAME
from autograd.derivative import Engine
from autograd.graph import newer
from autograd.value import Value


class Inner(Engine):
    """The engine's chain rule through a recording, which knows what is older than all that is wanted.

    Nothing older depends on it, so a derivative inside a loop walks through its own turn only.
    """

    def __init__(self, recorder: Any, wanted: Sequence[Value]) -> None:
        super().__init__(wanted)
        self.recorder = recorder

    def order(self, *outputs: Value) -> Sequence[Value]:
        """In the graph's own order."""
        place = self.recorder.place
        oldest = min(map(place, self.wanted), default=-1)
        known = [each for each in self.wanted if place(each) == oldest]
        return newer(outputs, known, lambda node: place(node) > oldest, self.parents)


class GatedInner(Gates[Value], Inner):
    """The same with a batch, where a number that a rule asks for differs from sample to sample."""

    def __init__(self, recorder: Any, wanted: Sequence[Value]) -> None:
        Gates.__init__(self)
        Inner.__init__(self, recorder, wanted)

    def parents(self, node: Value) -> Sequence[Value]:
        """All operands that have a rule."""
        flows = [] if node.primitive is None else may_flow(node.primitive, node.operands)
        return [x for x in flows if isinstance(x, Value)]

    def answers(self, node: Value) -> Answers:
        """The partials of a node for both answers, and what chooses between them."""
        return Gates.answers(self, node)

    def edges(self, node: Value, adjoint: Any) -> list[tuple[Value, Any, Any]]:
        """With every edge behind a gate as (1, contribution)."""
        return [] if node.primitive is None else self.gated_edges(node, node.operands, adjoint)

    def attempt(self, node: Value, answer: float) -> tuple[Sequence[Any], Mapping[Any, Any]]:
        """With recorded nodes as partials."""
        recorder, row, operands = self.recorder, node.primitive, node.operands
        assert row is not None
        recorder.trial, recorder.asked = answer, []
        try:
            if row.variadic:
                partials = list(row.variadic(node, *operands))
            else:
                partials = [
                    rule(node, *operands) if callable(rule) and isinstance(operand, Value) else rule
                    for operand, rule in zip(operands, row.partials, strict=True)
                ]
        finally:
            recorder.trial = None
        recorder.gates += bool(recorder.asked)
        return partials, {id(each): each for each in recorder.asked}

    def is_tame(self, partial: Any) -> bool:
        """By the rows that it was made by."""
        return not isinstance(partial, Value) or _is_tame(self.recorder, partial)

    def node_of(self, operand: Any) -> Value | None:
        """The operand itself, unless it is a number."""
        return operand if isinstance(operand, Value) else None


def _is_tame(recorder: Any, x: Value) -> bool:
    """Whether a recorded number is finite for all finite inputs, overflow aside."""
    tame = recorder.tame
    for node in recorder.nodes[len(tame) :]:
        inner = [recorder.place(each) for each in node.operands if isinstance(each, Value)]
        row = node.primitive
        tame.append(row is None or (row in TAME and all(place < 0 or tame[place] for place in inner)))
    place = recorder.place(x)
    return place < 0 or bool(tame[place])
