"""The chain rule over recorded nodes, written down as equations instead of computed.

The order, the edges and the rules are the engine's own (`derivative.adjoints`): what differs is only what partials and
adjoints are made of. A `Symbol` stands for a number of the program; rows of the table applied to Symbols become
equations. That is cheaper than Values, each of which a recording would have to notice.

Where a rule asks for a number (which branch did `where` take?), the recorded number decides without a batch, and a
guard remembers that. With a batch it differs from sample to sample: both answers are written down, and a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import rules
from autograd.compiler.symbols import Symbol, Writer
from autograd.derivative import Flow
from autograd.errors import CompileError
from autograd.primitive import Primitive
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


class Gated(_Walk):
    """The chain rule for all samples at once: what a rule asked for becomes a gate.

    An adjoint that is 0 behind a gate stays 0 where the partial is computed and may be infinite, as it would if nothing
    flowed: the gradient of `where(x > 0, log(x), 0)` is 0 at x = 0. (Eager, it is also 0 since the branch is left out.)
    """

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._behind: set[int] = set()  # nodes whose adjoint has come through gates only
        self._open: set[int] = set()

    def parents_of(self, node: Value) -> Sequence[Value]:
        """All operands that have a rule: which of them gradients flow to differs from sample to sample."""
        row, operands = node.primitive, node.operands
        if row is not None and None in row.partials:
            operands = tuple([x for x, rule in zip(operands, row.partials, strict=True) if rule is not None])
        return [x for x in operands if isinstance(x, Value)]

    def edges(self, node: int, adjoint: Any) -> list[tuple[int, Any, Any]]:
        """With every edge behind a gate as (1, contribution)."""
        value = self.writer.nodes[node]
        if value.primitive is None:
            return []
        behind = node in self._behind and node not in self._open
        found: list[tuple[int, Any, Any]] = []
        gate, answers = self._answers(value.primitive, value)
        for operand, yes, no in zip(value.operands, *answers, strict=True):
            if isinstance(operand, Value) and not (yes is None and no is None):
                if gate is None:
                    found.append((id(operand), *self._switched(yes, adjoint, behind)))
                else:
                    flows = [0.0 if each is None else adjoint * each for each in (yes, no)]
                    found.append((id(operand), 1.0, rules.where(gate, *flows)))
                (self._behind if gate is not None or behind else self._open).add(id(operand))
        return found

    def _switched(self, partial: Any, adjoint: Any, behind: bool) -> tuple[Any, Any]:
        if not behind or type(partial) is not Symbol or self.writer.is_tame(partial.atom):
            return partial, adjoint
        return 1.0, rules.where(adjoint, partial * adjoint, 0.0)

    def _answers(self, row: Primitive, node: Value) -> tuple[Any, tuple[Sequence[Any], Sequence[Any]]]:
        """What the rules of a node asked for, and their partials for yes and for no."""
        writer = self.writer
        yes = self._partials(row, node, 1.0)
        if not writer.asked:
            return None, (yes, yes)
        if len(set(writer.asked)) > 1:
            raise CompileError(
                f"the derivative of {row.name} asks for the truth of several numbers, which differ from sample to "
                "sample; write its rule with autograd.where, or compile without batch="
            )
        writer.gates += 1
        gate = Symbol(writer, writer.asked[0])
        return gate, (yes, self._partials(row, node, 0.0))

    def _partials(self, row: Primitive, node: Value, trial: float) -> Sequence[Any]:
        """The partials of a node, where whatever a rule asks for is `trial`."""
        writer = self.writer
        writer.asked.clear()
        writer.trial = trial
        try:
            return writer.partials(row, node)
        finally:
            writer.trial = None


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
