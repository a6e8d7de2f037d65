"""Write the nodes of a recording as a program, and apply the chain rule to the numbers that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.compiler.passes import without_dead
from autograd.compiler.program import Atom, Guard, Program, equations_of
from autograd.compiler.record import Recorder
from autograd.compiler.refusal import refuse_foreign
from autograd.compiler.traced import Node, Number
from autograd.primitive import Primitive
from autograd.value import Value


class Transcript:
    """The equations of a recording: one for each node that was computed, in order; leaves are constants.

    >>> from autograd.rules import mul
    >>> recorder = Recorder({})
    >>> x = recorder.argument(3.0)
    >>> y = recorder.run(lambda: x * x * 2.0)
    >>> transcript = Transcript(recorder, [x])
    >>> print(transcript.program(["x"], [y]))
    program(x):
        t1 = mul(x, x)
        t2 = mul(t1, 2.0)
        return t2
    >>> transcript.slopes(y, [0])
    [12.0]

    CompileError for a Value that is neither an input nor part of the recording.
    """

    def __init__(self, recorder: Recorder, inputs: Sequence[Value]) -> None:
        self.recorder = recorder
        self.first = len(inputs)
        self.inputs: dict[int, int] = {id(leaf): place for place, leaf in enumerate(inputs)}
        self.atoms: list[Atom] = []  # of the nodes
        self.made: list[Any] = []  # the nodes that are equations
        self.rows: list[Primitive] = []
        self.operands: list[tuple[Atom, ...]] = []
        self._write()

    def of(self, x: Any) -> Atom:
        """A place, or a number."""
        if not isinstance(x, Value):
            return float(x)
        nodes, place = self.recorder.nodes, self.recorder.place(x)
        if 0 <= place < len(nodes) and nodes[place] is x:
            return self.atoms[place]
        atom = self.inputs.get(id(x))
        if atom is None:
            refuse_foreign(x)
        return atom

    def _write(self) -> None:
        nodes, atoms, first = self.recorder.nodes, self.atoms, self.first
        of, made, rows, written = self.of, self.made, self.rows, self.operands
        for node in nodes:
            row = node.primitive
            if row is None:
                atoms.append(node._data)
                continue
            x, y = node._x, node._y
            if type(node._dx) is tuple:
                written.append(tuple([of(each) for each in y]))
            else:
                if (kind := type(x)) is not float:
                    usual = (kind is Node or kind is Number) and 0 <= (place := x._place) < len(atoms)
                    x = atoms[place] if usual and nodes[place] is x else of(x)
                if y is None:
                    written.append((x,))
                else:
                    if (kind := type(y)) is not float:
                        usual = (kind is Node or kind is Number) and 0 <= (place := y._place) < len(atoms)
                        y = atoms[place] if usual and nodes[place] is y else of(y)
                    written.append((x, y))
            atoms.append(first + len(rows))
            rows.append(row)
            made.append(node)

    def program(
        self, names: Sequence[str], found: Iterable[Any], batched: Sequence[int] = (), per_sample: bool = False
    ) -> Program:
        """The equations that `found` and the guards need, with these outputs."""
        guards = [
            Guard(each.relation, self.of(each.left), self.of(each.right), each.outcome, each.where)
            for each in self.recorder.guards
        ]
        outputs = tuple(map(self.of, found))
        written = equations_of(self.rows, self.operands)
        return without_dead(
            Program(tuple(names), written, tuple(guards), outputs, batched=tuple(batched), per_sample=per_sample)
        )

    def slopes(self, output: Any, wanted: Iterable[int]) -> list[float]:
        """The derivatives of an output by inputs, by the partials that the nodes were recorded with."""
        adjoint: list[float | None] = [None] * (self.first + len(self.rows))
        if type(root := self.of(output)) is int:
            adjoint[root] = 1.0
        places = range(len(adjoint) - 1, self.first - 1, -1)
        for place, operands, node in zip(places, reversed(self.operands), reversed(self.made), strict=True):
            delta = adjoint[place]
            if delta is None:
                continue
            dx, dy = node._dx, node._dy
            if type(dx) is tuple:
                edges = [(self.of(parent), local) for parent, local in zip(node._x, dx, strict=True)]
            else:
                edges = [] if dx is None else [(operands[0], dx)]
                if dy is not None:
                    edges.append((operands[1], dy))
            for x, local in edges:
                if type(x) is int:
                    before = adjoint[x]
                    adjoint[x] = local * delta if before is None else before + local * delta
        return [adjoint[place] or 0.0 for place in wanted]
