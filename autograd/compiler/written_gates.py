"""Gates in a program that is being written: partials are symbols, which its `Writer` hands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.compiler.gates import Gates
from autograd.compiler.symbols import Symbol, Writer


class WrittenGates(Gates[Any]):
    """Nodes are places of the program."""

    writer: Writer

    def partials_of(self, node: int) -> Sequence[Any]:
        """The partials of the equation at a place, by all its operands."""
        raise NotImplementedError

    def attempt(self, node: int, answer: float) -> tuple[Sequence[Any], Mapping[Any, Any]]:
        """With symbols as partials."""
        writer = self.writer
        writer.asked.clear()
        writer.trial = answer
        try:
            partials = self.partials_of(node)
        finally:
            writer.trial = None
        writer.gates += bool(writer.asked)
        return partials, {atom: Symbol(writer, atom) for atom in writer.asked}

    def is_tame(self, partial: Any) -> bool:
        """By the rows that it was made by."""
        return type(partial) is not Symbol or self.writer.is_tame(partial.atom)

    def node_of(self, operand: Any) -> int | None:
        """A place is its own node."""
        return operand if type(operand) is int else None
