"""Write the nodes of a recording as a program, and apply the chain rule to the numbers that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.compiler.columns import equations_in
from autograd.compiler.program import Atom, Guard, Program
from autograd.compiler.record import Recorder
from autograd.compiler.refusal import refuse_foreign
from autograd.compiler.traced import Node, Number
from autograd.primitive import Primitive
from autograd.value import Value


class Transcript:
    """The equations of a recording: one for each node that an output or a guard needs, in order; leaves are constants.

    recorder  what has recorded
    inputs    the arguments and the parameters
    found     the outputs

    >>> from autograd.rules import mul
    >>> recorder = Recorder({})
    >>> x = recorder.argument(3.0)
    >>> y = recorder.run(lambda: x * x * 2.0)
    >>> transcript = Transcript(recorder, [x], [y])
    >>> print(transcript.program(["x"]))
    program(x):
        t1 = mul(x, x)
        t2 = mul(t1, 2.0)
        return t2
    >>> transcript.slopes([0])
    [12.0]

    CompileError for a Value that is neither an input nor part of the recording.
    """

    def __init__(self, recorder: Recorder, inputs: Sequence[Value], found: Sequence[Any]) -> None:
        self.recorder = recorder
        self.found = found
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
        if type(x) is Value and (given := self.inputs.get(id(x))) is not None:  # a parameter
            return given
        nodes, place = self.recorder.nodes, self.recorder.place(x)
        if 0 <= place < len(nodes) and nodes[place] is x:
            return self.atoms[place]
        atom = self.inputs.get(id(x))
        if atom is None:
            refuse_foreign(x)
        return atom

    def _needed(self) -> bytearray:
        """For each node whether an output or a guard needs it; what none does is not looked at again."""
        nodes, place_of, inputs = self.recorder.nodes, self.recorder.place, self.inputs
        live = bytearray(len(nodes))
        sides = [side for guard in self.recorder.guards for side in (guard.left, guard.right)]
        for each in (*self.found, *sides):
            if isinstance(each, Value) and (place := place_of(each)) >= 0:
                live[place] = 1
        for place in range(len(nodes) - 1, -1, -1):
            node = nodes[place]
            if not live[place] or node.primitive is None:
                continue
            for each in node._y if type(node._dx) is tuple else (node._x, node._y):
                if (kind := type(each)) is Node or kind is Number:
                    before = each._place
                elif kind is float or each is None or (kind is Value and id(each) in inputs):
                    continue
                else:
                    before = place_of(each)
                if type(before) is float or before >= place or (before >= 0 and nodes[before] is not each):
                    refuse_foreign(each)
                if before >= 0:
                    live[before] = 1
        return live

    def _write(self) -> None:
        live = self._needed()
        nodes, atoms, first = self.recorder.nodes, self.atoms, self.first
        of, made, rows, written = self.of, self.made, self.rows, self.operands
        for needed, node in zip(live, nodes, strict=True):
            row = node.primitive
            if row is None or not needed:
                atoms.append(node._data)
                continue
            x, y = node._x, node._y
            if type(node._dx) is tuple:
                written.append(tuple([of(each) for each in y]))
            else:
                if (kind := type(x)) is Node or kind is Number:
                    x = atoms[place] if (place := x._place) >= 0 else of(x)
                elif kind is not float:
                    x = of(x)
                if (kind := type(y)) is Node or kind is Number:
                    y = atoms[place] if (place := y._place) >= 0 else of(y)
                elif kind is not float and y is not None:
                    y = of(y)
                written.append((x,) if y is None else (x, y))
            atoms.append(first + len(rows))
            rows.append(row)
            made.append(node)

    def program(self, names: Sequence[str], batched: Sequence[int] = (), per_sample: bool = False) -> Program:
        """The program with these names of its inputs."""
        guards = [
            Guard(each.relation, self.of(each.left), self.of(each.right), each.outcome, each.where)
            for each in self.recorder.guards
        ]
        return Program(
            tuple(names),
            equations_in(self.first, self.rows, self.operands),
            tuple(guards),
            tuple(map(self.of, self.found)),
            batched=tuple(batched),
            per_sample=per_sample,
        )

    def slopes(self, wanted: Iterable[int]) -> list[float]:
        """The derivatives of the first output by inputs, by the partials that the nodes were recorded with."""
        adjoint: list[float | None] = [None] * (self.first + len(self.rows))
        if type(root := self.of(self.found[0])) is int:
            adjoint[root] = 1.0
        places = range(len(adjoint) - 1, self.first - 1, -1)
        for place, operands, node in zip(places, reversed(self.operands), reversed(self.made), strict=True):
            delta = adjoint[place]
            if delta is None:
                continue
            dx, dy = node._dx, node._dy
            edges: Iterable[tuple[Atom, float]]
            if type(dx) is tuple:
                edges = zip(map(self.of, node._x), dx, strict=True)
            elif dy is None:
                edges = ((operands[0], dx),) if dx is not None else ()
            else:
                edges = ((operands[1], dy),) if dx is None else ((operands[0], dx), (operands[1], dy))
            for x, local in edges:
                if type(x) is int:
                    before = adjoint[x]
                    adjoint[x] = local * delta if before is None else before + local * delta
        return [adjoint[place] or 0.0 for place in wanted]
