"""The chain rule through equations and loops, in the terms of `derivative.adjoints`.

Nodes are places; a loop is a node of its own, as are those of its places that something outside looks at. What a rule
asks for (which branch did `where` take?) differs from trip to trip, so both answers are written down, and a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd import rules
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.passes import Builder
from autograd.compiler.program import Atom, Equation
from autograd.compiler.symbols import TAME, Symbol, Writer
from autograd.derivative import Flow
from autograd.errors import CompileError
from autograd.primitive import Primitive

OUTPUT = -1  # the node of all seeds
_HOLE = Equation(rules.pick, ())  # where a loop has its places; like what it stands for, it may be infinite

Contributions = list[tuple[int, Any, Any]]
Backward = Callable[["LoopedFlow", int, Loop, Mapping[int, Any], bool], tuple[Contributions, bool]]
"""See `backward.backward`; the flag says that what comes back has come through gates."""


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


class LoopedFlow(Flow[int]):
    """The items of a program, or of a body, seen backwards from `seeds`: (place, adjoint).

    `backward` writes the loop that goes through another one backwards. `behind` says that seeds may be 0 because
    nothing flows, and have to stay 0 wherever they are multiplied by infinities. `gathered` is as in `with_gradient`.
    """

    def __init__(
        self,
        looped: Looped,
        seeds: Sequence[tuple[int, Any]],
        wanted: Sequence[int],
        writer: LoopWriter,
        backward: Backward,
        behind: bool = False,
        gathered: int = 0,
    ) -> None:
        self.gathered = gathered
        self.looped, self.seeds, self.writer, self.backward = looped, seeds, writer, backward
        self.first = len(looped.names)
        self.items = dict(looped.placed())
        self._seeds = {start: dict[int, Any]() for start in looped.loops}
        self._behind = {OUTPUT} if behind else set[int]()  # nodes whose adjoint has come through gates only
        self._open = set[int]()
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
            return [place for place, _ in self.seeds]
        if node < OUTPUT:
            return [atom for atom in self.looped.loops[-2 - node].atoms() if type(atom) is int]
        item = self.items.get(node)
        if type(item) is Equation:
            return [x for x, _ in differentiable(item)]
        start = self.looped.loop_at(node)
        return () if start is None else (_node(start),)

    def edges(self, node: int, adjoint: Any) -> Contributions:
        """(parent, partial, adjoint); the adjoints of a loop's places are collected, and all go through it at once."""
        if node == OUTPUT:
            self._arrive(node, [place for place, _ in self.seeds])
            return [(place, seed, 1.0) for place, seed in self.seeds]
        if node < OUTPUT:
            start = -2 - node
            behind = node in self._behind
            found, gated = self.backward(self, start, self.looped.loops[start], self._seeds[start], behind)
            if gated:
                self._behind.add(node)
            self._arrive(node, [place for place, _, _ in found])
            return found
        item = self.items.get(node)
        if type(item) is Equation:
            return self._through(node, item, adjoint)
        at = self.looped.loop_at(node)
        if at is None:
            return []
        self._seeds[at][node - at] = adjoint
        if node in self._behind:  # one of them is enough
            self._behind.add(_node(at))
        return [(_node(at), 1.0, 0.0)]

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
        for place, _ in self.seeds:
            yield place

    # --- equations ----------------------------------------------------------------------------------------------------

    def _through(self, node: int, equation: Equation, adjoint: Any) -> Contributions:
        """The edges of an equation; with a gate as (1, contribution)."""
        behind = node in self._behind and node not in self._open
        gate, yes, no = self._answers(node, equation)
        found: Contributions = []
        for operand, i in differentiable(equation):
            if yes[i] is not None or no[i] is not None:
                if gate is None:
                    found.append((operand, *self._switched(yes[i], adjoint, behind)))
                else:
                    flows = [0.0 if each[i] is None else adjoint * each[i] for each in (yes, no)]
                    found.append((operand, 1.0, rules.where(gate, *flows)))
                (self._behind if gate is not None or behind else self._open).add(operand)
        return found

    def _arrive(self, node: int, places: Sequence[int]) -> None:
        (self._behind if node in self._behind else self._open).update(places)

    def _switched(self, partial: Any, adjoint: Any, behind: bool) -> tuple[Any, Any]:
        if not behind or type(partial) is not Symbol or self.writer.is_tame(partial.atom):
            return partial, adjoint
        return 1.0, rules.where(adjoint, partial * adjoint, 0.0)

    def _answers(self, place: int, equation: Equation) -> tuple[Any, Sequence[Any], Sequence[Any]]:
        """What the rules of an equation ask for, and its partials if that is true and if not."""
        writer = self.writer
        yes = self._partials(place, equation, 1.0)
        if not writer.asked:
            return None, yes, yes
        if len(set(writer.asked)) > 1:
            raise CompileError(
                f"the derivative of {equation.primitive.name} asks for the truth of several numbers, which differ from "
                "trip to trip of a loop; write its rule with autograd.where"
            )
        writer.gates += 1
        return Symbol(writer, writer.asked[0]), yes, self._partials(place, equation, 0.0)

    def _partials(self, place: int, equation: Equation, trial: float) -> Sequence[Any]:
        writer = self.writer
        writer.asked.clear()
        writer.trial = trial
        try:
            out, *at = [Symbol(writer, x) if type(x) is int else x for x in (place, *equation.operands)]
            return equation.primitive.partials_at(out, at)
        finally:
            writer.trial = None


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
