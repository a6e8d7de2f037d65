"""The loop that goes through another one backwards.

Trip after trip from the last one, its body is the chain rule through the body of the forward loop. It

    carries    the adjoints of what the forward loop carries, and sums for those of its invariant inputs
    reads      the numbers of the forward loop that partials need, of the same trip: its inputs and its equations'
    gives      the adjoints of the moving inputs, one for each trip

Where there are gates in the body, or in some trips nothing flows, it also carries what says so (see gates.py), for each
adjoint that it carries, if anything asks.

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

from autograd.compiler.loops.backward_body import Body, atoms_of, places_in
from autograd.compiler.loops.flow import Contribution, LoopedFlow, LoopWriter
from autograd.compiler.loops.loop import Loop, Looped, atom_in, atoms_in, evenly
from autograd.compiler.loops.prune import Live
from autograd.compiler.lower import identifiers
from autograd.compiler.program import Atom, Program, moved_to
from autograd.compiler.symbols import Symbol


def backward(flow: LoopedFlow, start: int, loop: Loop, seeds: Mapping[int, Any]) -> Sequence[Contribution]:
    """Write the loop backwards for the one at place `start`, given the adjoints of its places, counted from there.

    What comes back are the adjoints of the atoms that it looks at.
    """
    flows = {place: flow.indicator(start + place) for place in seeds}
    behind = any(type(each) is not float for each in flows.values())
    made = Body(flow, loop, seeds, flows, behind)
    if (made.writer.gates or made.ends) and not made.behind:  # adjoints of later trips come through gates, or are 0
        made = Body(flow, loop, seeds, flows, True)
    return list(_placed(flow, loop, start, made))


def _placed(flow: LoopedFlow, loop: Loop, start: int, made: Body) -> Iterator[Contribution]:
    """Place the loop, and hand on the adjoints that its last trip carries and those that each trip gives."""
    writer, atom_of = flow.writer, made.writer.atom
    outputs, given, flows = (
        list(map(atom_of, each)) for each in ([*made.adjoints, *made.totals], made.given, made.given_flows)
    )
    inputs = _Inputs(loop, start, made, writer.atom)
    factors = dict.fromkeys([atom for _, *pair in made.products for atom in pair])
    inside = [atom for atom in factors if type(atom) is int and not inputs.is_outside(atom)]
    items = [*(loop.body.placed() if loop.body.loops else ()), *made.writer.placed()]
    live = Live(items, made.writer.end, (*outputs, *given, *inside))
    asked = made.behind and flow.is_asked(start)
    if asked or any(live.flags[made.indicators : made.any_indicators]):
        carried = inputs.indicate(asked)
        outputs += map(atom_of, carried)
        live = Live(items, made.writer.end, (*outputs, *given, *(flows if asked else ()), *inside))
    kept = [place for place in range(made.writer.builder.first) if live.flags[place] or place in inputs.carried]
    if loop.body.loops:
        kept = [place for place in kept if place < inputs.inputs or place >= made.first]
    kept.sort(key=inputs.rank)
    equations, moved = live.renumbered(kept)
    head = Program(tuple(identifiers(map(inputs.name, kept))), (), (), moved_to(outputs, moved))
    result = Loop(Looped(head, equations), loop.count, *inputs.atoms(kept))
    at = writer.place(result) if equations else 0
    trips = range(loop.count - 1, -1, -1)

    def known(trip: int, atom: Any) -> Any:
        """What an atom of the body is in a trip."""
        return _symbol(writer, atom_in(result, at, trip, moved_to((atom_of(atom),), moved)[0]))

    def columns(atom: Atom) -> Sequence[Any]:
        if type(atom) is int and inputs.is_outside(atom):
            return [_symbol(writer, each) for each in inputs.outside(atom)]
        return [known(trip, _symbol(made.writer, atom)) for trip in reversed(trips)]

    def any_flow(i: int) -> Any:
        return known(loop.count - 1, made.any_flows[i][1]) if asked and i in made.any_flows else 1.0

    outer = list(atoms_of(loop))
    for i, adjoint, indicator in zip(made.carried, made.adjoints, made.flows, strict=True):
        yield from [
            (place, 1.0, known(loop.count - 1, adjoint), known(loop.count - 1, indicator) if asked else 1.0)
            for place in places_in(outer[i])
        ]
    for i, adjoint in zip(made.invariant, made.totals, strict=True):
        yield from [(place, 1.0, known(loop.count - 1, adjoint), any_flow(i)) for place in places_in(outer[i])]
    for i, adjoint, indicator in zip(made.moving, made.given, made.given_flows, strict=True):
        for trip, moving in zip(trips, outer[i], strict=True):
            if type(moving) is int:
                yield moving, 1.0, known(trip, adjoint), known(trip, indicator) if asked else 1.0
    columns_of = {atom: columns(atom) for atom in factors}
    for i, partial, adjoint in made.products:
        for place in places_in(outer[i]):
            for pair in zip(columns_of[partial], columns_of[adjoint], strict=True):
                yield (place, *pair, any_flow(i))


def _symbol(writer: LoopWriter, atom: Atom) -> Any:
    return Symbol(writer, atom) if type(atom) is int else atom


class _Inputs:
    """What the inputs of a backward body are outside, by their places there."""

    def __init__(self, loop: Loop, start: int, made: Body, atom: Callable[[Any], Atom]) -> None:
        self.loop, self.start, self.made, self.atom = loop, start, made, atom
        self.inputs = len(loop.body.names)
        self.seeds, self.seed_flows = list(made.seeds.values()), list(made.seed_flows.values())
        self.carried = dict(enumerate(made.first_adjoints, made.first))  # before the first trip, by place
        self.carried.update(dict.fromkeys(range(made.sums, made.sums + len(made.invariant)), 0.0))

    def indicate(self, asked: bool) -> list[Any]:
        """Carry the indicators too, those for later only if they are `asked` for: what they become in each trip."""
        made = self.made
        self.carried.update(enumerate(made.first_flows, made.indicators))
        in_any_trip = dict(made.any_flows.values()) if asked else {}
        self.carried.update(dict.fromkeys(in_any_trip, 0.0))
        return [*made.flows, *in_any_trip.values()]

    def is_outside(self, place: int) -> bool:
        """Whether it is what the forward loop or something else has left, trip by trip."""
        return place < self.made.writer.builder.first and place not in self.carried

    def outside(self, place: int) -> Sequence[Atom]:
        """What it is in each trip, from the last one of the forward loop to the first."""
        fixed = place < len(self.loop.invariant)
        return (self.loop.invariant[place],) * self.loop.count if fixed else self._backwards(place)

    def rank(self, place: int) -> int:
        """0 for invariant inputs, 1 for what is carried, and 2 for moving inputs."""
        return 1 if place in self.carried else 0 if place < len(self.loop.invariant) else 2

    def atoms(self, kept: Sequence[int]) -> tuple[tuple[Atom, ...], tuple[Atom, ...], tuple[Sequence[Atom], ...]]:
        """Invariant, carried and moving atoms of the loop."""
        invariant = [self.loop.invariant[place] for place in kept if self.rank(place) == 0]
        moving = [self._backwards(place) for place in kept if self.rank(place) == 2]
        return tuple(invariant), tuple(map(self.atom, self.carried.values())), tuple(moving)

    def _backwards(self, place: int) -> Sequence[Atom]:
        """The atoms of a moving input, from the last trip to the first."""
        loop, start, size, count = self.loop, self.start, self.loop.body.size, self.loop.count
        if place >= self.made.first:
            is_flow = place >= self.made.indicators
            given, first = (self.seed_flows, self.made.indicators) if is_flow else (self.seeds, self.made.first)
            seeds = given[place - first - len(self.made.carried)]
            return evenly([self.atom(seeds.get(trip, 0.0)) for trip in range(count - 1, -1, -1)])
        if place >= self.inputs:
            column = start + place - self.inputs
            return range(column + (count - 1) * size, column - size, -size)
        if place >= len(loop.invariant) + len(loop.carried):
            return loop.moving[place - len(loop.invariant) - len(loop.carried)][::-1]
        return evenly(atoms_in(loop, start, place)[::-1])

    def name(self, place: int) -> str:
        names, made = self.loop.body.names, self.made
        if place < self.inputs:
            return names[place]
        if place < made.first:
            return f"r_{place - self.inputs}"
        if place >= made.any_indicators:
            return f"any_{place - made.any_indicators}"
        if made.indicators > place >= made.sums:
            return f"d{names[made.invariant[place - made.sums]]}"
        kind, first = ("d", made.first) if place < made.sums else ("flow_", made.indicators)
        i = place - first - len(made.carried)
        if i < 0:
            return f"{kind}{names[made.carried[i]]}"
        return f"seed_{i}" if kind == "d" else f"flow_{i}"
