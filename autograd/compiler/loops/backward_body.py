"""The body of a loop that goes through another one backwards: see backward.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograd import rules
from autograd.compiler.loops.flow import OUTPUT, LoopedFlow, LoopWriter
from autograd.compiler.loops.influence import Influence
from autograd.compiler.loops.loop import Loop
from autograd.compiler.program import Atom
from autograd.compiler.symbols import Symbol
from autograd.derivative import adjoints

MANY = 256  # invariant inputs, and more than there are trips: their derivatives are products after the loop


class Body:
    """The body of a backward loop: inputs and places of the forward body, then adjoints, seeds and sums, then their
    indicators in the same order, then its own.

    `carried`, `invariant` and `moving` are those inputs of the forward body whose adjoints it computes; `products` are
    (input, partial, adjoint) for invariant ones that are summed after the loop. `behind` says that what flows differs
    from trip to trip; then `flows`, `any_flows` and `given_flows` are the indicators of carried, invariant and moving
    inputs: what is carried of them, and those of each trip. `ends`: nothing flows to a carried one in any trip.
    """

    def __init__(
        self, flow: LoopedFlow, loop: Loop, seeds: Mapping[int, Any], flows: Mapping[int, Any], behind: bool
    ) -> None:
        self.loop, body, inputs = loop, loop.body, len(loop.body.names)
        self.seeds, self.seed_flows = _by_column(seeds, body.size), _by_column(flows, body.size)
        influence = Influence(loop)
        varied = influence.of(
            [i for i, atoms in enumerate(atoms_of(loop)) if not flow.varied.isdisjoint(places_in(atoms))]
        )
        useful = influence.on([inputs + column for column in self.seeds])
        wanted = [i for i in range(inputs) if i in varied and i in useful]
        fixed = len(loop.invariant)
        invariant = [i for i in wanted if i < fixed]
        is_after = len(invariant) > max(MANY, loop.count) or len(invariant) * loop.count <= flow.gathered
        self.invariant = [] if is_after else invariant
        self.carried = [i for i in wanted if fixed <= i < fixed + len(loop.carried)]
        self.moving = [i for i in wanted if i >= fixed + len(loop.carried)]
        firsts = list(map(self._at_last, self.carried))
        self.first_adjoints, self.first_flows = [x for x, _ in firsts], [x for _, x in firsts]
        self.first = inputs + body.size  # of its own inputs
        self.sums = self.first + len(self.carried) + len(self.seeds)
        self.indicators = self.sums + len(self.invariant)
        self.any_indicators = self.indicators + len(self.carried) + len(self.seeds)
        self.writer = LoopWriter(body, self.any_indicators + len(invariant) - self.first)
        self.behind = behind or self._has_gaps()
        walk = LoopedFlow(body, self._seeds(), wanted, self.writer, flow.backward, True)
        known = adjoints(OUTPUT, wanted, walk)
        self.adjoints = [known.get(i, 0.0) for i in self.carried]
        self.ends = any(i not in known for i in self.carried)
        self.totals = []
        for place, i in enumerate(self.invariant, self.sums):
            total = Symbol(self.writer, place)
            self.totals.append(rules.add(total, known[i]) if i in known else total)
        self.given = [known.get(i, 0.0) for i in self.moving]
        after = [i for i in invariant[len(self.invariant) :] if i in known]
        self.products = [(i, *pair) for i in after for pair in self._pairs(self.writer.atom(known[i]))]
        flowing = {i: walk.indicator(i) if i in known else 0.0 for i in wanted}
        self.flows = [flowing[i] for i in self.carried]
        self.given_flows = [flowing[i] for i in self.moving]
        self.any_flows = self._in_any_trip({i: flowing[i] for i in invariant})

    def _in_any_trip(self, flows: Mapping[int, Any]) -> dict[int, tuple[int, Any]]:
        """For each input whose indicator is not a number the place of what is carried, and what it becomes."""
        places: dict[Atom, int] = {}
        found = {}
        for i, flow in flows.items():
            if type(flow) is Symbol:
                place = places.setdefault(flow.atom, self.any_indicators + len(places))
                found[i] = place, rules.maximum(Symbol(self.writer, place), flow)
        return found

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

    def _at_last(self, i: int) -> tuple[Any, Any]:
        """The adjoint of what is carried after the last trip, and its indicator.

        It is taken from the seeds if no other trip has one there.
        """
        atom, last = self._output(i), self.loop.count - 1
        column = int(atom) - len(self.loop.body.names) if type(atom) is int else -1
        if list(self.seeds.get(column, ())) == [last]:
            return self.seeds.pop(column)[last], self.seed_flows.pop(column)[last]
        return 0.0, 0.0

    def _has_gaps(self) -> bool:
        """Whether in some trips an adjoint is 0 since nothing arrives: it has to stay 0, whatever the partials are."""
        every = all(len(trips) == self.loop.count for trips in self.seeds.values())
        return not every or any(type(adjoint) is float and not adjoint for adjoint in self.first_adjoints)

    def _output(self, i: int) -> Atom:
        """What a carried input is in the next trip."""
        return self.loop.body.outputs[i - len(self.loop.invariant)]

    def _seeds(self) -> list[tuple[int, Any, Any]]:
        """Where the adjoints come in that are carried, and those that each trip is given, with their indicators."""
        seeded = [*map(self._output, self.carried), *[len(self.loop.body.names) + column for column in self.seeds]]
        return [
            (x, Symbol(self.writer, self.first + i), Symbol(self.writer, self.indicators + i) if self.behind else 1.0)
            for i, x in enumerate(seeded)
            if type(x) is int
        ]


def _by_column(seeds: Mapping[int, Any], size: int) -> dict[int, dict[int, Any]]:
    """For each equation of a body that has adjoints given, these by trip."""
    found: dict[int, dict[int, Any]] = {}
    for place, adjoint in sorted(seeds.items(), key=lambda each: each[0]):
        trip, column = divmod(place, size)
        found.setdefault(column, {})[trip] = adjoint
    return found


def atoms_of(loop: Loop) -> Iterator[Sequence[Atom]]:
    """For each input of the body what it looks at outside."""
    yield from [(atom,) for atom in (*loop.invariant, *loop.carried)]
    yield from loop.moving


def places_in(atoms: Sequence[Atom]) -> Sequence[int]:
    return atoms if type(atoms) is range else [atom for atom in atoms if type(atom) is int]
