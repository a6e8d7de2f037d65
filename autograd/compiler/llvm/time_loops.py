"""Programs with loops over time as machine code: straight lines of single numbers, and loops of LLVM around them.

All numbers that outlive their trip are in one memory: the inputs, the outputs, a buffer for each equation that a loop
keeps of all trips, and slots for what moving operands look at besides. A moving operand reads it at an even distance,
or else where a table says. So the text has the size of the bodies, whatever their counts.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from autograd import rules
from autograd.compiler.llvm.code import FOLLOWS, Atom, Code, constant
from autograd.compiler.llvm.engine import LOOPS, STRAIGHT, machine
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.grouping import BEFORE
from autograd.compiler.llvm.library import Kind, Library, failed
from autograd.compiler.llvm.memory import Frame
from autograd.compiler.llvm.spelling import spell
from autograd.compiler.llvm.steps_driver import RELATIONS, steps_driver
from autograd.compiler.llvm.workspace import Floats, WorkspacePool, address_of, new_frame
from autograd.compiler.loops.emitted import column_of, emitted
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.loops.printing import described, printed
from autograd.compiler.program import Atom as Place
from autograd.compiler.program import Equation

SCALAR = Kind(1)
LONG = 1000  # lines, from which on optimising takes longer than it saves: the time grows faster than the length
TURNING = (rules.sin, rules.cos)


class LoopRunner:
    """Machine code of a program with loops.

    >>> from autograd.compiler.program import Program
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(rules.mul, (0, 1)),))
    >>> LoopRunner(Looped(Program(("x", "w"), (), (), (11,)), (Loop(body, 10, (1,), (0,), ()),))).run([3.0, 2.0])
    array([3072.])

    CompileError where llvmlite is not installed.
    """

    def __init__(self, looped: Looped) -> None:
        text = _Text(looped)
        text.library.compile()
        self._looped = looped
        self._text = "\n".join([*text.library.declarations(), text.text])
        self._machine = machine([self._text], LOOPS if self._text.count("\n") <= LONG else STRAIGHT)
        self._function = self._machine.function("program", None, ctypes.c_void_p, ctypes.c_void_p)
        self._inputs = slice(0, len(looped.names))
        self._outputs = slice(text.outputs, text.outputs + len(looped.outputs))
        self._tables = np.array([*chain.from_iterable(text.tables)], np.int64)
        self._guards = np.array(text.guards, np.int64)
        self._driver = steps_driver(SCALAR) if text.guards else None  # keeps the code
        self._ask = self._driver.function("shared", None, ctypes.c_void_p) if self._driver else None
        self._calls_python = text.library.calls_python
        self._size = text.size
        self._frames = WorkspacePool(self._new_frame)

    @property
    def explained(self) -> list[str]:
        """The loops in words."""
        return described(self._looped)

    @property
    def source(self) -> str:
        """The program with its loops, as comments, and its assembly."""
        return "\n".join([*[f"; {line}" for line in printed(self._looped).splitlines()], "", self._text])

    def run(self, shared: Floats | Sequence[float], samples: Sequence[Floats] = ()) -> Any:
        """The outputs as an array, or the number of the first guard that does not hold."""
        held = self._frames.take()
        held.inputs[self._inputs] = shared
        self._function(held.start, address_of(self._tables))
        if self._ask is not None:
            self._ask(held.address)
        result: Any = held.answer
        if result < 0:
            result = held.outputs[self._outputs].copy()
        self._frames.give(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result

    def _new_frame(self) -> Frame:
        nothing = np.zeros(0, np.int64)  # the program is no entry of the driver, which asks the guards only
        return Frame(new_frame(self._size, np.float64, {}), [nothing] * (BEFORE + 1), self._guards)


class _Text:
    """The text of a program, and how its memory is laid out."""

    def __init__(self, looped: Looped) -> None:
        self.library = Library()
        self.code = Code(SCALAR, self.library)
        self.function = FunctionText(SCALAR, "program", "ptr %memory, ptr %tables", linkage="")
        self.tables: list[Sequence[int]] = []
        self.size = len(looped.names)
        self._words: list[str] = []  # of operations, and of values that are none by −1 − their number
        self._others: list[str] = []
        scope = _Scope(self, looped, None)
        scope.write()
        self.outputs = self.allot(len(looped.outputs))
        for i, atom in enumerate(looped.outputs):
            self.store(scope.value(atom), self.outputs + i)
        self.guards = [
            (RELATIONS.index(relation), scope.slot(left), scope.slot(right), int(outcome))
            for relation, left, right, outcome, _ in looped.head.guards
        ]
        self.text = str(self.function)

    def allot(self, count: int) -> int:
        """The first of so many new numbers in memory."""
        self.size += count
        return self.size - count

    def named(self, word: str) -> Atom:
        """What stands in code for a value that it has not computed."""
        self._others.append(word)
        return -len(self._others)

    def word(self, atom: Atom) -> str:
        """A value as text."""
        if type(atom) is float:
            return constant(atom, SCALAR)
        return self._words[int(atom)] if atom >= 0 else self._others[-1 - int(atom)]

    def load(self, address: str | int) -> Atom:
        """A number in memory."""
        return self.named(self.function.load("double", "%memory", address))

    def store(self, atom: Atom, address: str | int) -> None:
        """Keep a value in memory."""
        self.function.store("double", self.word(atom), "%memory", address)

    def spell(self, equation: Equation, operands: Sequence[Atom]) -> Atom:
        """An equation; its value."""
        code = self.code
        found = spell(code, equation.primitive, operands)
        for i in range(len(self._words), len(code.texts)):
            if code.texts[i] != FOLLOWS:
                word = self.function.do(code.texts[i] % tuple(map(self.word, code.operands[i])))
                if i + 1 < len(code.texts) and code.texts[i + 1] == FOLLOWS:
                    pair = "{double, double}"
                    self._words += [self.function.do(f"extractvalue {pair} {word}, {j}") for j in (0, 1)]
                else:
                    self._words.append(word)
        return found


class _Scope:
    """A program or a body while it is written: the values of its inputs and places."""

    def __init__(self, text: _Text, looped: Looped, inputs: Sequence[Atom] | None, also: Sequence[int] = ()) -> None:
        self.text, self.looped = text, looped
        self.in_memory = len(looped.names) if inputs is None else 0  # inputs, at their own numbers
        self.values: dict[int, Atom] = dict(enumerate(inputs or ()))
        self.bodies: dict[int, _Scope] = {}
        self.buffers: dict[tuple[int, int], int] = {}  # (loop, equation) to addresses
        self.kept = emitted(looped, also)
        self._slots: dict[int | float | str, int] = {}
        rows: dict[int, set[Any]] = {}
        for item in looped.items:
            if type(item) is Equation and item.primitive in TURNING and type(item.operands[0]) is int:
                rows.setdefault(item.operands[0], set()).add(item.primitive)
        self._angles = {atom for atom, found in rows.items() if len(found) > 1}

    def write(self) -> None:
        """Write all items."""
        for place, item in self.looped.placed():
            if type(item) is Loop:
                self._loop(place, item)
            else:
                operands = [self.value(atom) for atom in item.operands]
                if item.primitive in TURNING and type(item.operands[0]) is int and item.operands[0] in self._angles:
                    self.text.code.angles.add(operands[0])
                self.values[place] = self.text.spell(item, operands)

    def value(self, atom: Place) -> Atom:
        """The value of an atom: after a loop, of any equation in its last trip; else from its buffer."""
        if type(atom) is float:
            return atom
        place = int(atom)
        start = self.looped.loop_at(place)
        if start is None:
            if place not in self.values:
                self.values[place] = self.text.load(place)
            return self.values[place]
        loop = self.looped.loops[start]
        trip, column = divmod(place - start, loop.body.size)
        if trip == loop.count - 1:
            return self.bodies[start].value(column + len(loop.body.names))
        return self.text.load(self.buffers[start, column] + trip)

    def slot(self, atom: Place) -> int:
        """Where an atom is in memory; values of equations are put there."""
        place = int(atom) if type(atom) is int else -1
        start = self.looped.loop_at(place)
        if start is not None:
            trip, column = divmod(place - start, self.looped.loops[start].body.size)
            if (start, column) in self.buffers:
                return self.buffers[start, column] + trip
        if 0 <= place < self.in_memory:
            return place
        key = atom if type(atom) is int else repr(atom)  # −0 is not 0
        if key not in self._slots:
            self._slots[key] = self.text.allot(1)
            self.text.store(self.value(atom), self._slots[key])
        return self._slots[key]

    def _loop(self, start: int, loop: Loop) -> None:
        text, function, kept = self.text, self.text.function, self.kept[start]
        first = len(loop.body.names)
        for column, every in kept.items():
            if every:
                self.buffers[start, column] = text.allot(loop.count)
        addresses = [self._addresses(atoms) for atoms in loop.moving]
        invariant = [self.value(atom) for atom in loop.invariant]
        begin = [text.word(self.value(atom)) for atom in loop.carried]
        with function.loop(str(loop.count)) as index:
            carried = [function.carry("double", word) for word in begin]
            moving = [text.load(self._address(each, index)) for each in addresses]
            inputs = [*invariant, *map(text.named, carried), *moving]
            body = _Scope(text, loop.body, inputs, [column + first for column in kept])
            body.write()
            self.bodies[start] = body
            for column, every in kept.items():
                if every:
                    address = function.do(f"add i64 {index}, {self.buffers[start, column]}")
                    text.store(body.value(column + first), address)
            for name, atom in zip(carried, loop.body.outputs, strict=True):
                function.pass_on(name, text.word(body.value(atom)))

    def _addresses(self, atoms: Sequence[Place]) -> tuple[int, int] | int:
        """(first, step) of a sequence in memory if it is even there, else where its table begins."""
        if type(atoms) is range:
            column = column_of(self.looped, atoms)
            if column and column[:2] in self.buffers:
                start, equation, trip, step = column
                return self.buffers[start, equation] + trip, step
            if max(atoms[0], atoms[-1]) < self.in_memory:
                return atoms[0], atoms.step
        found = [self.slot(atom) for atom in atoms]
        step = found[1] - found[0] if len(found) > 1 else 0
        if all(address == found[0] + i * step for i, address in enumerate(found)):
            return found[0], step
        table = sum(map(len, self.text.tables))
        self.text.tables.append(found)
        return table

    def _address(self, addresses: tuple[int, int] | int, index: str) -> str:
        function = self.text.function
        if type(addresses) is tuple:
            first, step = addresses
            return function.do(f"add i64 {function.do(f'mul i64 {index}, {step}')}, {first}")
        return function.load("i64", "%tables", function.do(f"add i64 {index}, {addresses}"))
