"""Programs with loops: a sequence of equations and loops, with the places of the program without loops.

    looped  ::= inputs item* guard* outputs
    item    ::= equation | loop
    loop    ::= "for" count "trips" invariant carried moving body
    body    ::= inputs item* outputs            the inputs are invariant, then carried, then moving

An input of the body is in trip t

    invariant   the loop's atom
    carried     what the body's output of the same number was in trip t − 1; in trip 0 the loop's atom
    moving      the atom t of a sequence, a `range` of places wherever these are evenly spaced

A loop takes as many places as its equations in all trips: equation j of the body is, in trip t of a loop that begins
at place S with a body of p places, the place S + t p + j. So whatever comes later refers to any number of any trip, as
if the equations were written out, and nothing has to be renumbered: `unrolled` writes them out. Which numbers a loop
has to keep for later follows from who looks at them: see `Emitted`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar, final

from autograd.compiler.program import Atom, Equation, Program, moved_to
from autograd.errors import CompileError
from autograd.primitive import Primitive

T = TypeVar("T")


@dataclass(frozen=True)
class Looped:
    """A program with loops. `head` is the program without its equations: names, guards, outputs and so on.

    >>> from autograd.rules import mul, sin
    >>> step = Equation(mul, (1, 0)), Equation(sin, (2,))
    >>> body = Looped(Program(("w", "x"), (), (), (3,)), step)
    >>> looped = Looped(Program(("x", "w"), (), (), (7,)), (Loop(body, 3, (1,), (0,), ()),))
    >>> print(unrolled(looped))
    program(x, w):
        t2 = mul(x, w)
        t3 = sin(t2)
        t4 = mul(t3, w)
        t5 = sin(t4)
        t6 = mul(t5, w)
        t7 = sin(t6)
        return t7
    """

    head: Program
    items: tuple[Equation | Loop, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return self.head.names

    @property
    def outputs(self) -> tuple[Atom, ...]:
        """The atoms that it gives back."""
        return self.head.outputs

    @cached_property
    def size(self) -> int:
        """The number of its equations, those of loops in all trips."""
        return sum([item.size if type(item) is Loop else 1 for item in self.items])

    @cached_property
    def written(self) -> int:
        """The operands of its equations, those of loops in one trip: how much there is to build."""
        return sum([item.body.written if type(item) is Loop else len(item.operands) for item in self.items])

    @cached_property
    def loops(self) -> dict[int, Loop]:
        """The loops by their first places, in order."""
        return {place: item for place, item in self.placed() if type(item) is Loop}

    @cached_property
    def _starts(self) -> list[int]:
        return list(self.loops)

    @cached_property
    def _ends(self) -> list[int]:
        return [start + loop.size for start, loop in self.loops.items()]

    def loop_at(self, place: int) -> int | None:
        """The first place of the loop that a place is in; None if it is in none."""
        i = bisect_right(self._starts, place) - 1
        return self._starts[i] if i >= 0 and place < self._ends[i] else None

    def placed(self) -> Iterator[tuple[int, Equation | Loop]]:
        """The items, each with its first place."""
        place = len(self.names)
        for item in self.items:
            yield place, item
            place += item.size if type(item) is Loop else 1


@final
@dataclass(frozen=True)
class Loop:
    """A body that is run `count` times."""

    body: Looped
    count: int
    invariant: tuple[Atom, ...]
    carried: tuple[Atom, ...]  # before the first trip
    moving: tuple[Sequence[Atom], ...]  # `count` atoms each

    @property
    def size(self) -> int:
        """The number of its equations in all trips."""
        return self.count * self.body.size

    def atoms(self) -> Iterator[Atom]:
        """All atoms outside that it refers to."""
        return chain(self.invariant, self.carried, *self.moving)

    def given(self, trip: int, carried: Sequence[T], at: Callable[[Sequence[Atom]], Sequence[T]]) -> list[T]:
        """The inputs of the body in a trip, where `at` gives what outer atoms stand for."""
        return [*at(self.invariant), *carried, *at([atoms[trip] for atoms in self.moving])]


def evenly(atoms: Sequence[Atom]) -> Sequence[Atom]:
    """The atoms as a `range` if they are evenly spaced places, else as a tuple.

    >>> evenly([3, 5, 7]), evenly([3, 5, 8])
    (range(3, 9, 2), (3, 5, 8))
    """
    found = tuple(atoms)
    if len(found) > 1 and float not in map(type, found):
        first, second = int(found[0]), int(found[1])
        if first != second:
            even = range(first, first + (second - first) * len(found), second - first)
            if tuple(even) == found:
                return even
    return found


# --- meaning ----------------------------------------------------------------------------------------------------------


def unrolled(looped: Looped) -> Program:
    """The program with all its loops written out."""
    first = len(looped.names)
    equations: list[Equation] = []

    def write(row: Primitive, operands: Sequence[Atom]) -> Atom:
        equations.append(Equation(row, tuple(operands)))
        return first + len(equations) - 1

    _run(looped.items, list(range(first)), write, moved_to)
    return replace(looped.head, equations=tuple(equations))


def interpret(looped: Looped, inputs: Sequence[float]) -> list[float]:
    """The number of every place: what `program.interpret` gives for the program with its loops written out.

    >>> from autograd.rules import add
    >>> body = Looped(Program(("y", "x"), (), (), (2,)), (Equation(add, (1, 0)),))
    >>> interpret(Looped(Program(("x", "y"), (), (), (3,)), (Loop(body, 2, (1,), (0,), ()),)), [1.0, 2.0])
    [1.0, 2.0, 3.0, 5.0]
    """
    numbers = list(inputs)
    _run(looped.items, numbers, lambda row, operands: float(row.value(*operands)), moved_to)
    return numbers


def _run(
    items: Sequence[Equation | Loop],
    values: list[Any],
    apply: Callable[[Primitive, Sequence[Any]], Any],
    at: Callable[[Sequence[Atom], list[Any]], Sequence[Any]],
) -> None:
    """Append to the values of the inputs those of the items, made by `apply`."""
    for item in items:
        if type(item) is Loop:
            inputs, carried = len(item.body.names), at(item.carried, values)
            for trip in range(item.count):
                inner = item.given(trip, carried, lambda atoms: at(atoms, values))
                _run(item.body.items, inner, apply, at)
                values.extend(inner[inputs:])
                carried = at(item.body.outputs, inner)
        else:
            row, operands = item
            values.append(apply(row, at(operands, values)))


def atom_in(loop: Loop, start: int, trip: int, atom: Atom) -> Atom:
    """What an atom of the body is in a trip, outside, where the loop begins at place `start`.

    >>> from autograd.rules import add
    >>> body = Looped(Program(("x", "y"), (), (), (2, 0)), (Equation(add, (0, 1)),))
    >>> loop = Loop(body, 9, (), (0, 5.0), ())
    >>> [atom_in(loop, 1, trip, 1) for trip in (0, 1, 2, 3)]
    [5.0, 0, 1, 2]
    """
    names, fixed = len(loop.body.names), len(loop.invariant)
    carried, outputs = range(fixed, fixed + len(loop.carried)), loop.body.outputs
    while type(atom) is int and atom in carried:
        after = outputs[atom - fixed]
        if trip == 0 or (type(after) is int and after == atom):  # 0.0 is not place 0
            return loop.carried[atom - fixed]
        trip, atom = trip - 1, after
    if type(atom) is float:
        return atom
    place = int(atom)
    if place >= names:
        return start + trip * loop.body.size + place - names
    return loop.invariant[place] if place < fixed else loop.moving[place - carried.stop][trip]


def atoms_in(loop: Loop, start: int, atom: Atom) -> Sequence[Atom]:
    """The same in all trips.

    >>> from autograd.rules import add
    >>> body = Looped(Program(("x", "y"), (), (), (2, 0)), (Equation(add, (0, 1)),))
    >>> atoms_in(Loop(body, 4, (), (0, 5.0), ()), 1, 1)
    (5.0, 0, 1, 2)
    """
    names, fixed = len(loop.body.names), len(loop.invariant)
    carried, outputs = range(fixed, fixed + len(loop.carried)), loop.body.outputs
    before: list[Atom] = []  # in the first trips
    while type(atom) is int and atom in carried and len(before) < loop.count:
        after = outputs[atom - fixed]
        before.append(loop.carried[atom - fixed])
        if type(after) is int and after == atom:
            return (*before, *before[-1:] * (loop.count - len(before)))
        atom = after
    left = loop.count - len(before)
    if type(atom) is float or not left:
        return (*before, *[atom] * left)
    place, size = int(atom), loop.body.size
    if place >= names:
        return (*before, *range(start + place - names, start + place - names + left * size, size))
    return (*before, *([loop.invariant[place]] * left if place < fixed else loop.moving[place - carried.stop][:left]))


# --- checker ----------------------------------------------------------------------------------------------------------


def check(looped: Looped) -> Looped:
    """The looped program itself, if it is well formed; CompileError names what is not.

    >>> from autograd.rules import neg
    >>> body = Looped(Program(("x",), (), (), (1,)), (Equation(neg, (0,)),))
    >>> check(Looped(Program(("x",), (), (), (1,)), (Loop(body, 2, (), (5,), ()),)))
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: the loop at t1 uses t5, which is not defined before it
    """
    if looped.head.equations:
        raise CompileError("the head of a program with loops has equations of its own")
    for place, item in looped.placed():
        if type(item) is Loop:
            _check_loop(looped, item, place)
        else:
            _check_atoms(looped.head, item.operands, place, f"t{place} = {item.primitive.name}(…)")
    end = len(looped.names) + looped.size
    _check_atoms(looped.head, looped.outputs, end, "the result")
    for guard in looped.head.guards:
        _check_atoms(looped.head, guard.places, end, f"the guard of {guard.where}")
    return looped


def _check_loop(looped: Looped, loop: Loop, place: int) -> None:
    what, body = f"the loop at t{place}", loop.body
    if loop.count < 1 or not body.items:
        raise CompileError(f"{what} has nothing to do: {loop.count} trips of {len(body.items)} items")
    if len(body.names) != len(loop.carried) + len(loop.invariant) + len(loop.moving):
        raise CompileError(f"{what} does not give its body the {len(body.names)} inputs that it has")
    if len(body.outputs) != len(loop.carried):
        raise CompileError(f"{what} carries {len(loop.carried)} numbers, but its body gives {len(body.outputs)}")
    if body.head.guards or body.head.batched:
        raise CompileError(f"{what} has guards or samples in its body")
    for atoms in loop.moving:
        if len(atoms) != loop.count:
            raise CompileError(f"{what} has {loop.count} trips, but {len(atoms)} atoms for one of its inputs")
    for atoms in (loop.invariant, loop.carried, *map(_ends, loop.moving)):
        _check_atoms(looped.head, atoms, place, what)
    check(body)


def _ends(atoms: Sequence[Atom]) -> Sequence[Atom]:
    return (atoms[0], atoms[-1]) if type(atoms) is range else atoms


def _check_atoms(head: Program, atoms: Sequence[Atom], end: int, what: str) -> None:
    for atom in atoms:
        if type(atom) is not float and not (type(atom) is int and 0 <= atom < end):
            raise CompileError(f"{what} uses {head.name(atom)}, which is not defined before it")
