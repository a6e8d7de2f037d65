"""The text of programs with loops over time: straight lines of numbers or vectors, and loops of LLVM around them.

All numbers that outlive their trip are in one memory: the inputs, the outputs, a buffer for each equation that a loop
keeps of all trips, and slots for what moving operands look at besides. A moving operand reads it at an even distance,
or else where a table says. So the text has the size of the bodies, whatever their counts.

With a batch there are two functions. `program` computes what all samples share, on single numbers. Its memory is the
beginning of that of `tile`, with each number in all lanes, where the rest is computed, a sample in each lane.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import rules
from autograd.compiler.llvm.code import Atom
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.loop_rows import INLINE
from autograd.compiler.llvm.packing import Placed, packs
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.compiler.llvm.time_function import Text
from autograd.compiler.loops.divide import divided
from autograd.compiler.loops.emitted import column_of, emitted
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom as Place
from autograd.compiler.program import Equation

TURNING = (rules.sin, rules.cos)
UNPACKED = (rules.pow_,)  # rows of which constant operands decide how they are computed
PACKED = 5000  # equations of a body with vectors: LLVM then looks at all instructions at once, in more than linear time
Addresses = tuple[int, int] | int
"""(first, step) of a sequence in memory if it is even there, else where its table begins."""


@dataclass
class Texts:
    """The functions of a program; how many slots the memories of both have, and where in them things are.

    tables   the numbers at which uneven sequences are, as moving operands want them
    guards   the slots of both sides of each guard, in the memory of what is shared
    at       the slot of the tile's memory where its tables are said to be; the batched inputs follow
    outputs  the first slot of the outputs: of the tile, if there is one
    """

    library: Library
    texts: list[str]
    sizes: list[int]
    tables: list[int]
    guards: list[tuple[int, int]]
    at: int
    outputs: int


def texts_of(looped: Looped, kind: Kind, vector: Kind, sums: bool) -> Texts:
    """The text of a program on numbers and vectors of these kinds; with `sums`, outputs are added up in their slots."""
    library, tables = Library(), list[int]()
    made = divided(looped) if looped.head.batched else None
    looped = made.looped if made else looped
    text = Text(FunctionText(kind, "program", "ptr %memory, ptr %tables", linkage=""), vector, library, tables)
    inputs = looped.head.shared
    text.allot(len(inputs))
    shared = Scope(text, looped, dict(zip(inputs, range(len(inputs)), strict=True)))
    shared.write(lambda place: made is None or place < made.boundary)
    guards = [(shared.slot(each.left), shared.slot(each.right)) for each in looped.head.guards]
    if made is None:
        first = text.allot(len(looped.outputs))
        _store(shared, looped.outputs, first, False)
        return Texts(library, [str(text.function)], [text.size], tables, guards, 0, first)
    for place, item in looped.placed():
        if place >= made.boundary:
            shared.export(item, made.is_shared)
    shared.export(Equation(rules.total, looped.outputs), made.is_shared)
    at = text.size
    other = Text(FunctionText(vector, "tile", "ptr %memory", linkage=""), vector, library, tables, at + 1)
    other.function.add(f"%tables.at = getelementptr {vector.type}, ptr %memory, i64 {at}")
    other.function.add("%tables = load ptr, ptr %tables.at")
    batched = {place: other.allot(1) for place in looped.head.batched}
    scope = Scope(other, looped, batched, shared)
    first = other.allot(len(looped.outputs))
    scope.write(lambda place: place >= made.boundary)
    _store(scope, looped.outputs, first, sums)
    return Texts(library, [str(text.function), str(other.function)], [at, other.size], tables, guards, at, first)


def _store(scope: Scope, outputs: Sequence[Place], first: int, sums: bool) -> None:
    text = scope.text
    for address, atom in enumerate(outputs, first):
        value = scope.value(atom)
        if sums:
            sum_ = f"fadd {text.kind.type} {text.word(text.load(address))}, {text.word(value)}"
            value = text.named(text.function.do(sum_))
        text.store(value, address)


class Scope:
    """A program or a body while it is written: the values of its inputs and places.

    The inputs are values, or `addresses` in memory. What `shared` has, and all others, are slots of the same memory.
    """

    def __init__(
        self,
        text: Text,
        looped: Looped,
        addresses: Mapping[int, int],
        shared: Scope | None = None,
        inputs: Sequence[Atom] = (),
        also: Sequence[int] = (),
    ) -> None:
        self.text, self.looped, self.addresses, self.shared = text, looped, addresses, shared
        self.values: dict[int, Atom] = dict(enumerate(inputs))
        self.packs = bool(inputs) and text.kind.lanes == 1 and len(looped.items) <= PACKED  # a body of single numbers
        self.bodies: dict[int, Scope] = {}
        self.buffers: dict[tuple[int, int], int] = {}  # (loop, equation) to addresses
        self.kept = emitted(looped, also)
        self._slots: dict[int | float | str, int] = {}
        rows: dict[int, set[Any]] = {}
        for item in looped.items:
            if type(item) is Equation and item.primitive in TURNING and type(item.operands[0]) is int:
                rows.setdefault(item.operands[0], set()).add(item.primitive)
        self._angles = {atom for atom, found in rows.items() if len(found) > 1}

    def write(self, wanted: Callable[[int], bool] = lambda place: True) -> None:
        """Write the items whose first places are wanted."""
        waiting: list[Placed] = []
        for place, item in self.looped.placed():
            if not wanted(place):
                continue
            if type(item) is Loop:
                self._equations(waiting)
                waiting = []
                self._loop(place, item)
            else:
                waiting.append((place, item))
        self._equations(waiting)

    def _equations(self, items: Sequence[Placed]) -> None:
        for name, pack in packs(items, self._function):
            if len(pack) > 1 and name:
                self._together(name, pack)
            else:
                for place, equation in pack:
                    self._equation(place, equation)

    def _function(self, equation: Equation) -> str:
        """The function that is worth calling for several equations together; "" if there is none."""
        name = equation.primitive.name
        if not self.packs or equation.primitive in UNPACKED or name in INLINE or name not in FUNCTIONS:
            return ""
        return "sin_cos" if self._turns(equation) else name

    def _turns(self, equation: Equation) -> bool:
        """Whether both the sine and the cosine of its angle are wanted."""
        return equation.primitive in TURNING and equation.operands[0] in self._angles

    def _equation(self, place: int, equation: Equation) -> None:
        operands = [self.value(atom) for atom in equation.operands]
        if self._turns(equation):
            self.text.code.angles.add(operands[0])
        self.values[place] = self.text.spell(equation, operands)

    def _together(self, name: str, pack: Sequence[Placed]) -> None:
        different = {str(equation.operands): equation.operands for _, equation in pack}  # −0 is not 0
        operands = [[self.value(atom) for atom in each] for each in different.values()]
        found = dict(zip(different, self.text.together(name, operands), strict=True))
        for place, equation in pack:
            results = found[str(equation.operands)]
            self.values[place] = results[name == "sin_cos" and equation.primitive is rules.cos]

    def export(self, item: Equation | Loop, is_shared: Callable[[int], bool]) -> None:
        """Put what an item of another text looks at into memory."""
        sequences = [item.invariant, item.carried, *item.moving] if type(item) is Loop else [item.operands]
        for atoms in sequences:
            column = column_of(self.looped, atoms) if type(atoms) is range else None
            if column is None or column[:2] not in self.buffers:
                for atom in atoms:
                    if type(atom) is int and is_shared(atom):
                        self.slot(atom)

    def value(self, atom: Place) -> Atom:
        """The value of an atom: after a loop, of any equation in its last trip; else from its buffer."""
        if type(atom) is float:
            return atom
        place = int(atom)
        start = self.looped.loop_at(place)
        if start in self.bodies:
            loop = self.looped.loops[start]
            trip, column = divmod(place - start, loop.body.size)
            if trip == loop.count - 1:
                return self.bodies[start].value(column + len(loop.body.names))
            return self.text.load(self.buffers[start, column] + trip)
        if place not in self.values:
            self.values[place] = self.text.load(self.slot(place))
        return self.values[place]

    def slot(self, atom: Place) -> int:
        """Where an atom is in memory; values of equations are put there."""
        place = int(atom) if type(atom) is int else -1
        if place in self.addresses:
            return self.addresses[place]
        if self.shared and place >= 0 and self._is_elsewhere(place):
            return self.shared.slot(place)
        start = self.looped.loop_at(place)
        if start is not None:
            trip, column = divmod(place - start, self.looped.loops[start].body.size)
            if (start, column) in self.buffers:
                return self.buffers[start, column] + trip
        key = atom if type(atom) is int else repr(atom)  # −0 is not 0
        if key not in self._slots:
            self._slots[key] = self.text.allot(1)
            self.text.store(self.value(atom), self._slots[key])
        return self._slots[key]

    def _is_elsewhere(self, place: int) -> bool:
        start = self.looped.loop_at(place)
        return place not in self.values if start is None else start not in self.bodies

    def _loop(self, start: int, loop: Loop) -> None:
        text, function, kept = self.text, self.text.function, self.kept[start]
        first = len(loop.body.names)
        for column, every in kept.items():
            if every:
                self.buffers[start, column] = text.allot(loop.count)
        addresses = [self.sequence(atoms) for atoms in loop.moving]
        invariant = [self.value(atom) for atom in loop.invariant]
        begin = [text.word(self.value(atom)) for atom in loop.carried]
        with function.loop(str(loop.count)) as index:
            carried = [function.carry(text.kind.type, word) for word in begin]
            moving = [text.load(self._address(each, index)) for each in addresses]
            inputs = [*invariant, *map(text.named, carried), *moving]
            body = Scope(text, loop.body, {}, None, inputs, [column + first for column in kept])
            body.write()
            self.bodies[start] = body
            for column, every in kept.items():
                if every:
                    address = function.do(f"add i64 {index}, {self.buffers[start, column]}")
                    text.store(body.value(column + first), address)
            for name, atom in zip(carried, loop.body.outputs, strict=True):
                function.pass_on(name, text.word(body.value(atom)))

    def sequence(self, atoms: Sequence[Place]) -> Addresses:
        """Where the atoms of a moving operand are in memory."""
        if type(atoms) is range:
            column = column_of(self.looped, atoms)
            of = self if column is None or column[:2] in self.buffers else self.shared
            if column and of and column[:2] in of.buffers:
                start, equation, trip, step = column
                return of.buffers[start, equation] + trip, step
        found = [self.slot(atom) for atom in atoms]
        step = found[1] - found[0] if len(found) > 1 else 0
        if all(address == found[0] + i * step for i, address in enumerate(found)):
            return found[0], step
        self.text.tables += found
        return len(self.text.tables) - len(found)

    def _address(self, addresses: Addresses, index: str) -> str:
        function = self.text.function
        if type(addresses) is tuple:
            first, step = addresses
            return function.do(f"add i64 {function.do(f'mul i64 {index}, {step}')}, {first}")
        return function.load("i64", "%tables", function.do(f"add i64 {index}, {addresses}"))
