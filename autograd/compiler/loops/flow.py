"""The chain rule through equations and loops, in the terms of `derivative.adjoints`.

Nodes are places; a loop is a node of its own, as are those of its places that something outside looks at. What a rule
asks for (which branch did `where` take?) differs from trip to trip, so both answers are written down, and a gate. What
flows through gates to a place of a loop is known from the loop that goes through it backwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from autograd import rules
from autograd.compiler.gates import Way
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.passes import Builder
from autograd.compiler.program import Atom, Equation
from autograd.compiler.symbols import TAME, Symbol, Writer
from autograd.compiler.written_gates import WrittenGates
from autograd.derivative import Flow
from autograd.primitive import Primitive

OUTPUT = -1  # the node of all seeds
_HOLE = Equation(rules.pick, ())  # where a loop has its places; like what it stands for, it may be infinite

Contribution = tuple[int, Any, Any, Any]
"""A place, partial and adjoint, and what says whether anything flows there; 1 where something always does."""

Backward = Callable[["LoopedFlow", int, Loop, Mapping[int, Any]], Sequence[Contribution]]
"""See `backward.backward`."""

LINEAR = {
    rules.add,
    rules.sub,
    rules.neg,
    rules.mul,
    rules.dot,
    rules.total,
}  # the partials of finite numbers are finite


class LoopWriter(Writer):
    """Writes equations and loops behind the places of a program or body, and `more` inputs."""

    def __init__(self, looped: Looped, more: int = 0) -> None:
        super().__init__(looped.head, (), str)
        self.builder = Builder(len(looped.names) + looped.size + more)
        self._looped = looped
        self._loops: dict[int, Loop] = {}

    def place(self, loop: Loop) -> int:
        """Append a loop; its first place."""
        start = self.end
        self._loops[start] = loop
        self.builder.equations += [_HOLE] * loop.size
        return start

    @property
    def end(self) -> int:
        """The place of what is written next."""
        return self.builder.first + len(self.builder.equations)

    def placed(self) -> Iterator[tuple[int, Equation | Loop]]:
        """What has been written, each with its first place."""
        place = self.builder.first
        while place < self.end:
            loop = self._loops.get(place)
            yield place, loop or self.builder.equations[place - self.builder.first]
            place += loop.size if loop else 1

    def is_tame(self, atom: Atom) -> bool:
        """Whether a number is finite for all finite inputs, overflow aside; those of loops may not be."""
        tame = self._tame
        if not tame:
            tame += [True] * len(self._looped.names)
            for item in self._looped.items:
                if type(item) is Loop:
                    tame += [False] * item.size
                else:
                    row, operands = item
                    tame.append(row in TAME and all(type(each) is float or tame[int(each)] for each in operands))
        return super().is_tame(atom)


class LoopedFlow(WrittenGates, Flow[int]):
    """The items of a program, or of a body, seen backwards from `seeds`: (place, adjoint, what says whether it flows).

    `backward` writes the loop that goes through another one backwards. `is_body` says that something outside may ask
    what flows to the inputs. `gathered` is as in `with_gradient`.
    """

    writer: LoopWriter
    differs = "trip to trip of a loop; write its rule with autograd.where"

    def __init__(
        self,
        looped: Looped,
        seeds: Sequence[tuple[int, Any, Any]],
        wanted: Sequence[int],
        writer: LoopWriter,
        backward: Backward,
        is_body: bool = False,
        gathered: int = 0,
    ) -> None:
        super().__init__()
        self.gathered = gathered
        self.looped, self.seeds, self.writer, self.backward, self.is_body = looped, seeds, writer, backward, is_body
        self.first = len(looped.names)
        self.items = dict(looped.placed())
        self._seeds = {start: dict[int, Any]() for start in looped.loops}
        self.order_of_nodes = [*range(self.first), *self._nodes(), OUTPUT]
        self.varied = set(wanted)  # what depends on one of these places
        for node in self.order_of_nodes:
            if not self.varied.isdisjoint(self.parents(node)):
                self.varied.add(node)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def order(self, output: int) -> Sequence[int]:
        """Places in order, those of a loop after the loop itself; the seeds are last."""
        return self.order_of_nodes

    def parents(self, node: int) -> Sequence[int]:
        """The places that an equation, a loop or the seeds look at; of a place of a loop the loop."""
        if node == OUTPUT:
            return [place for place, _, _ in self.seeds]
        if node < OUTPUT:
            return [atom for atom in self.looped.loops[-2 - node].atoms() if type(atom) is int]
        item = self.items.get(node)
        if type(item) is Equation:
            return [x for x, _ in differentiable(item)]
        start = self.looped.loop_at(node)
        return () if start is None else (_node(start),)

    def edges(self, node: int, adjoint: Any) -> list[tuple[int, Any, Any]]:
        """(parent, partial, adjoint); the adjoints of a loop's places are collected, and all go through it at once."""
        if node == OUTPUT:
            return self._arriving(node, [(place, seed, 1.0, flow) for place, seed, flow in self.seeds])
        if node < OUTPUT:
            start = -2 - node
            return self._arriving(node, self.backward(self, start, self.looped.loops[start], self._seeds[start]))
        item = self.items.get(node)
        if type(item) is Equation:
            return [] if item.is_detached else self.gated_edges(node, item.operands, adjoint)
        at = self.looped.loop_at(node)
        if at is None:
            return []
        self._seeds[at][node - at] = adjoint
        return [(_node(at), 1.0, 0.0)]

    def _arriving(self, node: int, found: Sequence[Contribution]) -> list[tuple[int, Any, Any]]:
        """Note what flows, from the seeds or a loop."""
        for i, (place, _, _, flow) in enumerate(found):
            if type(flow) is float and flow:
                self.note(place, Way(OUTPUT))
            else:
                self.given((node, i), flow)
                self.note(place, Way((node, i)))
                self.writer.gates += node != OUTPUT
        return [(place, partial, adjoint) for place, partial, adjoint, _ in found]

    def indicator(self, place: int) -> Any:
        """What says whether anything flows to a place that an adjoint has come to."""
        return 1.0 if self.is_open(place) else self.flow(place)

    def is_asked(self, start: int) -> bool:
        """Whether anything before the loop at `start` may ask what flows through it."""
        return self.is_body or self._first_asking < start

    @cached_property
    def _first_asking(self) -> float:
        """The first place of a loop, or of an equation whose partials may be infinite."""
        asking = (place for place, item in self.items.items() if type(item) is Loop or item.primitive not in LINEAR)
        return next(asking, math.inf)

    def _nodes(self) -> Iterator[int]:
        """The nodes of all items; those of loops followed by the places that are looked at."""
        looked_at = {start: set[int]() for start in self._seeds}
        if looked_at:
            for atom in self._all_atoms():
                start = self.looped.loop_at(atom)
                if start is not None:
                    looked_at[start].add(atom)
        for place, item in self.items.items():
            if type(item) is Loop:
                yield _node(place)
                yield from sorted(looked_at[place])
            else:
                yield place

    def _all_atoms(self) -> Iterator[int]:
        for item in self.looped.items:
            for atom in item.atoms() if type(item) is Loop else item.operands:
                if type(atom) is int:
                    yield atom
        for place, _, _ in self.seeds:
            yield place

    def partials_of(self, node: int) -> Sequence[Any]:
        """By the rules of the row, which are applied to places of the loop's program as they are."""
        equation = self.items[node]
        assert type(equation) is Equation
        out, *at = [Symbol(self.writer, x) if type(x) is int else x for x in (node, *equation.operands)]
        return equation.primitive.partials_at(out, at)


def _node(start: int) -> int:
    return -2 - start


def differentiable(equation: Equation) -> list[tuple[int, int]]:
    """The operands that have a rule, with their numbers; none of a detached number."""
    if equation.is_detached:
        return []
    row: Primitive = equation.primitive
    rules_of = row.partials if not row.variadic else (1.0,) * len(equation.operands)
    pairs = zip(equation.operands, rules_of, strict=True)
    return [(x, i) for i, (x, rule) in enumerate(pairs) if type(x) is int and rule is not None]
