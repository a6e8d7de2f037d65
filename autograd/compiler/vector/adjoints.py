"""Differentiate a vector program: the chain rule from step to step, which are steps again.

The rules are the table's: `partials.rule_of` applies them to symbols once for all lanes of a step. The adjoint of a
product of matrices is two products (BP2, BP3), that of a gather the sum over its places, and that of what all samples
share the mean over them (BP4). A lane's adjoint is the sum of partial times adjoint over all that read it: these terms
are collected by the step that computes the lane, and added up when its turn comes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.vector.finish import with_fused_means, with_results, without_dead
from autograd.compiler.vector.flows import LaneFlows
from autograd.compiler.vector.lane_facts import Needed, Tame
from autograd.compiler.vector.lanes import Files
from autograd.compiler.vector.names import named
from autograd.compiler.vector.partials import rule_of
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.compiler.vector.steps import Key
from autograd.compiler.vector.terms import RANK, Terms
from autograd.compiler.vector.values import RowWriter, Values, as_number, filling, one, ones, stacked
from autograd.compiler.vector.ways import Arrival


@dataclass(frozen=True, eq=False)
class Adjoint:
    """The adjoints of a step's lanes, in its shape."""

    delta: Operand
    arrived: Arrival


def differentiated(forward: VectorProgram, per_sample: bool = False) -> VectorProgram:
    """The program of the outputs of `forward` and the derivatives of the first by `forward.program.derivatives`.

    With a batch, all are means over the samples, or with `per_sample` a number for each.
    """
    return _Backward(forward, per_sample).program()


class _Backward(RowWriter):
    def __init__(self, forward: VectorProgram, per_sample: bool = False) -> None:
        self.forward = forward
        self.per_sample = per_sample
        files = Files.of(forward)
        super().__init__(files, bool(forward.program.batched) and not per_sample)
        for step in forward.steps:
            self.append(step)
        self.arrays = forward.inputs
        self._owner = [np.full(size, -1, np.intp) for size in forward.sizes]
        self._position = [np.zeros(size, np.intp) for size in forward.sizes]
        self._needed = Needed(forward, files.wanted)
        self._tame = Tame(self.steps)
        self._own()
        self._flows = LaneFlows(self, self._tame)
        self._terms: dict[int, list[Terms]] = {}
        self._adjoint_of: dict[Key, Key] = {}

    def _own(self) -> None:
        """Note which step, or array of inputs, each lane belongs to."""
        for number, step in enumerate(self.forward.steps):
            lanes = step.lanes.ravel()
            self._owner[step.batched][lanes] = number
            self._position[step.batched][lanes] = np.arange(lanes.size)
        for number, array in enumerate(self.arrays, len(self.forward.steps)):
            lanes, batched = array.lanes.ravel(), array.kind == "batched"
            self._owner[batched][lanes] = number
            self._position[batched][lanes] = np.arange(lanes.size)

    # --- backwards ----------------------------------------------------------------------------------------------------

    def program(self) -> VectorProgram:
        """Values and derivatives."""
        kind, lane = self.forward.outputs[0]
        outputs = [self._value(*output) for output in self.forward.outputs]
        if kind != "constant":
            nothing = np.zeros(1, bool)
            self.flow(Operand(kind, np.array([int(lane)])), one(), one(), Arrival.at(None, ~nothing, nothing))
        for number in range(len(self.forward.steps) - 1, -1, -1):
            if number in self._terms:
                step = self.forward.steps[number]
                self._propagate(step, self._adjoint(self._terms.pop(number), number))
        return self._finished(outputs + self._derivatives())

    def _value(self, kind: str, lane: float) -> tuple[str, float]:
        """An output of the forward program, or its mean."""
        if kind != "batched" or self.per_sample:
            return kind, lane
        return "shared", int(self.mean(Operand(kind, np.array([int(lane)]))).lanes[0])

    def _adjoint(self, terms: Sequence[Terms], number: int) -> Adjoint:
        step = self.forward.steps[number]
        there, opened = np.zeros(step.size, bool), np.zeros(step.size, bool)
        for each in terms:
            there[each.at] = True
            opened[each.at[~each.behind]] = True
        batched = step.batched or self.per_sample
        self._flows.node(number, opened | ~there, batched, [each.way for each in terms])
        delta = self.total(terms, step.size, batched)
        if delta.kind != "constant":
            self._note_adjoint(delta, step)
        there, opened = there.reshape(step.shape), opened.reshape(step.shape)
        return Adjoint(delta.with_table(delta.table.reshape(step.shape)), Arrival.at(number, there, ~opened))

    def _note_adjoint(self, delta: Operand, step: Step) -> None:
        """Note which step computes the adjoints of another, if it is one, for its name."""
        batched = delta.kind == "batched"
        at = bisect_right(self.starts[batched], int(delta.lanes.min())) - 1
        start = self.starts[batched][at] if at >= 0 else -1
        if start >= self.forward.sizes[batched] and set(delta.lanes.tolist()) == {*range(start, start + step.size)}:
            self._adjoint_of[delta.kind, start] = step.key

    def _propagate(self, step: Step, adjoint: Adjoint) -> None:
        through = {"product": self._of_product, "pairs": self._of_pairs, "lift": self._of_lift}
        through.get(step.form, self._by_rule)(step, adjoint)

    def flow(self, to: Operand, partial: Operand, delta: Operand, arrived: Arrival) -> None:
        """Add the terms partial · delta to the adjoints of those lanes, where there is a delta."""
        if to.kind == "constant":
            return
        shape = np.broadcast_shapes(to.shape, partial.shape, delta.shape, arrived.there.shape)
        lanes = np.broadcast_to(to.lanes, shape).ravel()
        side = to.kind == "batched"
        kept = self._needed.of(Operand(to.kind, lanes)) & np.broadcast_to(arrived.there, shape).ravel()
        if not kept.any():
            return
        chosen = slice(None) if kept.all() else np.flatnonzero(kept)
        w, x = (each.with_table(np.broadcast_to(each.table, shape).ravel()[chosen]) for each in (partial, delta))
        arrived = arrived.in_shape(shape).changed(np.ravel).taken(chosen)
        self._spread(side, lanes[chosen], w, x, arrived)

    def _spread(self, side: bool, lanes: Lanes, w: Operand, x: Operand, arrived: Arrival) -> None:
        """Add terms, one for each lane; where w may be infinite, behind a gate, only if something flows there."""
        gated = self._flows.wild(w, arrived)
        if gated.any():
            some, rest = np.flatnonzero(gated), np.flatnonzero(~gated)
            mine = arrived.taken(some)
            safe = self._flows.product(w.with_table(w.table[some]), x.with_table(x.table[some]), mine)
            self._spread(side, lanes[some], ones(some.shape), safe, mine)
            lanes, arrived = lanes[rest], arrived.taken(rest)
            w, x = (each.with_table(each.table[rest]) for each in (w, x))
        w, x = sorted((w, x), key=lambda each: RANK[each.kind])
        owners = self._owner[side][lanes]
        order = np.argsort(owners, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(owners[order])) + 1) if order.size else ():
            at = self._position[side][lanes[part]]
            first, second = (each.with_table(each.table[part]) for each in (w, x))
            terms = Terms(at, first, second, arrived.behind[part], arrived.taken(part).way(at))
            self._terms.setdefault(int(owners[part[0]]), []).append(terms)

    # --- forms --------------------------------------------------------------------------------------------------------

    def _of_lift(self, step: Step, adjoint: Adjoint) -> None:
        self.flow(step.operands[0], one(), adjoint.delta, adjoint.arrived)

    def _of_pairs(self, step: Step, adjoint: Adjoint) -> None:
        w, x, *bias = step.operands
        self.flow(x, w, adjoint.delta, adjoint.arrived)
        self.flow(w, x, adjoint.delta, adjoint.arrived)
        for each in bias:
            self.flow(each, one(), adjoint.delta, adjoint.arrived)

    def _of_product(self, step: Step, adjoint: Adjoint) -> None:
        """As two products where every lane has an adjoint, else term by term."""
        left, right, *bias = step.operands
        arrived = adjoint.arrived
        for each in bias:
            self.flow(each, one(), adjoint.delta, arrived)
        tame = not arrived.behind.any() or all(bool(self._tame.of(each).all()) for each in (left, right))
        if arrived.there.all() and tame and adjoint.delta.kind != "constant":
            self._two_products(left, right, adjoint)
            return
        self._outer_product(left, right, adjoint)
        w, x = left.with_table(left.table[:, :, None]), right.with_table(right.table[None])
        delta = adjoint.delta.with_table(adjoint.delta.table[:, None])
        self.flow(x, w, delta, arrived.taken(np.s_[:, None]))

    def _two_products(self, left: Operand, right: Operand, adjoint: Adjoint) -> None:
        (r, k), c = left.shape, right.shape[1]
        delta = adjoint.delta
        if self._needed.of(right).any():
            batched = "batched" in (left.kind, delta.kind)
            turned = left.with_table(left.lanes.T)
            into = self.new("product", [turned, delta], (k, c), batched)
            self.flow(right, one(), into, self._along(0, adjoint.arrived, batched))
        if self._needed.of(left).any():
            if self.per_sample and "batched" in (delta.kind, right.kind):
                self._outer_product(left, right, adjoint)
                return
            if delta.kind == right.kind == "batched":
                into = self.new("mean_product", [delta, right], (r, k), False)
            else:
                delta, right = (self.mean(each) if each.kind == "batched" else each for each in (delta, right))
                into = self.new("product", [delta, right.with_table(right.lanes.T)], (r, k), False)
            self.flow(left, one(), into, self._along(1, adjoint.arrived, False))

    def _along(self, axis: int, arrived: Arrival, batched: bool) -> Arrival:
        """What arrives at the rows or columns of a product, summed along an axis."""
        behind = np.all(arrived.behind, axis=axis, keepdims=True)
        found = Arrival.at((arrived.source, axis), np.ones_like(behind), behind)
        if arrived.of is not None and found.of is not None:
            to = np.broadcast_to(found.of, arrived.of.shape).ravel()
            self._flows.node(found.source, ~behind.ravel(), batched, [arrived.changed(np.ravel).way(to)])
        return found

    def _outer_product(self, left: Operand, right: Operand, adjoint: Adjoint) -> None:
        """The adjoint of the left factor for each sample, term by term."""
        delta = adjoint.delta.with_table(adjoint.delta.table[:, None])
        w, x = left.with_table(left.table[:, :, None]), right.with_table(right.table[None])
        self.flow(w, x, delta, adjoint.arrived.taken(np.s_[:, None]))

    # --- rows of the table --------------------------------------------------------------------------------------------

    def _by_rule(self, step: Step, adjoint: Adjoint) -> None:
        """Whatever the rules of its row say."""
        assert step.row is not None
        operands = _columns(step)
        if step.row is rules.pivot and len(operands) == 1:  # a detached number
            return
        rule = rule_of(step.row, [as_number(each) for each in operands])
        at = Values(self, rule.equations, [*operands, Operand(step.kind, step.lanes)], step.shape).at
        yes, no = ([None if each is None else at(each) for each in partials] for partials in (rule.yes, rule.no))
        for group in _alike(operands, yes, no):
            lead = (len(group),) if len(group) > 1 else ()
            shape = (*lead, *step.shape)
            to, first, second = (stacked([column[i] for i in group], step.shape) for column in (operands, yes, no))
            assert to is not None
            if rule.gate is None:
                if first is not None:
                    self.flow(to, first, adjoint.delta, adjoint.arrived)
                continue
            gate, arrived = at(rule.gate), adjoint.arrived.in_shape(shape)
            flows = [self._times(each, adjoint.delta, arrived) for each in (first, second)]
            chosen = self._flows.chosen(filling(gate, shape), *flows)
            gates = gate.with_table(np.broadcast_to(gate.table, shape))
            self.flow(to, one(), chosen, arrived.gated(gates, first is not None, second is not None))

    def _times(self, partial: Operand | None, delta: Operand, arrived: Arrival) -> Operand | float:
        """A contribution behind a gate."""
        if partial is None:
            return 0.0
        if partial.kind == "constant" and (partial.numbers == 1.0).all():
            return delta
        if self._flows.wild(partial, arrived).any():
            return self._flows.product(partial, delta, arrived)
        return self.apply("map", rules.mul, [partial, delta], arrived.there.shape)

    # --- outputs ------------------------------------------------------------------------------------------------------

    def _derivatives(self) -> list[tuple[str, float]]:
        """Where the derivatives by the wanted inputs are."""
        program = self.forward.program
        places = {"shared": program.shared, "batched": program.batched}
        at: dict[int, tuple[str, float]] = {}
        for number, array in enumerate(self.arrays, len(self.forward.steps)):
            terms = self._terms.pop(number, None)
            if terms:
                found = self.total(terms, array.lanes.size, self.per_sample)
                for lane, each in zip(array.lanes.ravel().tolist(), found.table.tolist(), strict=True):
                    at[places[array.kind][lane]] = (found.kind, each)
        return [at.get(place, ("constant", 0.0)) for place in program.derivatives]

    def _finished(self, outputs: Sequence[tuple[str, float]]) -> VectorProgram:
        made = replace(
            self.forward,
            program=replace(self.forward.program, per_sample=self.per_sample),
            steps=tuple(self.steps),
            sizes=(self.files.sizes[0], self.files.sizes[1]),
            constants=self.files.fixed,
            outputs=tuple(outputs),
        )
        return named(with_results(without_dead(with_fused_means(without_dead(made)))), self._adjoint_of)


def _columns(step: Step) -> list[Operand]:
    """The operands of a row, one by one."""
    if step.form != "reduce":
        return list(step.operands)
    *index, xs = step.operands
    return [*index, *[xs.with_table(table) for table in xs.table]]


def _alike(operands: Sequence[Operand], *partials: Sequence[Operand | None]) -> list[list[int]]:
    """The operands that gradients flow to, those with the same kinds of partials together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, operand in enumerate(operands):
        of = [column[i] for column in partials]
        if operand.kind != "constant" and any(each is not None for each in of):
            groups.setdefault((operand.kind, *[each and each.kind for each in of]), []).append(i)
    return list(groups.values())
