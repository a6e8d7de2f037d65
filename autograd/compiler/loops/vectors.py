"""Programs with loops on arrays: what lies between loops and each body is a vector program, over one flat memory.

The memory holds the inputs, constants that moving operands look at, what the parts hand on, and for each loop a row for
each trip with the numbers of its body that something outside looks at. So a part reads and writes an index table, and
what moves is a table with a row for each trip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.loops.emitted import emitted
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.loops.parts import Part, parts
from autograd.compiler.numpy_backend.runner import NumpyRunner
from autograd.compiler.program import RELATIONS, Atom
from autograd.compiler.vector.recover import recover

Numbers = NDArray[np.float64]
Table = NDArray[np.intp]


class VectorRunner:
    """A program with loops, its parts and bodies run by NumPy.

    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (0, 1)),))
    >>> VectorRunner(Looped(Program(("x", "w"), (), (), (11,)), (Loop(body, 10, (1,), (0,), ()),))).run([3.0, 2.0])
    array([3072.])
    """

    def __init__(self, looped: Looped) -> None:
        self._looped = looped
        self._memory = _Memory(looped)
        self._steps = [
            _Trips(self._memory, place, part) if type(part) is Loop else _Straight(self._memory, part)
            for place, part in parts(looped)
            if type(part) is Loop or type(part) is Part
        ]
        self._outputs = self._memory.table(looped.outputs)
        self._asked = [self._memory.table((guard.left, guard.right)) for guard in looped.head.guards]
        self._begin = np.zeros(self._memory.size)
        for atom, address in self._memory.constants.values():
            self._begin[address] = atom

    def run(self, inputs: Numbers | Sequence[float]) -> Numbers | int:
        """The outputs, or the number of the first guard that does not hold."""
        memory = self._begin.copy()
        memory[: len(self._looped.names)] = inputs
        for step in self._steps:
            step.run(memory)
        for number, (guard, asked) in enumerate(zip(self._looped.head.guards, self._asked, strict=True)):
            if RELATIONS[guard.relation](*memory[asked].tolist()) is not guard.outcome:
                return number
        found: Numbers = memory[self._outputs]
        return found


class _Memory:
    """Where the numbers of a program are that outlive their part."""

    def __init__(self, looped: Looped) -> None:
        self.looped = looped
        self.size = len(looped.names)
        self.constants: dict[str, tuple[float, int]] = {}
        self.rows = {start: (0, sorted(kept)) for start, kept in emitted(looped).items()}
        self._straight: dict[int, int] = {}
        for place, part in parts(looped):
            if type(part) is Loop:
                kept = self.rows[place][1]
                self.rows[place] = self.allot(part.count * len(kept)), kept
            elif type(part) is Part:
                first = self.allot(len(part.outputs))
                self._straight |= {each: first + i for i, each in enumerate(part.outputs)}

    def allot(self, count: int) -> int:
        """The first address of so many numbers more."""
        self.size += count
        return self.size - count

    def table(self, atoms: Iterable[Atom]) -> Table:
        """The addresses of some atoms."""
        return np.fromiter(map(self._address, atoms), np.intp)

    def _address(self, atom: Atom) -> int:
        if type(atom) is float:
            key = repr(atom)  # −0 is not 0
            if key not in self.constants:
                self.constants[key] = atom, self.allot(1)
            return self.constants[key][1]
        place = int(atom)
        start = self.looped.loop_at(place)
        if start is None:
            return self._straight.get(place, place)
        first, kept = self.rows[start]
        trip, column = divmod(place - start, self.looped.loops[start].body.size)
        return first + trip * len(kept) + kept.index(column)


class _Straight:
    """A part: a vector program between two index tables."""

    def __init__(self, memory: _Memory, part: Part) -> None:
        self._reads, self._writes = memory.table(part.inputs), memory.table(part.outputs)
        self._runner = NumpyRunner(recover(part.program))

    def run(self, memory: Numbers) -> None:
        memory[self._writes] = self._runner.run(memory[self._reads])


class _Trips:
    """A loop: its body, which gives what is carried and what is kept, once for each trip."""

    def __init__(self, memory: _Memory, place: int, loop: Loop) -> None:
        first, kept = memory.rows[place]
        names = len(loop.body.names)
        outputs = (*loop.body.outputs, *[column + names for column in kept])
        body = replace(loop.body, head=replace(loop.body.head, outputs=outputs))
        self._body = VectorRunner(body)
        self._begins = memory.table((*loop.invariant, *loop.carried))
        self._moves = np.array([memory.table(atoms) for atoms in loop.moving], np.intp).reshape(-1, loop.count).T
        self._carried = slice(len(loop.invariant), len(loop.invariant) + len(loop.carried))
        self._rows = slice(first, first + loop.count * len(kept)), (loop.count, len(kept))

    def run(self, memory: Numbers) -> None:
        places, shape = self._rows
        kept = np.empty(shape)
        given = np.empty(len(self._begins) + self._moves.shape[1])
        given[: len(self._begins)] = memory[self._begins]
        moving = memory[self._moves]
        first, last = self._carried.start, self._carried.stop
        for row, numbers in zip(kept, moving, strict=True):
            given[last:] = numbers
            found = self._body.run(given)
            given[first:last] = found[: last - first]  # type: ignore[index]
            row[:] = found[last - first :]  # type: ignore[index]
        memory[places] = kept.ravel()
