"""Divide a program of a batch: first what all samples share, then what differs from sample to sample; loops in two.

A loop of which only a part differs becomes a loop of what is shared, and one that reads its numbers trip by trip: so
the states that a Jacobian is taken along are computed once, whatever the number of seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from autograd.compiler.loops.loop import Loop, Looped, atoms_in, evenly
from autograd.compiler.loops.prune import DEAD, Item, Live, moved_item
from autograd.compiler.lower import identifiers
from autograd.compiler.program import Atom, Program, moved_to


class Divided(NamedTuple):
    """A program in which places from `boundary` on, and those of batched inputs, differ from sample to sample."""

    looped: Looped
    boundary: int

    def is_shared(self, place: int) -> bool:
        """Whether all samples have the same number there."""
        head = self.looped.head
        return place < self.boundary and not (place < len(head.names) and place in head.batched)


def divided(looped: Looped) -> Divided:
    """The program with its items in that order, and no loop that is partly shared.

    >>> from autograd.compiler.loops.printing import printed
    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import mul, sin
    >>> body = Looped(Program(("w", "x"), (), (), (3,)), (Equation(sin, (0,)), Equation(mul, (2, 1))))
    >>> head = Program(("w", "x"), (), (), (21,), batched=(1,))
    >>> print(printed(divided(Looped(head, (Loop(body, 10, (0,), (1,), ()),))).looped))
    program(w, x):
        t2s = []
        for i in range(10):
            t2 = sin(w)
            t2s.append(t2)
        x_ = x
        for i_ in range(10):
            r_0 = t2s[i_]
            t12 = mul(r_0, x_)
            x_ = t12
        return x_
    """
    flags = _flags(looped)
    moved: list[Atom] = [*range(len(looped.names)), *[DEAD] * looped.size]
    items: list[Item] = []
    boundary = end = len(looped.names)
    for side in (0, 1):
        for place, item in looped.placed():
            body = item.body.size if type(item) is Loop else 1
            columns = [column for column in range(body) if flags[place + column] == side]
            if not columns:
                continue
            whole = len(columns) == body
            piece = _part(item, place, flags, side) if type(item) is Loop and not whole else item
            items.append(moved_item(piece, moved))
            size = piece.size if type(piece) is Loop else 1
            last = place + (item.size if type(item) is Loop else 1)
            for number, column in enumerate(columns):
                moved[place + column : last : body] = range(end + number, end + size, len(columns))
            end += size
        boundary = boundary if side else end
    guards = []
    for guard in looped.head.guards:
        left, right = moved_to((guard.left, guard.right), moved)
        guards.append(guard._replace(left=left, right=right))
    head = replace(looped.head, guards=tuple(guards), outputs=moved_to(looped.outputs, moved), adjoints=())
    return Divided(Looped(head, tuple(items)), boundary)


def _flags(looped: Looped) -> bytearray:
    """For each place whether it differs from sample to sample."""
    flags = bytearray(len(looped.names) + looped.size)
    for place in looped.head.batched:
        flags[place] = 1
    for place, item in looped.placed():
        if type(item) is Loop:
            given = [_any(atoms, flags) for atoms in _inputs(item)]
            flags[place : place + item.size] = bytes(_body_flags(item, given)[len(given) :]) * item.count
        else:
            flags[place] = _any(item.operands, flags)
    return flags


def _body_flags(loop: Loop, given: Sequence[bool]) -> bytearray:
    """The same for the places of a body, whatever the trip."""
    body, fixed = loop.body, len(loop.invariant)
    flags = bytearray(given)
    while True:
        found = flags[: len(given)]
        for item in body.items:
            atoms = item.atoms() if type(item) is Loop else item.operands
            found += bytes([_any(atoms, found)]) * (item.size if type(item) is Loop else 1)
        flags = found[:]
        for i, atom in enumerate(body.outputs, fixed):
            flags[i] |= _any((atom,), found)
        if flags == found:
            return found


def _any(atoms: Iterable[Atom], flags: bytearray) -> bool:
    return any(type(atom) is int and flags[atom] for atom in atoms)


def _inputs(loop: Loop) -> Iterator[Sequence[Atom]]:
    """For each input of the body what it looks at outside."""
    yield from [(atom,) for atom in (*loop.invariant, *loop.carried)]
    yield from loop.moving


def _part(loop: Loop, start: int, flags: bytearray, side: int) -> Loop:
    """The loop of the equations of one side, by the places outside that there were."""
    body, inputs, fixed = loop.body, len(loop.body.names), len(loop.invariant)
    given = [_any(atoms, flags) for atoms in _inputs(loop)]
    inside = _body_flags(loop, given)
    items = [(place, item) for place, item in body.placed() if inside[place] == side]
    carried = [i for i in range(fixed, fixed + len(loop.carried)) if inside[i] == side]
    outputs = [body.outputs[i - fixed] for i in carried]
    own = {each for place, item in items for each in range(place, place + (item.size if type(item) is Loop else 1))}
    read = {*_places(outputs)}.union(*[_places(_atoms(item)) for _, item in items]) - own - {*carried}
    live = Live(items, inputs + body.size, [*own])

    def rank(place: int) -> int:
        return 1 if place in carried else 0 if place < fixed else 2

    def outside(place: int) -> Sequence[Atom]:
        if place >= inputs:
            return range(start + place - inputs, start + place - inputs + loop.size, body.size)
        if place >= fixed + len(loop.carried):
            return loop.moving[place - fixed - len(loop.carried)]
        return evenly(atoms_in(loop, start, place))

    kept = sorted([*read, *carried], key=lambda place: (rank(place), place))
    names = identifiers([body.names[place] if place < inputs else f"r_{place - inputs}" for place in kept])
    new, moved = live.renumbered(kept)
    return Loop(
        Looped(Program(tuple(names), (), (), moved_to(outputs, moved)), new),
        loop.count,
        tuple([loop.invariant[place] for place in kept if rank(place) == 0]),
        tuple([loop.carried[i - fixed] for i in carried]),
        tuple([outside(place) for place in kept if rank(place) == 2]),
    )


def _atoms(item: Item) -> Iterable[Atom]:
    return item.atoms() if type(item) is Loop else item.operands


def _places(atoms: Iterable[Atom]) -> Iterable[int]:
    return [atom for atom in atoms if type(atom) is int]
