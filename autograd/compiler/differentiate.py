"""The chain rule over the equations of a recorded program, as more equations.

The order, the edges and the rules are the engine's own (`derivative.adjoints`): what differs is only what partials and
adjoints are made of. A `Symbol` stands for a number of the program; rows of the table applied to Symbols become
equations. That is cheaper than Values, each of which a recording would have to notice.

Where a rule asks for a number (which branch did `where` take?), the recorded number decides without a batch, and a
guard remembers that. With a batch it differs from sample to sample: see gates.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.gates import may_flow
from autograd.compiler.passes import rebuilt, without_dead
from autograd.compiler.program import Atom, Equation, Program, moved_to
from autograd.compiler.symbols import Writer, may_drop
from autograd.compiler.written_gates import WrittenGates
from autograd.derivative import Flow, adjoints


def differentiated(
    recorded: Program,
    rows: Sequence[Atom],
    wanted: Sequence[int],
    numbers: Sequence[float],
    where: Callable[[], str],
    gated: bool = False,
) -> tuple[Program, bool]:
    """A recorded program with the derivatives of each of `rows` by the inputs `wanted` as further outputs.

    `numbers` are those of the inputs when it was recorded, and `where` gives the line of guards that derivatives need.
    With a batch, or if `gated`, they need none. The answer also says whether rules asked what samples may answer
    differently.
    """
    writer = Writer(recorded, numbers, where)
    outputs = list(moved_to(recorded.outputs, writer.atoms))
    adjoint_of: list[tuple[Atom, Atom]] = []
    for row in rows:
        known: dict[int, Any] = {}
        if type(row) is int:
            known = adjoints(row, wanted, Gated(writer) if gated or recorded.batched else Recorded(writer))
        outputs += [writer.atom(known.get(place, 0.0)) for place in wanted]
        adjoint_of = [(writer.atom(adjoint), writer.atoms[place]) for place, adjoint in known.items()]
    made = replace(
        rebuilt(recorded, writer.builder.equations, writer.atoms),
        outputs=tuple(outputs),
        adjoints=tuple([(delta, x) for delta, x in adjoint_of if type(delta) is int and type(x) is int]),
    )
    return without_dead(replace(made, guards=(*made.guards, *writer.guards))), bool(writer.gates)


class _Walk(Flow[int]):
    """A walk through the places of a recorded program; each is asked for its parents once."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.first = len(writer.recorded.names)
        self._parents: dict[int, Sequence[int]] = {}

    def equation(self, place: int) -> Equation | None:
        """What computes a place; None for an input."""
        return self.writer.recorded.equations[place - self.first] if place >= self.first else None

    def order(self, output: int) -> Sequence[int]:
        return list(_post_order(output, self.parents))

    def parents(self, node: int) -> Sequence[int]:
        found = self._parents.get(node)
        if found is None:
            equation = self.equation(node)
            found = self._parents[node] = (
                () if equation is None or equation.is_detached else self.parents_of(node, equation)
            )
        return found

    def parents_of(self, place: int, equation: Equation) -> Sequence[int]:
        """The operands that gradients flow to."""
        raise NotImplementedError


class Recorded(_Walk):
    """The chain rule as the recording went: bit for bit what `derivative.grad` gives there, guarded."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._partials: dict[int, Sequence[Any]] = {}

    def parents_of(self, place: int, equation: Equation) -> Sequence[int]:
        """As the engine has them; a rule that drops an operand says why, which is a guard."""
        row, operands = equation
        if may_drop(row, len(operands)):
            rules_or_partials = self._partials[place] = self.writer.partials(row, operands, place)
        else:
            rules_or_partials = row.partials or operands
        pairs = zip(operands, rules_or_partials, strict=True)
        return [x for x, each in pairs if type(x) is int and each is not None]

    def edges(self, node: int, adjoint: Any) -> list[tuple[int, Any, Any]]:
        """As the engine has them."""
        equation = self.equation(node)
        if equation is None or equation.is_detached:
            return []
        row, operands = equation
        partials = self._partials.pop(node, None)
        if partials is None:
            partials = self.writer.partials(row, operands, node)
        return [
            (operand, partial, adjoint)
            for operand, partial in zip(operands, partials, strict=True)
            if partial is not None and type(operand) is int
        ]


class Gated(WrittenGates, _Walk):
    """The chain rule for all samples at once: what a rule asked for becomes a gate."""

    def __init__(self, writer: Writer) -> None:
        WrittenGates.__init__(self)
        _Walk.__init__(self, writer)
        if not writer.recorded.batched:
            self.differs = "call to call; write its rule with autograd.where"

    def parents_of(self, place: int, equation: Equation) -> Sequence[int]:
        """All operands that have a rule."""
        return [x for x in may_flow(*equation) if type(x) is int]

    def edges(self, node: int, adjoint: Any) -> list[tuple[int, Any, Any]]:
        """With every edge behind a gate as (1, contribution)."""
        equation = self.equation(node)
        if equation is None or equation.is_detached:
            return []
        return self.gated_edges(node, equation.operands, adjoint)

    def partials_of(self, node: int) -> Sequence[Any]:
        """As the writer applies the rules."""
        equation = self.equation(node)
        assert equation is not None
        return self.writer.partials(*equation, node)


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
