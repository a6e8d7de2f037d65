"""The loop that goes through another one backwards.

Trip after trip from the last one, its body is the chain rule through the body of the forward loop. It

    carries    the adjoints of what the forward loop carries, and sums for those of its invariant inputs
    reads      the numbers of the forward loop that partials need, of the same trip: its inputs and its equations'
    gives      the adjoints of the moving inputs, one for each trip

Where there are many invariant inputs, and more than trips, as weights of an RNN are, their adjoints are not carried,
but summed after the loop, as products of what each trip gives: δ Xᵀ for all trips at once.

The numbers of the forward loop are read where it has left them, not computed again: that costs a load of memory, while
computing them once more would be up to half as much again for a body of matrices. Only those that a partial asks for
have to be kept. But where the body has loops itself, it is computed again, from what is carried into the trip: else
the numbers of every inner trip would be inputs of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd import rules
from autograd.compiler.loops.flow import OUTPUT, Contributions, LoopedFlow, LoopWriter
from autograd.compiler.loops.influence import Influence
from autograd.compiler.loops.loop import Loop, Looped, atom_in, evenly
from autograd.compiler.loops.prune import Live
from autograd.compiler.lower import identifiers
from autograd.compiler.program import Atom, Program, moved_to
from autograd.compiler.symbols import Symbol
from autograd.derivative import adjoints

MANY = 256  # invariant inputs, and more than there are trips: their derivatives are products after the loop


def backward(
    flow: LoopedFlow, start: int, loop: Loop, seeds: Mapping[int, Any], behind: bool
) -> tuple[Contributions, bool]:
    """Write the loop backwards for the one at place `start`, given the adjoints of its places, counted from there.

    What comes back are the adjoints of the atoms that it looks at, and whether there are gates in its body. Then
    the adjoints of later trips come through gates, which the body that was made first does not know.
    """
    made = _Body(flow, loop, seeds, behind)
    if made.writer.gates and not behind:
        made = _Body(flow, loop, seeds, True)
    return list(_placed(flow.writer, loop, start, made)), bool(made.writer.gates)


class _Body:
    """The body of a backward loop: inputs and places of the forward body, then adjoints, seeds and sums, then its own.

    `carried`, `invariant` and `moving` are those inputs of the forward body whose adjoints it computes; `products` are
    (input, partial, adjoint) for invariant ones that are summed after the loop.
    """

    def __init__(self, flow: LoopedFlow, loop: Loop, seeds: Mapping[int, Any], behind: bool) -> None:
        self.loop, body, inputs = loop, loop.body, len(loop.body.names)
        self.seeds = _by_column(seeds, body.size)
        influence = Influence(loop)
        varied = influence.of([i for i, atoms in enumerate(_atoms(loop)) if not flow.varied.isdisjoint(_places(atoms))])
        useful = influence.on([inputs + column for column in self.seeds])
        wanted = [i for i in range(inputs) if i in varied and i in useful]
        fixed = len(loop.invariant)
        invariant = [i for i in wanted if i < fixed]
        is_after = len(invariant) > max(MANY, loop.count) or len(invariant) * loop.count <= flow.gathered
        self.invariant = [] if is_after else invariant
        self.carried = [i for i in wanted if fixed <= i < fixed + len(loop.carried)]
        self.moving = [i for i in wanted if i >= fixed + len(loop.carried)]
        self.first_adjoints = [self._at_last(i) for i in self.carried]
        self.first = inputs + body.size  # of its own inputs
        self.sums = self.first + len(self.carried) + len(self.seeds)
        self.writer = LoopWriter(body, self.sums + len(self.invariant) - self.first)
        behind = behind or self._has_gaps()
        known = adjoints(OUTPUT, wanted, LoopedFlow(body, self._seeds(), wanted, self.writer, backward, behind))
        self.outputs = [known.get(i, 0.0) for i in self.carried]
        for place, i in enumerate(self.invariant, self.sums):
            total = Symbol(self.writer, place)
            self.outputs.append(rules.add(total, known[i]) if i in known else total)
        self.given = [known.get(i, 0.0) for i in self.moving]
        after = [i for i in invariant[len(self.invariant) :] if i in known]
        self.products = [(i, *pair) for i in after for pair in self._pairs(self.writer.atom(known[i]))]

    def _pairs(self, atom: Atom) -> list[tuple[Atom, Atom]]:
        """The products that a number is the sum of."""
        if type(atom) is int and atom >= self.writer.builder.first:
            row, operands = self.writer.builder.equations[atom - self.writer.builder.first]
            n = len(operands) // 2
            if row is rules.mul:
                return [(operands[0], operands[1])]
            if row is rules.dot and operands[-1] == 0.0 and type(operands[-1]) is float:
                return list(zip(operands[:n], operands[n:-1], strict=True))
        return [(1.0, atom)]

    def _at_last(self, i: int) -> Any:
        """The adjoint of what is carried after the last trip, taken from the seeds if no other trip has one there."""
        atom, last = self._output(i), self.loop.count - 1
        column = int(atom) - len(self.loop.body.names) if type(atom) is int else -1
        if list(self.seeds.get(column, ())) == [last]:
            return self.seeds.pop(column)[last]
        return 0.0

    def _has_gaps(self) -> bool:
        """Whether in some trips an adjoint is 0 since nothing arrives: it has to stay 0, whatever the partials are."""
        every = all(len(trips) == self.loop.count for trips in self.seeds.values())
        return not every or any(type(adjoint) is float and not adjoint for adjoint in self.first_adjoints)

    def _output(self, i: int) -> Atom:
        """What a carried input is in the next trip."""
        return self.loop.body.outputs[i - len(self.loop.invariant)]

    def _seeds(self) -> list[tuple[int, Any]]:
        """Where the adjoints come in that are carried, and those that each trip is given."""
        seeded = [*map(self._output, self.carried), *[len(self.loop.body.names) + column for column in self.seeds]]
        return [(x, Symbol(self.writer, i)) for i, x in enumerate(seeded, self.first) if type(x) is int]


def _placed(writer: LoopWriter, loop: Loop, start: int, made: _Body) -> Iterator[tuple[int, Any, Any]]:
    """Place the loop, and hand on the adjoints that its last trip carries and those that each trip gives."""
    outputs, given = (list(map(made.writer.atom, each)) for each in (made.outputs, made.given))
    inputs = _Inputs(loop, start, made, writer.atom)
    factors = dict.fromkeys([atom for _, *pair in made.products for atom in pair])
    inside = [atom for atom in factors if type(atom) is int and not inputs.is_outside(atom)]
    again = loop.body.placed() if loop.body.loops else ()
    live = Live([*again, *made.writer.placed()], made.writer.end, (*outputs, *given, *inside))
    kept = [place for place in range(made.writer.builder.first) if live.flags[place] or inputs.is_carried(place)]
    if loop.body.loops:
        kept = [place for place in kept if place < inputs.inputs or place >= made.first]
    kept.sort(key=inputs.rank)
    items, moved = live.renumbered(kept)
    head = Program(tuple(identifiers(map(inputs.name, kept))), (), (), moved_to(outputs, moved))
    result = Loop(Looped(head, items), loop.count, *inputs.atoms(kept))
    at = writer.place(result) if items else 0
    outer, trips = list(_atoms(loop)), range(loop.count - 1, -1, -1)

    def known(trip: int, atom: Atom) -> Any:
        return _symbol(writer, atom_in(result, at, trip, atom))

    for i, atom in zip((*made.carried, *made.invariant), head.outputs, strict=True):
        for place in _places(outer[i]):
            yield place, 1.0, known(loop.count - 1, atom)
    for i, atom in zip(made.moving, moved_to(given, moved), strict=True):
        for trip, moving in zip(trips, outer[i], strict=True):
            if type(moving) is int:
                yield moving, 1.0, known(trip, atom)
    columns = {
        atom: [_symbol(writer, each) for each in inputs.outside(int(atom))]
        if type(atom) is int and inputs.is_outside(atom)
        else [known(trip, *moved_to((atom,), moved)) for trip in reversed(trips)]
        for atom in factors
    }
    for i, partial, adjoint in made.products:
        for place in _places(outer[i]):
            yield from [(place, *pair) for pair in zip(columns[partial], columns[adjoint], strict=True)]


def _symbol(writer: LoopWriter, atom: Atom) -> Any:
    return Symbol(writer, atom) if type(atom) is int else atom


class _Inputs:
    """What the inputs of a backward body are outside, by their places there."""

    def __init__(self, loop: Loop, start: int, made: _Body, atom: Callable[[Any], Atom]) -> None:
        self.loop, self.start, self.made, self.atom = loop, start, made, atom
        self.inputs = len(loop.body.names)
        self.seeds = list(made.seeds.values())

    def is_carried(self, place: int) -> bool:
        made = self.made
        return made.first <= place < made.first + len(made.carried) or place >= made.sums

    def is_outside(self, place: int) -> bool:
        """Whether it is what the forward loop or something else has left, trip by trip."""
        return place < self.made.writer.builder.first and not self.is_carried(place)

    def outside(self, place: int) -> Sequence[Atom]:
        """What it is in each trip, from the last one of the forward loop to the first."""
        fixed = place < len(self.loop.invariant)
        return (self.loop.invariant[place],) * self.loop.count if fixed else self._backwards(place)

    def rank(self, place: int) -> int:
        """0 for invariant inputs, 1 for what is carried, and 2 for moving inputs."""
        return 1 if self.is_carried(place) else 0 if place < len(self.loop.invariant) else 2

    def atoms(self, kept: Sequence[int]) -> tuple[tuple[Atom, ...], tuple[Atom, ...], tuple[Sequence[Atom], ...]]:
        """Invariant, carried and moving atoms of the loop."""
        carried = (*map(self.atom, self.made.first_adjoints), *[0.0] * len(self.made.invariant))
        invariant = [self.loop.invariant[place] for place in kept if self.rank(place) == 0]
        return tuple(invariant), carried, tuple([self._backwards(place) for place in kept if self.rank(place) == 2])

    def _backwards(self, place: int) -> Sequence[Atom]:
        """The atoms of a moving input, from the last trip to the first."""
        loop, start, size, count = self.loop, self.start, self.loop.body.size, self.loop.count
        if place >= self.made.first:
            seeds = self.seeds[place - self.made.first - len(self.made.carried)]
            return evenly([self.atom(seeds.get(trip, 0.0)) for trip in range(count - 1, -1, -1)])
        if place >= self.inputs:
            column = start + place - self.inputs
            return range(column + (count - 1) * size, column - size, -size)
        if place >= len(loop.invariant) + len(loop.carried):
            return loop.moving[place - len(loop.invariant) - len(loop.carried)][::-1]
        return evenly([atom_in(loop, start, trip, place) for trip in range(count - 1, -1, -1)])

    def name(self, place: int) -> str:
        names, made = self.loop.body.names, self.made
        if place < self.inputs:
            return names[place]
        if place < made.first:
            return f"r_{place - self.inputs}"
        if place >= made.sums:
            return f"d{names[made.invariant[place - made.sums]]}"
        i = place - made.first
        return f"d{names[made.carried[i]]}" if i < len(made.carried) else f"seed_{i - len(made.carried)}"


def _by_column(seeds: Mapping[int, Any], size: int) -> dict[int, dict[int, Any]]:
    """For each equation of a body that has adjoints given, these by trip."""
    found: dict[int, dict[int, Any]] = {}
    for place, adjoint in sorted(seeds.items(), key=lambda each: each[0]):
        trip, column = divmod(place, size)
        found.setdefault(column, {})[trip] = adjoint
    return found


def _atoms(loop: Loop) -> Iterator[Sequence[Atom]]:
    """For each input of the body what it looks at outside."""
    yield from [(atom,) for atom in (*loop.invariant, *loop.carried)]
    yield from loop.moving


def _places(atoms: Sequence[Atom]) -> Sequence[int]:
    return atoms if type(atoms) is range else [atom for atom in atoms if type(atom) is int]
