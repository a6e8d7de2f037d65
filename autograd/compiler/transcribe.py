"""Write the nodes of a recording as a program, and apply the chain rule to the numbers that stand on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from operator import attrgetter
from typing import Any

from autograd.compiler.columns import equations_in
from autograd.compiler.passes import live_places, only
from autograd.compiler.program import Atom, Guard, Program
from autograd.compiler.record import Recorder
from autograd.compiler.refusal import refuse_foreign
from autograd.primitive import Primitive
from autograd.value import Value

BLOCK = 2048  # nodes that are looked at together: they stay in the cache
_first, _second, _row = attrgetter("_x"), attrgetter("_y"), attrgetter("primitive")


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
        nodes = recorder.nodes
        self.made = [node for node in nodes if node.primitive is not None] if recorder.leaves else nodes
        leaves = [node for node in nodes if node.primitive is None] if recorder.leaves else []
        self._atoms: dict[int, Atom] = dict(zip(map(id, self.made), count(self.first)))  # of all Values, by identity
        self._atoms.update([(id(leaf), leaf._data) for leaf in leaves])
        self._atoms.update(zip(map(id, inputs), range(self.first), strict=True))
        self._foreign: dict[int, Any] = {}  # by place the first operand that is not known
        self.rows: list[Primitive] = []
        self.operands: list[tuple[Atom, ...]] = []
        for begin in range(0, len(self.made), BLOCK):
            self._write(self.made[begin : begin + BLOCK])

    def of(self, x: Any) -> Atom:
        """A place, or a number."""
        if not isinstance(x, Value):
            return float(x)
        atom = self._atoms.get(id(x))
        if atom is None:
            refuse_foreign(x)
        return atom

    def _write(self, nodes: Sequence[Any]) -> None:
        """The rows and operands of some nodes: most by looking all of them up at once."""
        xs, ys, atom_of = list(map(_first, nodes)), list(map(_second, nodes)), self._atoms.get
        place = self.first + len(self.rows)
        self.rows += map(_row, nodes)
        written: list[Any] = list(zip(map(atom_of, map(id, xs)), map(atom_of, map(id, ys)), strict=True))
        for i, (left, right) in enumerate(written):
            if left is None or right is None:
                x, y = xs[i], ys[i]
                if left is None and type(x) is not float:
                    written[i] = self._operands(place + i, y if type(x) is tuple else (x,) if y is None else (x, y))
                elif right is not None:
                    written[i] = x, right
                elif y is None:
                    written[i] = (x if left is None else left,)
                elif type(y) is float:
                    written[i] = x if left is None else left, y
                else:
                    written[i] = self._operands(place + i, (x, y))
        self.operands += written

    def _operands(self, place: int, given: Iterable[Any]) -> tuple[Atom, ...]:
        """Those of one node, of any kind; whether what is not known is refused depends on who needs it."""
        for x in given:
            if isinstance(x, Value) and id(x) not in self._atoms:
                self._foreign.setdefault(place, x)
                return ()
        return tuple(map(self.of, given))

    def program(self, names: Sequence[str], batched: Sequence[int] = (), per_sample: bool = False) -> Program:
        """The program with these names of its inputs."""
        guards = [
            Guard(each.relation, self.of(each.left), self.of(each.right), each.outcome, each.where)
            for each in self.recorder.guards
        ]
        made = Program(
            tuple(names),
            equations_in(self.first, self.rows, self.operands),
            tuple(guards),
            tuple(map(self.of, self.found)),
            batched=tuple(batched),
            per_sample=per_sample,
        )
        live = live_places(made)
        if any(live[place] for place in self._foreign):
            refuse_foreign(self._foreign[max([place for place in self._foreign if live[place]])])
        return only(made, live)

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
            if type(dx) is tuple:
                for x, local in zip(map(self.of, node._x), dx, strict=True):
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
