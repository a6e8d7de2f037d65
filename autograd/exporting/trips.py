"""Programs with loops over time, or with none, as statements: a number for each equation, a loop for each loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import starmap

from autograd import rules
from autograd.compiler.loops.emitted import Kept, emitted
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom, Equation
from autograd.compiler.vector.recover import recover
from autograd.errors import CompileError
from autograd.exporting.arrays import Arrays
from autograd.exporting.columns import Columns, pieces
from autograd.exporting.copying import assign
from autograd.exporting.joint import sharing, write_joint
from autograd.exporting.late import Late, bounded_inputs, late_products
from autograd.exporting.operands import Region, linear
from autograd.exporting.spelling import FOLDED, expression, is_called, sum_of
from autograd.exporting.steps import fold
from autograd.exporting.writing import Lines
from autograd.primitive import Primitive

TERMS = 16  # of a sum in one statement
JOINT = 100  # groups that are written out; more would be much code
BODY = 400  # operands of a body, from which on it is written as steps on arrays


class Trips:
    """Writes a program, or the body of a loop. `inputs` gives its inputs as text.

    used    how many numbers of the work array `w` are taken, in all of the function
    """

    def __init__(
        self, to: Lines, looped: Looped, inputs: Callable[[int], str], exact: bool, outer: Trips | None = None,
        also: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.to, self.looped, self.inputs, self.exact = to, looped, inputs, exact
        self.root: Trips = outer.root if outer else self
        self.is_outermost = outer is None
        self.kept = emitted(looped, also)
        self.columns = Columns(to, looped, self._taken)
        self.late: Late = {}
        self.bodies: dict[int, Trips] = {}
        self.carried: dict[int, list[str]] = {}
        self.texts: dict[int, str] = {}
        self.even: Callable[[range, str], str] = lambda places, index: ""
        if outer is None:
            self.used = 0
            self.names = 0

    # --- atoms --------------------------------------------------------------------------------------------------------

    def text(self, atom: Atom) -> str:
        """An atom as an expression that may stand anywhere."""
        if type(atom) is float:
            return self.to.language.literal(atom)
        place = int(atom)
        if place < len(self.looped.names):
            return self.inputs(place)
        start = self.looped.loop_at(place)
        if start is None:
            return self.texts[place]
        loop = self.looped.loops[start]
        trip, column = divmod(place - start, loop.body.size)
        if (start, column) in self.columns:
            return self.columns.at(start, column, trip)
        inner = column + len(loop.body.names)
        outputs = [each if type(each) is int else -1 for each in loop.body.outputs]
        return self.carried[start][outputs.index(inner)]

    def _name(self, letter: str) -> str:
        self.root.names += 1
        return f"{letter}{self.root.names}"

    def _taken(self, count: int) -> int:
        self.root.used += count
        return self.root.used - count

    # --- items --------------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """All equations and loops."""
        together = self._together()
        for place, item in self.looped.placed():
            if type(item) is Loop:
                self._loop(place, item, self.kept[place])
            elif place in self.late:
                continue
            elif place in together:
                self._joint(together[place], item.operands)
            else:
                row, operands = item
                self.texts[place] = self._equation(row, operands)

    def _together(self) -> dict[int, dict[int, Primitive]]:
        """Groups of equations of the same operands that share something, by each of their places."""
        called = {
            place: item for place, item in self.looped.placed() if type(item) is Equation and is_called(item.primitive)
        }
        keys = [(tuple(map(repr, item.operands)), item.primitive, place) for place, item in called.items()]
        groups = sharing(self.to.file, keys)
        rows = [{place: called[place].primitive for place in group} for group in groups[:JOINT]]
        return {place: group for group in rows for place in group}

    def _joint(self, group: Mapping[int, Primitive], operands: Sequence[Atom]) -> None:
        """Write a group where the first of it is."""
        if not self.texts.keys().isdisjoint(group):
            return
        self.texts |= {place: self._name("t") for place in group}
        results = [self.texts[place] for place in group]
        for name in results:
            self.to.variable(name, self.to.language.literal(0.0))
        write_joint(self.to, list(group.values()), list(map(self.text, operands)), results)

    def _equation(self, row: Primitive, operands: Sequence[Atom]) -> str:
        if row is rules.dot:
            half = len(operands) // 2
            pairs = zip(operands[:half], operands[half:-1], strict=True)
            return self._sum(self.text(operands[-1]), list(starmap(self._pair, pairs)))
        texts = self._pair(*operands) if row is rules.mul else list(map(self.text, operands))
        if row is rules.total:
            one = self.to.language.literal(1.0)
            return self._sum(self.to.language.literal(0.0), [(one, text) for text in texts])
        name = self._name("t")
        if row in FOLDED:
            self._fold(name, row, texts)
        else:
            self.to.constant(name, expression(self.to.file, row, texts, self.exact))
        return name

    def _pair(self, w: Atom, x: Atom) -> tuple[str, str]:
        """Two factors, the constant of a late product with the other one."""
        for early, late in ((w, x), (x, w)):
            if type(late) is int and late in self.late:
                constant, rest = self.late[late]
                name = self._name("t")
                self.to.constant(name, f"{self.to.language.literal(constant)} * {self.text(early)}")
                return name, self.text(rest)
        return self.text(w), self.text(x)

    def _sum(self, start: str, pairs: Sequence[tuple[str, str]]) -> str:
        language = self.to.language
        if start == language.literal(0.0) and pairs and not self.exact:
            start = ""
        for i in range(0, max(len(pairs), 1), TERMS):
            name = self._name("t")
            self.to.constant(name, sum_of(start, pairs[i : i + TERMS], language.literal(1.0)))
            start = name
        return start

    def _fold(self, name: str, row: Primitive, texts: Sequence[str]) -> None:
        if row is rules.hypot and self.exact:
            raise CompileError(
                f"hypot is computed by an algorithm of Python's own, whose bits {self.to.language.name} does not have; "
                "export without exact=True"
            )
        index, items = (texts[:1], texts[1:]) if row is rules.pick else ((), texts)
        first = self._taken(len(items))
        for i, text in enumerate(items):
            self.to.add(f"w[{first + i}] = {text};")
        self.to.variable(name, self.to.language.literal(0.0))
        with self.to.block():
            fold(self.to, row, name, index, len(items), lambda k: f"w[{linear(first, [(1, k)])}]")

    # --- loops --------------------------------------------------------------------------------------------------------

    def _loop(self, start: int, loop: Loop, kept: Kept) -> None:
        if not self.exact and not loop.body.loops and loop.body.written > BODY:
            self._array_loop(start, loop, kept)
        else:
            self._number_loop(start, loop, kept)

    def _array_loop(self, start: int, loop: Loop, kept: Kept) -> None:
        """A loop whose body is a vector program: its inputs, its results and its own numbers are in w."""
        body, to, fixed, carries = loop.body, self.to, len(loop.invariant), len(loop.carried)
        names, columns = len(body.names), sorted(kept)
        outputs = (*body.outputs, *[column + names for column in columns])
        equations = tuple([each for each in body.items if isinstance(each, Equation)])
        vectors = recover(replace(body.head, equations=equations, outputs=outputs))
        given, results = self._taken(names), self._taken(len(outputs))
        arrays = Arrays(
            to, vectors, [Region("w", 0, names, given)], Region("w", 0, 0, results), self.root.used
        )  # fmt: skip
        self._taken(arrays.files.size)
        for column in columns:
            self.columns.add(start, column)
        begun = [self.text(atom) for atom in (*loop.invariant, *loop.carried)]
        assign(to, [(f"w[{given + i}]", text) for i, text in enumerate(begun)])
        index = self._name("i")
        moving = [self._moving(atoms, index) for atoms in loop.moving]
        with to.loop(loop.count, index):
            assign(to, [(f"w[{i}]", text) for i, text in enumerate(moving, given + fixed + carries)])
            arrays.write()
            keeps = [self.columns.at(start, column, index) for column in columns]
            assign(to, [(text, f"w[{i}]") for i, text in enumerate(keeps, results + carries)])
            if carries:
                with to.loop(carries) as k:
                    to.add(f"w[{linear(given + fixed, [(1, k)])}] = w[{linear(results, [(1, k)])}];")
        self.carried[start] = [f"w[{given + fixed + i}]" for i in range(carries)]

    def _number_loop(self, start: int, loop: Loop, kept: Kept) -> None:
        body_names, to = len(loop.body.names), self.to
        fixed, carries = len(loop.invariant), len(loop.carried)
        carried = [self._name("c") for _ in loop.carried]
        outputs = [each for each in loop.body.outputs if type(each) is int]
        for column, every in kept.items():
            if every or column + body_names not in outputs:
                self.columns.add(start, column)
        for name, atom in zip(carried, loop.carried, strict=True):
            to.variable(name, self.text(atom))
        index = self._name("i")
        moving = [self._moving(atoms, index) for atoms in loop.moving]
        given = [*map(self.text, loop.invariant), *carried, *[f"m{index}_{j}" for j in range(len(moving))]]
        looked_at = [column + body_names for column in kept]
        body = Trips(to, loop.body, given.__getitem__, self.exact, self, looked_at)
        if not self.exact:
            bounded = bounded_inputs(self.looped, loop)
            body.late = late_products(loop.body, range(fixed, fixed + carries), looked_at, bounded)
        with to.loop(loop.count, index):
            for j, text in enumerate(moving):
                to.constant(given[fixed + carries + j], text)
            body.write()
            for column in kept:
                if (start, column) in self.columns:
                    to.add(f"{self.columns.at(start, column, index)} = {body.text(column + body_names)};")
            self._carry(carried, [body.text(atom) for atom in loop.body.outputs])
        self.bodies[start], self.carried[start] = body, carried

    def _carry(self, names: Sequence[str], texts: Sequence[str]) -> None:
        """Assign all at once: what is read after it is overwritten gets a copy."""
        changed = [(name, text) for name, text in zip(names, texts, strict=True) if name != text]
        written: set[str] = set()
        copies: dict[str, str] = {}
        for name, text in changed:
            if text in written and text not in copies:
                copies[text] = self._name("t")
            written.add(name)
        for text, copy in copies.items():
            self.to.constant(copy, text)
        for name, text in changed:
            self.to.add(f"{name} = {copies.get(text, text)};")

    def _moving(self, atoms: Sequence[Atom], index: str) -> str:
        """What a sequence of atoms gives in a trip; one that is not even is copied to w, or is a table."""
        if text := self._even(atoms, index) if type(atoms) is range else self.columns.begun(atoms, index, self.text):
            return text
        if all(type(atom) is float for atom in atoms):
            table = self.to.file.table([float(atom) for atom in atoms])
            return f"{table}[{index}]"
        first = self._taken(len(atoms))
        at = first
        for piece in pieces(atoms):
            if len(piece) > 3 and (
                text := self._even(range(piece[0], piece[-1] + piece[1] - piece[0], piece[1] - piece[0]), "k")
            ):
                with self.to.loop(len(piece), "k"):
                    self.to.add(f"w[{linear(at, [(1, 'k')])}] = {text};")
            else:
                assign(self.to, [(f"w[{at + i}]", self.text(atom)) for i, atom in enumerate(piece)])
            at += len(piece)
        return f"w[{linear(first, [(1, index)])}]"

    def _even(self, places: range, index: str) -> str:
        names = len(self.looped.names)
        if max(places[0], places[-1]) < names:
            return self.even(places, index)
        return self.columns.even(places, index)
