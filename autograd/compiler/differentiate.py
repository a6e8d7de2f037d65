"""The chain rule over recorded nodes, written down as equations instead of computed.

The order, the edges and the rules are the engine's own (`derivative.adjoints`): what differs is only what partials and
adjoints are made of. A `Symbol` stands for a number of the program; rows of the table applied to Symbols become
equations. That is cheaper than Values, each of which a recording would have to notice.

Where a rule asks for a number (which branch did `where` take?), the recorded number decides without a batch, and a
guard remembers that. With a batch it differs from sample to sample: see gates.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd.compiler.gates import Gates, may_flow
from autograd.compiler.symbols import Symbol, Writer
from autograd.derivative import Flow
from autograd.value import Value


class _Walk(Flow[int]):
    """A walk through recorded nodes by their identities; each is asked for its parents once."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._parents: dict[int, list[int]] = {}

    def order(self, output: int) -> Sequence[int]:
        return list(_post_order(output, self.parents))

    def parents(self, node: int) -> list[int]:
        found = self._parents.get(node)
        if found is None:
            found = self._parents[node] = list(map(id, self.parents_of(self.writer.nodes[node])))
        return found

    def parents_of(self, node: Value) -> Sequence[Value]:
        """The operands that gradients flow to."""
        raise NotImplementedError


class Recorded(_Walk):
    """The chain rule as the recording went: bit for bit what `derivative.grad` gives there, guarded."""

    def parents_of(self, node: Value) -> Sequence[Value]:
        """As the engine has them; a rule that dropped an operand is asked why, since that is a guard too."""
        found, row = node.parents, node.primitive
        if row is not None and row.variadic is None and len(found) < len(node.operands):
            for operand, rule in zip(node.operands, row.partials, strict=True):
                if callable(rule) and isinstance(operand, Value) and all(operand is not each for each in found):
                    rule(*map(self.writer.symbol, (node, *node.operands)))
        return found

    def edges(self, node: int, adjoint: Any) -> list[tuple[int, Any, Any]]:
        """As the engine has them."""
        value = self.writer.nodes[node]
        if value.primitive is None:
            return []
        return [
            (id(operand), partial, adjoint)
            for operand, partial in zip(value.operands, self.writer.partials(value.primitive, value), strict=True)
            if partial is not None and isinstance(operand, Value)
        ]


class Gated(Gates[int], _Walk):
    """The chain rule for all samples at once: what a rule asked for becomes a gate."""

    def __init__(self, writer: Writer) -> None:
        Gates.__init__(self)
        _Walk.__init__(self, writer)

    def parents_of(self, node: Value) -> Sequence[Value]:
        """All operands that have a rule."""
        return [] if node.primitive is None else may_flow(node.primitive, node.operands)

    def edges(self, node: int, adjoint: Any) -> list[tuple[int, Any, Any]]:
        """With every edge behind a gate as (1, contribution)."""
        value = self.writer.nodes[node]
        return [] if value.primitive is None else self.gated_edges(node, value.operands, adjoint)

    def attempt(self, node: int, answer: float) -> tuple[Sequence[Any], Mapping[Any, Any]]:
        """With symbols as partials."""
        writer, value = self.writer, self.writer.nodes[node]
        assert value.primitive is not None
        writer.asked.clear()
        writer.trial = answer
        try:
            partials = writer.partials(value.primitive, value)
        finally:
            writer.trial = None
        writer.gates += bool(writer.asked)
        return partials, {atom: Symbol(writer, atom) for atom in writer.asked}

    def is_tame(self, partial: Any) -> bool:
        """By the rows that it was made by."""
        return type(partial) is not Symbol or self.writer.is_tame(partial.atom)

    def node_of(self, operand: Value) -> int:
        """Nodes are known by identity."""
        return id(operand)


def _post_order(root: int, parents: Callable[[int], Sequence[int]]) -> Iterator[int]:
    """As `graph.topological`, with parents of one's own."""
    seen = {root}
    stack = [(root, iter(parents(root)))]
    while stack:
        node, rest = stack[-1]
        for parent in rest:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parents(parent))))
                break
        else:
            stack.pop()
            yield node
