"""Forward mode: a program that also computes the tangents of its outputs, given those of some inputs.

Each equation is followed by that of its tangent, Σ partial · tangent over its operands. The partials are those of the
table, applied to symbols, so there is no second table for forward mode. What is structurally 0 is not written.

Where a rule asks for a number (which branch did `where` take?), both answers are written and a gate chooses between
them, as for gradients: see gates.py. An exact program without a batch has the recorded answer and a guard instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd import rules
from autograd.compiler.differentiate import Gated
from autograd.compiler.lower import identifiers
from autograd.compiler.passes import rebuilt, without_dead
from autograd.compiler.program import Atom, Equation, Program, moved_to
from autograd.compiler.symbols import Symbol, Writer
from autograd.errors import CompileError


@dataclass(frozen=True)
class Manner:
    """How tangents are computed.

    exact  with the operations of `functional.jvp`, in its order
    seeds  tangents are columns of the identity: one that is 0 does not meet a partial that may be infinite
    """

    exact: bool = False
    seeds: bool = False


def with_inputs(program: Program, names: Sequence[str], batched: Sequence[bool]) -> Program:
    """The program with more inputs, which follow those that it has; the places of its equations move.

    >>> from autograd.rules import exp
    >>> print(with_inputs(Program(("x",), (Equation(exp, (0,)),), (), (1,)), ["dx"], [False]))
    program(x, dx):
        t2 = exp(x)
        return t2
    """
    first, count = len(program.names), len(names)
    moved = [*range(first), *range(first + count, first + count + len(program.equations))]
    return replace(
        program,
        names=tuple(identifiers([*program.names, *names])),
        equations=tuple([Equation(row, moved_to(operands, moved)) for row, operands in program.equations]),
        guards=tuple(
            [
                guard._replace(left=left, right=right)
                for guard in program.guards
                for left, right in [moved_to((guard.left, guard.right), moved)]
            ]
        ),
        outputs=moved_to(program.outputs, moved),
        batched=(*program.batched, *[first + i for i, flag in enumerate(batched) if flag]),
        adjoints=(),
    )


def pushed(
    recorded: Program,
    along: Mapping[int, Atom],
    numbers: Sequence[float],
    where: Callable[[], str],
    manner: Manner = Manner(),  # noqa: B008 (it cannot change)
) -> tuple[Program, bool]:
    """A recorded program with the tangents of its outputs as further outputs.

    recorded  the program, to whose inputs the tangents belong already: see `with_inputs`
    along     the tangent of each input that has one
    numbers   those of the inputs when it was recorded
    where     the line of guards that partials need
    manner    how tangents are computed

    The answer also says whether rules asked what samples may answer differently.

    >>> from autograd.rules import exp, mul
    >>> program = Program(("x", "dx"), (Equation(exp, (0,)), Equation(mul, (2, 3.0))), (), (3,))
    >>> print(pushed(program, {0: 1}, [0.0, 1.0], str)[0])
    program(x, dx):
        t2 = exp(x)
        t3 = mul(t2, 3.0)
        t4 = mul(t2, dx)
        t5 = mul(3.0, t4)
        return t3, t5
    """
    return pushed_along(recorded, [along], numbers, where, manner)


def pushed_along(
    recorded: Program,
    directions: Sequence[Mapping[int, Atom]],
    numbers: Sequence[float],
    where: Callable[[], str],
    manner: Manner = Manner(),
) -> tuple[Program, bool]:
    """The same for several directions: the tangents of all outputs along the first, then along the second, and so on.

    >>> from autograd.rules import mul
    >>> program = Program(("x", "y"), (Equation(mul, (0, 1)),), (), (2,))
    >>> print(pushed_along(program, [{0: 1.0}, {1: 1.0}], [2.0, 3.0], str)[0])
    program(x, y):
        t2 = mul(x, y)
        return t2, y, x
    """
    writer = Writer(recorded, numbers, where, keeps_detached=True)
    forward = _Forward(writer, manner)
    outputs = [tangent for along in directions for tangent in forward.tangents(along)]
    made = rebuilt(recorded, writer.builder.equations, writer.atoms)
    made = replace(
        made, guards=(*made.guards, *writer.guards), outputs=(*made.outputs, *map(writer.atom, outputs)), adjoints=()
    )
    return without_dead(made), bool(writer.gates)


class _Forward:
    """Tangents of equations, in the order of the program."""

    def __init__(self, writer: Writer, manner: Manner) -> None:
        self.writer, self.manner = writer, manner
        self._gated = Gated(writer)
        self._asks_samples = bool(writer.recorded.batched)

    def tangents(self, along: Mapping[int, Atom]) -> list[Any]:
        """Those of the outputs, given those of some inputs."""
        recorded = self.writer.recorded
        found: dict[int, Any] = {place: self.writer.symbol(tangent) for place, tangent in along.items()}
        for place, equation in enumerate(recorded.equations, len(recorded.names)):
            moving = [found.get(x) if type(x) is int else None for x in equation.operands]
            if not equation.is_detached and any(each is not None for each in moving):
                tangent = self.tangent(place, equation, moving)
                if tangent is not None:
                    found[place] = tangent
        return [found.get(atom, 0.0) if type(atom) is int else 0.0 for atom in recorded.outputs]

    def tangent(self, place: int, equation: Equation, tangents: Sequence[Any]) -> Any:
        """That of one equation, given those of its operands, None where they have none; None where nothing flows."""
        gate, *answers = self._answers(place, equation)
        yes, no = ([(d, t) for d, t in zip(each, tangents) if d is not None and t is not None] for each in answers)
        if gate is None:
            return self._sum(yes) if yes else None
        if not yes and not no:
            return None
        return rules.where(gate, self._sum(yes), self._sum(no))

    def _answers(self, place: int, equation: Equation) -> tuple[Any, Sequence[Any], Sequence[Any]]:
        """The partials for both answers to what a rule asks, and the number that it asks for."""
        if self._asks_samples or not self.manner.exact:
            try:
                return self._gated.answers(place)
            except CompileError:  # a rule asks for several numbers: without a batch, guards can answer
                if self._asks_samples:
                    raise
        partials = self.writer.partials(*equation, place)
        return None, partials, partials

    def _sum(self, pairs: Sequence[tuple[Any, Any]]) -> Any:
        """Σ partial · tangent."""
        if self.manner.exact:
            return rules.dot(*[d for d, _ in pairs], *[t for _, t in pairs], 0.0)
        if self.manner.seeds:
            pairs = [self._guarded(*pair) for pair in pairs]
        if len(pairs) > 1:
            return rules.dot(*[d for d, _ in pairs], *[t for _, t in pairs], 0.0)
        return _product(*pairs[0]) if pairs else 0.0

    def _guarded(self, partial: Any, tangent: Any) -> tuple[Any, Any]:
        """The factors of a product that is 0 where the tangent is."""
        tame = self.writer.is_tame(partial.atom) if type(partial) is Symbol else math.isfinite(partial)
        return (partial, tangent) if tame else (1.0, rules.where(tangent, _product(partial, tangent), 0.0))


def _product(partial: Any, tangent: Any) -> Any:
    return tangent if type(partial) is float and partial == 1.0 else partial * tangent
