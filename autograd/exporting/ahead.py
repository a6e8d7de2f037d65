"""What a later loop computes of numbers of an earlier one, computed there where it shares something: see `joint`.

A forward loop has tanh(z) or sin(q) of each trip, and the backward loop the derivative at the same numbers. With both
in the forward loop an exp, or the reduction of an angle, is done once; what the loop keeps is the derivative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from autograd.compiler.loops.emitted import emitted
from autograd.compiler.loops.loop import Loop, Looped, atom_in, atoms_in
from autograd.compiler.loops.prune import DEAD, Item, Live, moved_item
from autograd.compiler.program import Atom, Equation, moved_to
from autograd.exporting.joint import sharing
from autograd.exporting.spelling import is_called
from autograd.exporting.writing import File


class _Source(NamedTuple):
    """An equation that is added to an earlier loop, and whether the later one wants it in the opposite order."""

    start: int
    equation: Equation
    backwards: bool


@dataclass
class _Change:
    """What becomes of a loop: equations that it gets, and places of its body that are inputs instead."""

    added: list[Equation] = field(default_factory=list)
    given: dict[int, _Source] = field(default_factory=dict)


def computed_ahead(file: File, looped: Looped) -> Looped:
    """The program with derivatives and the like in the loops that compute what they are of."""
    changes: dict[int, _Change] = defaultdict(_Change)
    for start, place, source in _found(file, looped):
        changes[start].given[place] = source
        if source.equation not in changes[source.start].added:
            changes[source.start].added.append(source.equation)
    return _Changed(looped, changes).program() if changes else looped


# --- what there is to compute ahead -----------------------------------------------------------------------------------


def _found(file: File, looped: Looped) -> Iterator[tuple[int, int, _Source]]:
    """Loops, places in their bodies, and what gives these."""
    kept = emitted(looped)
    earlier: dict[tuple[int, frozenset[str]], list[tuple[int, Equation]]] = defaultdict(list)
    for start, loop in looped.loops.items():
        names = len(loop.body.names)
        for place, equation in _calls(loop):
            moving = int(equation.operands[0]) - len(loop.invariant) - len(loop.carried)
            if 0 <= moving < len(loop.moving) and place - names not in kept[start] and place not in loop.body.outputs:
                atoms = loop.moving[moving]
                for other, first in earlier[loop.count, frozenset(map(repr, (atoms[0], atoms[-1])))]:
                    backwards = _backwards(looped, other, int(first.operands[0]), atoms)
                    pair = [("", first.primitive, 0), ("", equation.primitive, 1)]
                    if backwards is not None and sharing(file, pair):
                        yield start, place, _Source(other, Equation(equation.primitive, first.operands), backwards)
                        break
        for _, equation in _calls(loop):
            ends = [atom_in(loop, start, trip, equation.operands[0]) for trip in (0, loop.count - 1)]
            earlier[loop.count, frozenset(map(repr, ends))].append((start, equation))


def _calls(loop: Loop) -> Iterator[tuple[int, Equation]]:
    """Functions of one number in a body, with their places."""
    if not loop.body.loops:
        for place, item in loop.body.placed():
            if type(item) is Equation and is_called(item.primitive) and list(map(type, item.operands)) == [int]:
                yield place, item


def _backwards(looped: Looped, start: int, operand: int, atoms: Sequence[Atom]) -> bool | None:
    """Whether atoms are what an operand of a loop is in all trips, from the last one on; None if they are not."""
    loop = looped.loops[start]
    of_trips = list(map(repr, atoms_in(loop, start, operand)))
    found = list(map(repr, atoms))
    return False if found == of_trips else True if found[::-1] == of_trips else None


# --- the changed program ----------------------------------------------------------------------------------------------


class _Changed:
    """Writes the program again, loop after loop; `moved` says where the places outside of bodies have gone."""

    def __init__(self, looped: Looped, changes: Mapping[int, _Change]) -> None:
        self.looped, self.changes, self.kept = looped, changes, emitted(looped)
        self.moved: list[Atom] = list(range(len(looped.names)))
        self.items: list[Item] = []
        self._end = len(looped.names)
        self._columns: dict[tuple[int, Equation], range] = {}  # where the added equations are

    def program(self) -> Looped:
        """All of it."""
        for place, item in self.looped.placed():
            if type(item) is Loop and place in self.changes:
                self._loop(place, item, self.changes[place])
            else:
                self.items.append(moved_item(item, self.moved))
                size = item.size if type(item) is Loop else 1
                self.moved += range(self._end, self._end + size)
                self._end += size
        outputs = moved_to(self.looped.outputs, self.moved)
        return Looped(replace(self.looped.head, outputs=outputs, adjoints=()), tuple(self.items))

    def _loop(self, start: int, loop: Loop, change: _Change) -> None:
        body, names, fixed = loop.body, len(loop.body.names), len(loop.invariant) + len(loop.carried)
        sources = list(dict.fromkeys(change.given.values()))
        inputs = range(names + body.size, names + body.size + len(sources))
        added = range(inputs.stop, inputs.stop + len(change.added))
        there: list[Atom] = list(range(added.stop))
        for place, source in change.given.items():
            there[place] = inputs[sources.index(source)]
        items = [(place, moved_item(item, there)) for place, item in body.placed() if place not in change.given]
        items += [(place, moved_item(each, there)) for place, each in zip(added, change.added, strict=True)]
        wanted = [*moved_to(body.outputs, there), *[column + names for column in self.kept[start]], *added]
        live = Live(items, added.stop, wanted)
        moving = [i for i in range(fixed, names) if live.flags[i]]
        kept_items, inner = live.renumbered([*range(fixed), *moving, *inputs])
        outputs = moved_to(moved_to(body.outputs, there), inner)
        texts = (*body.names[:fixed], *[body.names[i] for i in moving], *[f"ahead{i}" for i in range(len(sources))])
        made = Looped(replace(body.head, names=texts, outputs=outputs), kept_items)
        given = [self._columns[each.start, each.equation][:: -1 if each.backwards else 1] for each in sources]
        outer = moved_item(replace(loop, moving=tuple([loop.moving[i - fixed] for i in moving])), self.moved)
        assert type(outer) is Loop
        self.items.append(replace(outer, body=made, moving=(*outer.moving, *given)))
        self._placed(loop, made, inner)
        for place, equation in zip(added, change.added, strict=True):
            first = self._end + int(inner[place]) - len(texts)
            self._columns[start, equation] = range(first, first + loop.count * made.size, made.size)
        self._end += loop.count * made.size

    def _placed(self, loop: Loop, made: Looped, inner: Sequence[Atom]) -> None:
        """Note where the equations of a loop have gone in all trips."""
        before, after = len(loop.body.names), len(made.names)
        columns = [int(each) - after if type(each) is int else DEAD for each in inner[before : before + loop.body.size]]
        for trip in range(loop.count):
            begin = self._end + trip * made.size
            self.moved += [begin + column if type(column) is int else DEAD for column in columns]
