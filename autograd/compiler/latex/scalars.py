"""Equations on numbers as definitions, and loops over time as recurrences in an index t."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from autograd._numpy import np
from autograd.compiler.latex.definitions import Definition, Definitions, Key, T
from autograd.compiler.latex.names import Group, latex_name, letters, name_of
from autograd.compiler.latex.parts import at
from autograd.compiler.latex.spelling import Named, listed, simple
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom, Equation
from autograd.notation.boxes import Box, Mark, Name, Number, joined, line, shortened
from autograd.notation.terms import Operand

_SHOWN = 5  # numbers of a sequence
Where = tuple[Key, tuple[int, ...]]  # a family of numbers and the indices of one


def scalar_definitions(looped: Looped, given: Sequence[Group], results: Sequence[Group]) -> Definitions:
    """The definitions of a program, whose loops have no loops inside."""
    return _Scalars(looped, given, results).definitions()


class _Scalars:
    def __init__(self, looped: Looped, given: Sequence[Group], results: Sequence[Group]) -> None:
        self.looped, self.given, self.results = looped, given, results
        self.first = len(looped.names)
        self.start: dict[Atom, Where] = {}  # numbers that a state begins with
        taken = [latex_name(group.box) for group in given]
        fresh, inner = letters("vqr", taken), letters("usw", taken)
        self.found = Definitions(lambda each: next(fresh if each.at is None else inner))
        self.inner: Callable[[], Box] = lambda: next(inner)
        self.keys: dict[int, list[Key]] = {}  # by the first place of a loop, what its columns define
        self.shapes = [group.places.shape for group in given]
        self.inputs: dict[int, tuple[int, tuple[int, ...]]] = {}
        for number, group in enumerate(given):
            for index, place in np.ndenumerate(group.places):
                self.inputs[int(place)] = number, index

    def definitions(self) -> Definitions:
        first = set()
        for place, item in self.looped.placed():
            if type(item) is Loop:
                self._loop(place, item)
            else:
                assert isinstance(item, Equation)
                self.found.add(Definition(place, simple(item.primitive, [self.term(each) for each in item.operands])))
                first.add(place)
        self.found.first = frozenset(first)
        for group in self.results:
            for output in group.places.ravel():
                name = name_of([group], output.reshape(1))
                assert name is not None
                self.found.results.append((name, self.term(self.looped.outputs[int(output)])))
        return self.found

    def term(self, atom: Atom) -> Operand:
        """A number of the program: an input, an equation, or one of a trip of a loop, counted from 1."""
        if type(atom) is not int:
            return float(atom)
        if atom < self.first:
            number, index = self.inputs[atom]
            start = self.given[number].start
            return Named(None, self._element(number, [Number(str(i + start)) for i in index]))
        key, trips = self.where(atom)
        return Named(key, at=Number(str(trips[0])) if trips else None)

    def where(self, place: int) -> Where:
        """The family that a number belongs to."""
        if place < self.first:
            number, index = self.inputs[place]
            return ("input", number), index
        start = self.looped.loop_at(place)
        if start is None:
            return place, ()
        trip, column = divmod(place - start, self.looped.loops[start].body.size)
        return self.keys[start][column], (trip + 1,)

    def _element(self, number: int, index: Sequence[Box]) -> Box:
        kept = [each for each, size in zip(index, self.shapes[number], strict=True) if size > 1]
        return at(self.given[number].box, joined(kept, ",") if kept else None)

    # --- loops --------------------------------------------------------------------------------------------------------

    def _loop(self, start: int, loop: Loop) -> None:
        """The numbers that it begins with, and its equations."""
        body, beside = loop.body, _trips(loop.count)
        inner = len(body.names)
        columns: list[Key] = [(start, j) for j in range(body.size)]
        self.keys[start] = columns
        states: list[Key] = []
        for i, atom in enumerate(body.outputs):
            is_first = type(atom) is int and atom >= inner and atom not in body.outputs[:i]
            states.append(columns[atom - inner] if is_first and type(atom) is int else (start, "state", i))
        for key, atom in zip(states, loop.carried, strict=True):
            self.found.names[key] = self.inner()
            self.found.add(Definition(key, self.term(atom), Number("0"), is_kept=True))
        terms: list[Operand] = [self.term(atom) for atom in loop.invariant]
        terms += [Named(key, at=line(T, "−", Number("1"))) for key in states]
        for key, atom in zip(states, loop.carried, strict=True):
            self.start.setdefault(atom, (key, (0,)))
        for j, atoms in enumerate(loop.moving):
            terms.append(self._moving((start, "moving", j), atoms, beside))
        asked = self._asked(start, loop)
        for j, (_, item) in enumerate(body.placed()):
            assert isinstance(item, Equation)
            operands = [terms[x] if type(x) is int else float(x) for x in item.operands]
            kept = columns[j] in states or j in asked
            if kept and columns[j] not in self.found.names:
                self.found.names[columns[j]] = self.inner()
            self.found.add(Definition(columns[j], simple(item.primitive, operands), T, beside, is_kept=kept))
            terms.append(Named(columns[j], at=T))
        for key, atom in zip(states, body.outputs, strict=True):  # what the body gives back unchanged
            if key not in columns:
                term = terms[atom] if type(atom) is int else float(atom)
                self.found.add(Definition(key, term, T, beside, is_kept=True))

    def _asked(self, start: int, loop: Loop) -> set[int]:
        """Columns of a loop that something outside looks at."""
        atoms = [atom for _, item in self.looped.placed() for atom in _outer(item)]
        places = [
            atom for atom in (*atoms, *self.looped.outputs) if type(atom) is int and start <= atom < start + loop.size
        ]
        return {(place - start) % loop.body.size for place in places}

    def _moving(self, key: Key, atoms: Sequence[Atom], beside: Box) -> Operand:
        """What is another number in each trip: one with an index that goes along, else a sequence of its own."""
        if len(set(map(repr, atoms))) == 1:
            return self.term(atoms[0])
        for use_start in (False, True):
            found = self._along(atoms, use_start)
            if found is not None:
                return found
        shown = [self.term(atom) for atom in [*atoms[: _SHOWN - 1], *atoms[-1:]]] if len(atoms) > _SHOWN else []
        dots = Named(None, Mark("…"))
        parts = [*shown[:-1], dots, *shown[-1:]] if shown else [self.term(atom) for atom in atoms]
        self.found.names[key] = self.inner()
        self.found.add(Definition(key, listed(parts), T, beside, is_kept=True))
        return Named(key, at=T)

    def _along(self, atoms: Sequence[Atom], use_start: bool) -> Operand | None:
        """The number of a family whose indices are linear in t."""
        if not all(type(atom) is int for atom in atoms):
            return None
        found = [self.start[a] if use_start and a in self.start else self.where(int(a)) for a in atoms]
        (key, first), (_, second) = found[:2]
        if not first or any(each != key for each, _ in found):
            return None
        steps = [b - a for a, b in zip(first, second, strict=True)]
        for t, (_, index) in enumerate(found):
            if any(i != a + t * d for i, a, d in zip(index, first, steps, strict=True)):
                return None
        boxes = [_linear(a - d, d) for a, d in zip(first, steps, strict=True)]
        if isinstance(key, tuple) and key[0] == "input":
            start = self.given[int(key[1])].start
            boxes = [_linear(a - d + start, d) for a, d in zip(first, steps, strict=True)]
            return Named(None, self._element(int(key[1]), boxes))
        return Named(key, at=boxes[0])


def _outer(item: Equation | Loop) -> Iterator[Atom]:
    yield from item.atoms() if type(item) is Loop else item.operands


def _linear(a: int, d: int) -> Box:
    """a + d t."""
    if d == 0:
        return Number(str(a))
    size: Box = T if abs(d) == 1 else line(Number(str(abs(d))), T)
    if d < 0:
        return line(Number(str(a)), "−", size)
    return size if a == 0 else line(size, "+" if a > 0 else "−", Number(str(abs(a))))


def _trips(trips: int) -> Box:
    return line(Name("t"), "=", joined(shortened([Number(str(i)) for i in range(1, trips + 1)], 3, "…"), ","))
