"""Programs with loops as text: `for i in range(1000): …`.

Inputs keep their names, the equation of place 7 is t7, in a loop that of its first trip. What a loop carries has the
names of its body's inputs, also after it; what it keeps of each trip are lists: t7s for t7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from autograd.compiler.loops.emitted import Kept, column_of, emitted
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom, Guard
from autograd.primitive import Primitive

Statement = Callable[[Primitive, str, Sequence[str]], Sequence[str]]
Wrapped = Callable[[str, Sequence[str], str], Sequence[str]]
INDENT = "    "
SHOWN = 8  # atoms of a sequence that is not even


def printed(looped: Looped) -> str:
    """The program as text, equations with the names of their rows.

    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (1, 0)),))
    >>> print(printed(Looped(Program(("x", "w"), (), (), (11, 4)), (Loop(body, 10, (1,), (0,), ()),))))
    program(x, w):
        x_ = x
        t2s = []
        for i in range(10):
            t2 = mul(x_, w)
            t2s.append(t2)
            x_ = t2
        return x_, t2s[2]
    """
    writing = Writing(looped, _call, _line)
    lines = [*writing.lines(), *[writing.guard(each) for each in looped.head.guards]]
    lines.append(f"return {', '.join(map(writing.text, looped.outputs))}")
    return "\n".join([f"program({', '.join(looped.names)}):", *[INDENT + line for line in lines]])


def _call(row: Primitive, target: str, operands: Sequence[str]) -> Sequence[str]:
    return [f"{target} = {row.name}({', '.join(operands)})"]


def _line(start: str, words: Sequence[str], end: str) -> Sequence[str]:
    if len(words) > SHOWN and start.endswith("["):
        words = [*words[:SHOWN], "…"]
    return [f"{start}{', '.join(words)}{end}"]


def described(looped: Looped, outer: str = "") -> list[str]:
    """The loops in words, each with those inside it.

    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (1, 0)),))
    >>> described(Looped(Program(("x", "w"), (), (), (11,)), (Loop(body, 10, (1,), (0,), ()),)))
    ['loop: 10 trips of 1 equation, which carry 1 number from each to the next']
    """
    lines = []
    for loop in looped.loops.values():
        equations, numbers = loop.body.size, len(loop.carried)
        lines.append(
            f"loop{outer}: {loop.count} trips of {equations} equation{'s' * (equations != 1)}, "
            f"which carry {numbers} number{'s' * (numbers != 1)} from each to the next"
        )
        lines += described(loop.body, " in it")
    return lines


class Writing:
    """The lines of a program or of a body. `inputs` are its inputs as text, `base` is the number of its first place."""

    def __init__(
        self,
        looped: Looped,
        statement: Statement,
        wrapped: Wrapped,
        outer: Writing | None = None,
        inputs: Sequence[str] = (),
        base: int = 0,
        also: Iterable[int] = (),
    ) -> None:
        self.looped, self.statement, self.wrapped, self.outer = looped, statement, wrapped, outer
        self.inputs = inputs if outer else looped.names
        self.base = base if outer else len(looped.names)
        self.taken: set[str] = outer.taken if outer else set(looped.names)
        self.kept = emitted(looped, also)
        self.loops = looped.loops
        self.bodies: dict[int, Writing] = {}  # of the loops that are written
        self.carried: dict[int, list[str]] = {}  # their names

    def text(self, atom: Atom) -> str:
        """An atom as text, where it is known."""
        if type(atom) is float:
            return repr(atom)
        place, first = int(atom), len(self.looped.names)
        if place < first:
            return self.inputs[place]
        start = self.looped.loop_at(place)
        if start is None:
            return f"t{self.base + place - first}"
        loop, body = self.loops[start], self.bodies[start]
        trip, column = divmod(place - start, loop.body.size)
        inner = column + len(loop.body.names)
        if trip < loop.count - 1:
            return f"{body.list_of(column)}[{trip}]"
        outputs = [each if type(each) is int else -1 for each in loop.body.outputs]
        return self.carried[start][outputs.index(inner)] if inner in outputs else body.text(inner)

    def list_of(self, column: int) -> str:
        """The list that keeps an equation of this body for all trips."""
        place = column + len(self.looped.names)
        nested, writing = 1, self
        while (start := writing.looped.loop_at(place)) is not None:
            loop = writing.loops[start]
            place = len(loop.body.names) + (place - start) % loop.body.size
            writing, nested = writing.bodies.get(start, _named(writing, loop, start)), nested + 1
        return f"t{self.base + column}{'s' * nested}"

    def guard(self, guard: Guard) -> str:
        """A guard as text."""
        left, right = self.text(guard.left), self.text(guard.right)
        asked = f"truth of {left}" if guard.relation == "truth" else f"{left} {guard.relation} {right}"
        return f"guard {asked} is {guard.outcome}  # {guard.where}"

    def lines(self) -> Iterator[str]:
        """All items."""
        for place, item in self.looped.placed():
            if type(item) is Loop:
                yield from self._loop(place, item, self.kept[place])
            else:
                row, operands = item
                yield from self.statement(row, self.text(place), list(map(self.text, operands)))

    def _loop(self, start: int, loop: Loop, kept: Kept) -> Iterator[str]:
        names = loop.body.names
        carried = list(map(self._fresh, names[len(loop.invariant) : len(loop.invariant) + len(loop.carried)]))
        moving = list(map(self._fresh, names[len(names) - len(loop.moving) :]))
        index = self._fresh("i")
        first, inner = len(self.looped.names), len(names)
        inputs = [*map(self.text, loop.invariant), *carried, *moving]
        also = [column + inner for column in kept]
        body = Writing(loop.body, self.statement, self.wrapped, self, inputs, self.base + start - first, also)
        sequences = list(self._sequences(loop, moving, index))
        self.bodies[start], self.carried[start] = body, carried
        lists = {body.list_of(column): column + inner for column, every in kept.items() if every}
        for before, _ in sequences:
            yield from before
        yield from self._assigned(carried, list(map(self.text, loop.carried)))
        yield from [f"{name} = []" for name in lists]
        yield f"for {index} in range({loop.count}):"
        for _, line in sequences:
            yield INDENT + line
        for line in body.lines():
            yield INDENT + line
        for name, place in lists.items():
            yield f"{INDENT}{name}.append({body.text(place)})"
        for line in self._assigned(carried, list(map(body.text, loop.body.outputs))):
            yield INDENT + line

    def _assigned(self, names: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
        """Several at once, since one may be what another one was."""
        if names:
            yield from self.wrapped(f"{', '.join(names)} = ", texts, "")

    def _sequences(self, loop: Loop, names: Sequence[str], index: str) -> Iterator[tuple[list[str], str]]:
        """For each moving input the lines before the loop, and the line that takes its number in each trip."""
        for name, atoms in zip(names, loop.moving, strict=True):
            even = self._even(atoms, index)
            if even:
                yield [], f"{name} = {even}"
            else:
                whole = self._fresh(f"{name}s")
                yield list(self.wrapped(f"{whole} = [", list(self._pieces(atoms)), "]")), f"{name} = {whole}[{index}]"

    def _even(self, atoms: Sequence[Atom], index: str) -> str:
        if type(atoms) is not range:
            return ""
        if self.outer is None and max(atoms[0], atoms[-1]) < len(self.looped.names):
            return f"inputs[{linear(atoms[0], atoms.step, index)}]"
        column = column_of(self.looped, atoms)
        if column is None:
            return ""
        start, equation, trip, step = column
        return f"{self.bodies[start].list_of(equation)}[{linear(trip, step, index)}]"

    def _pieces(self, atoms: Sequence[Atom]) -> Iterator[str]:
        """A sequence as text, pieces of lists as slices."""

        def sort(indexed: tuple[int, Atom]) -> tuple[int, int, int]:
            i, atom = indexed
            start = self.looped.loop_at(atom) if type(atom) is int else None
            if start is None or type(atom) is not int:
                return -1, i, 0
            trip, column = divmod(atom - start, self.loops[start].body.size)
            way = -1 if len(atoms) > 1 and _falls(atoms) else 1
            return start, column, trip - way * i

        for (start, column, _), group in groupby(enumerate(atoms), sort):
            found = [atom for _, atom in group if type(atom) is int]
            if start < 0 or len(found) < 3:
                yield from map(self.text, [atoms[column]] if start < 0 else found)
            else:
                size = self.loops[start].body.size
                first, last = ((place - start) // size for place in (found[0], found[-1]))
                name = self.bodies[start].list_of(column)
                yield f"*{name}[{first}:{last + 1}]" if last > first else f"*{name}[{first}::-1][:{len(found)}]"

    def _fresh(self, wish: str) -> str:
        name = wish
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def _named(writing: Writing, loop: Loop, start: int) -> Writing:
    return Writing(loop.body, writing.statement, writing.wrapped, writing)


def _falls(atoms: Sequence[Atom]) -> bool:
    places = [atom for atom in (*atoms[:2], *atoms[-2:]) if type(atom) is int]
    return len(places) > 1 and places[0] > places[1]


def linear(first: int, step: int, index: str) -> str:
    """first + step · index.

    >>> linear(0, 1, "i"), linear(5, 2, "i"), linear(9, -1, "i")
    ('i', '5 + 2 * i', '9 - i')
    """
    product = index if abs(step) == 1 else f"{abs(step)} * {index}"
    if step < 0:
        return f"{first} - {product}"
    return f"{first} + {product}" if first else product
