"""Write the nodes of a recording as a program, and apply the chain rule to the numbers that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress, count
from operator import attrgetter
from typing import Any

from autograd._numpy import HAS_NUMPY
from autograd.compiler.columns import Columns
from autograd.compiler.program import Atom, Equation, Guard, Program, equations_of, moved_to
from autograd.compiler.record import Recorder
from autograd.compiler.refusal import refuse_foreign
from autograd.compiler.traced import Node, Number
from autograd.primitive import Primitive
from autograd.value import Value

LARGE = 4_000  # equations from which on arrays are worth it
_row = attrgetter("primitive")


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
        self.operands: list[tuple[Atom, ...]] = []  # in places as if all nodes were equations
        self._live = bytearray(len(recorder.nodes))  # for each node whether it is one
        for each in (*found, *[side for guard in recorder.guards for side in (guard.left, guard.right)]):
            self._among_all(each)
        self._write()
        self.made = list(compress(recorder.nodes, self._live))
        self.places = list(compress(count(self.first), self._live))
        self._moved: dict[int, int] = {}  # what they are without the other nodes; empty if there are none
        if len(self.made) < len(self._live):
            self._moved = dict(zip(chain(range(self.first), self.places), count(), strict=False))

    def of(self, x: Any) -> Atom:
        """A place, or a number."""
        atom = self._among_all(x)
        return self._moved[atom] if self._moved and type(atom) is int else atom

    def _among_all(self, x: Any) -> Atom:
        """The same if all nodes were equations; whatever is asked for is needed."""
        if (given := self.inputs.get(id(x))) is not None:
            return given
        if not isinstance(x, Value):
            return float(x)
        nodes, place = self.recorder.nodes, self.recorder.place(x)
        if not (0 <= place < len(nodes) and nodes[place] is x):
            refuse_foreign(x)
        if x.primitive is None:
            return float(x._data)
        self._live[place] = 1
        return self.first + place

    def _write(self) -> None:
        """Backwards, so that what nothing needs is not looked at."""
        nodes, first, live, of = self.recorder.nodes, self.first, self._live, self._among_all
        written = self.operands
        for place in range(len(nodes) - 1, -1, -1):
            if not live[place]:
                continue
            node = nodes[place]
            x, y = node._x, node._y
            if type(x) is tuple:
                written.append(tuple([of(each) for each in y]))
                continue
            if (kind := type(x)) is Node or kind is Number:
                before = x._place
                if type(before) is int and 0 <= before < place and nodes[before] is x:
                    live[before] = 1
                    x = first + before
                else:
                    x = of(x)
            elif kind is not float:
                x = of(x)
            if (kind := type(y)) is Node or kind is Number:
                before = y._place
                if type(before) is int and 0 <= before < place and nodes[before] is y:
                    live[before] = 1
                    y = first + before
                else:
                    y = of(y)
            elif kind is not float and y is not None:
                y = of(y)
            written.append((x,) if y is None else (x, y))
        written.reverse()

    def program(self, names: Sequence[str], batched: Sequence[int] = (), per_sample: bool = False) -> Program:
        """The program with these names of its inputs."""
        guards = [
            Guard(each.relation, self.of(each.left), self.of(each.right), each.outcome, each.where)
            for each in self.recorder.guards
        ]
        return Program(
            tuple(names),
            _equations(self.first, list(map(_row, self.made)), self.operands, self._moved),
            tuple(guards),
            tuple(map(self.of, self.found)),
            batched=tuple(batched),
            per_sample=per_sample,
        )

    def slopes(self, wanted: Iterable[int]) -> list[float]:
        """The derivatives of the first output by inputs, by the partials that the nodes were recorded with."""
        adjoint: list[float | None] = [None] * (self.first + len(self.recorder.nodes))
        if type(root := self._among_all(self.found[0])) is int:
            adjoint[root] = 1.0
        for place, operands, node in zip(
            reversed(self.places), reversed(self.operands), reversed(self.made), strict=True
        ):
            delta = adjoint[place]
            if delta is None:
                continue
            dx, dy = node._dx, node._dy
            if type(dx) is tuple:
                for x, local in zip(map(self._among_all, node._x), dx, strict=True):
                    if type(x) is int:
                        before = adjoint[x]
                        adjoint[x] = local * delta if before is None else before + local * delta
                continue
            if dx is not None and type(x := operands[0]) is int:
                before = adjoint[x]
                adjoint[x] = dx * delta if before is None else before + dx * delta
            if dy is not None and type(y := operands[1]) is int:
                before = adjoint[y]
                adjoint[y] = dy * delta if before is None else before + dy * delta
        return [adjoint[place] or 0.0 for place in wanted]


def _equations(
    first: int, rows: Sequence[Primitive], operands: Sequence[tuple[Atom, ...]], moved: Mapping[int, int]
) -> Columns | tuple[Equation, ...]:
    """The equation of each row and its operands, behind so many inputs: in arrays if there are many.

    If places have `moved`, operands are those before.
    """
    if HAS_NUMPY and len(rows) >= LARGE:
        made = Columns.made(first, rows, operands)
        return made.moved(moved) if moved else made
    return equations_of(rows, [moved_to(each, moved) for each in operands] if moved else operands)
