"""What a loop has to keep: the numbers of its trips that something outside looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom

Kept = dict[int, bool]
"""For each equation of a body that is looked at from outside whether it is in other trips than the last."""


def emitted(looped: Looped, also: Iterable[int] = ()) -> dict[int, Kept]:
    """For each loop, by its first place, what it has to keep; `also` are places that are looked at besides.

    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import add
    >>> body = Looped(Program(("y", "x"), (), (), (3,)), (Equation(add, (1, 0)), Equation(add, (2, 0))))
    >>> emitted(Looped(Program(("x", "y"), (), (), (7, 4)), (Loop(body, 3, (1,), (0,), ()),)))
    {2: {0: True, 1: False}}
    """
    found: dict[int, Kept] = {place: {} for place in looped.loops}
    if not found:
        return found
    guarded = [place for guard in looped.head.guards for place in guard.places]
    places = set[int]()
    for atoms in (*_atoms(looped), looped.outputs, guarded, tuple(also)):
        places.update(_places(looped, atoms))
    for place in sorted(places):
        start = looped.loop_at(place)
        if start is not None:
            loop = looped.loops[start]
            trip, column = divmod(place - start, loop.body.size)
            found[start][column] = found[start].get(column, False) or trip < loop.count - 1
    return found


def _atoms(looped: Looped) -> Iterator[Sequence[Atom]]:
    for item in looped.items:
        if type(item) is Loop:
            yield from (item.invariant, item.carried, *item.moving)
        else:
            yield item.operands


def _places(looped: Looped, atoms: Sequence[Atom]) -> Iterable[int]:
    """The places among some atoms; of a range within one equation of a loop the first and the last."""
    if type(atoms) is range and column_of(looped, atoms):
        return (atoms[0], atoms[-1])
    return [atom for atom in atoms if type(atom) is int]


def column_of(looped: Looped, places: range) -> tuple[int, int, int, int] | None:
    """(loop, equation, trip, step) of a range of places of one equation of one loop; None if it is no such range."""
    start = looped.loop_at(places[0])
    if start is None or start != looped.loop_at(places[-1]):
        return None
    size = looped.loops[start].body.size
    if places.step % size:
        return None
    trip, column = divmod(places[0] - start, size)
    return start, column, trip, places.step // size
