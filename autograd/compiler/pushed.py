"""Forward mode: a program that also computes the tangents of its outputs, given those of some inputs.

Each equation is followed by that of its tangent, Σ partial · tangent over its operands. The partials are those of the
table, applied to symbols, so there is no second table for forward mode. What is structurally 0 is not written.

Where a rule asks for a number (which branch did `where` take?), both answers are written and a gate chooses between
them, as for gradients: see gates.py. An exact program without a batch has the recorded answer and a guard instead.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
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
    seeds  tangents are rows of the identity: where none of those that reach a number is 1, its tangent is 0, even if
           a partial is infinite
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
    manner: Manner = Manner(),
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
        t3 = mul(t2, dx)
        t4 = mul(t2, 3.0)
        t5 = mul(3.0, t3)
        return t4, t5
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
    writer = Writer(replace(recorded, equations=()), numbers, where, keeps_detached=True)
    writer.recorded = recorded
    each_way = [_Forward(writer, manner, along) for along in directions]
    for place, equation in enumerate(recorded.equations, len(recorded.names)):
        # Each with its tangents, not all tangents at the end: so a step of a loop over time stays in one piece.
        writer.atoms.append(writer.builder.apply(equation.primitive, moved_to(equation.operands, writer.atoms)))
        if not equation.is_detached:
            for forward in each_way:
                forward.push(place, equation)
    outputs = [
        forward.tangents.get(atom, 0.0) if type(atom) is int else 0.0
        for forward in each_way
        for atom in recorded.outputs
    ]
    made = rebuilt(recorded, writer.builder.equations, writer.atoms)
    made = replace(
        made, guards=(*made.guards, *writer.guards), outputs=(*made.outputs, *map(writer.atom, outputs)), adjoints=()
    )
    return without_dead(made), bool(writer.gates)


class _Forward:
    """Tangents of equations, in the order of the program."""

    def __init__(self, writer: Writer, manner: Manner, along: Mapping[int, Atom]) -> None:
        self.writer, self.manner = writer, manner
        self._gated = Gated(writer)
        self._asks_samples = bool(writer.recorded.batched)
        self.tangents: dict[int, Any] = {place: writer.symbol(tangent) for place, tangent in along.items()}
        self._reaching = Reaching(self.tangents)

    def push(self, place: int, equation: Equation) -> None:
        """The tangent of one equation, unless it has none."""
        moving = [x for x in equation.operands if type(x) is int and x in self.tangents]
        if not moving:
            return
        gate, *answers = self._answers(place, equation)
        yes, no = (self._moving(equation.operands, partials) for partials in answers)
        if not yes and not no:
            return
        if self.manner.seeds:
            self._reaching.note(place, moving)
        found = self._sum(yes)
        self.tangents[place] = found if gate is None else rules.where(gate, found, self._sum(no))

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

    def _moving(self, operands: Sequence[Atom], partials: Sequence[Any]) -> list[tuple[Any, int]]:
        """(partial, operand) for those that have a tangent."""
        pairs = zip(partials, operands, strict=True)
        return [(d, x) for d, x in pairs if d is not None and type(x) is int and x in self.tangents]

    def _sum(self, pairs: Sequence[tuple[Any, int]]) -> Any:
        """Σ partial · tangent."""
        tangents = [self.tangents[x] for _, x in pairs]
        if self.manner.exact:
            return rules.dot(*[d for d, _ in pairs], *tangents, 0.0)
        if self.manner.seeds:
            factors = [self._guarded(d, x) for d, x in pairs]
        else:
            factors = [(d, self.tangents[x]) for d, x in pairs]
        if len(factors) == 2 and all(type(d) is float and abs(d) == 1.0 for d, _ in factors):
            return _signed_sum(*factors)
        if len(factors) > 1:
            return rules.dot(*[d for d, _ in factors], *[t for _, t in factors], 0.0)
        return _product(*factors[0]) if factors else 0.0

    def _guarded(self, partial: Any, operand: int) -> tuple[Any, Any]:
        """The factors of a product that is 0 where no seed reaches the operand."""
        tangent = self.tangents[operand]
        tame = self.writer.is_tame(partial.atom) if type(partial) is Symbol else math.isfinite(partial)
        if tame:
            return partial, tangent
        return 1.0, rules.where(self._reaching.gate(operand), _product(partial, tangent), 0.0)


class Reaching:
    """Which seeds reach a number, and the largest of them, which is not 0 where one of them is 1.

    A tangent that happens to be 0 says nothing: its derivative, which a Hessian needs, may not be 0.
    """

    def __init__(self, seeds: Mapping[int, Any]) -> None:
        self._seeds = {place: 1 << i for i, place in enumerate(seeds)}  # of each number a bit for each seed
        self._gates = dict(zip(self._seeds.values(), seeds.values(), strict=True))  # by these bits
        self._parts: dict[int, tuple[int, ...]] = {}

    def note(self, place: int, moving: Sequence[int]) -> None:
        """What reaches the operands reaches the place."""
        parts = dict.fromkeys([self._seeds[x] for x in moving])
        self._seeds[place] = seeds = reduce(operator.or_, parts)
        self._parts.setdefault(seeds, tuple(parts))

    def gate(self, place: int) -> Any:
        """The largest seed that reaches a place."""
        return self._gate(self._seeds[place])

    def _gate(self, seeds: int) -> Any:
        waiting = [seeds]  # no recursion: a chain of numbers that each get one more seed may be long
        while waiting:
            parts = self._parts.get(waiting[-1], ())
            missing = [each for each in parts if each not in self._gates]
            if waiting[-1] in self._gates or not missing:
                now = waiting.pop()
                if now not in self._gates:
                    self._gates[now] = reduce(rules.maximum, [self._gates[each] for each in parts])
            else:
                waiting += missing
        return self._gates[seeds]


def _signed_sum(first: tuple[float, Any], second: tuple[float, Any]) -> Any:
    """The sum of two numbers with signs: one operation, while a dot of constants and numbers is several on arrays."""
    (sign, x), (other, y) = first, second
    if sign == other:
        return x + y if sign == 1.0 else -(x + y)
    return x - y if sign == 1.0 else y - x


def _product(partial: Any, tangent: Any) -> Any:
    return tangent if type(partial) is float and partial == 1.0 else partial * tangent
