"""Differentiate a vector program: the chain rule from step to step, which are steps again.

The rules are the table's: `partials.rule_of` applies them to symbols once for all lanes of a step. The adjoint of a
product of matrices is two products (BP2, BP3), that of a gather the sum over its places, and that of what all samples
share the mean over them (BP4). A lane's adjoint is the sum of partial times adjoint over all that read it: these terms
are collected by the step that computes the lane, and added up when its turn comes.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograd import rules
from autograd.compiler.program import Atom, Equation
from autograd.compiler.symbols import TAME
from autograd.compiler.vector.finish import with_results, without_dead
from autograd.compiler.vector.groups import ANY_CONSTANT
from autograd.compiler.vector.lanes import Files
from autograd.compiler.vector.names import inputs, named
from autograd.compiler.vector.partials import rule_of
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.compiler.vector.steps import Key
from autograd.compiler.vector.terms import RANK, Mask, Sums, Terms
from autograd.primitive import Primitive

ONE = Operand("constant", numbers=np.array(1.0))


@dataclass(frozen=True, eq=False)
class Adjoint:
    """The adjoints of a step's lanes, in its shape: of those in `there`, as others have none.

    Those `behind` a gate, and through gates only, may be 0 where a partial is infinite: nothing flows there.
    """

    delta: Operand
    there: Mask
    behind: Mask


def differentiated(forward: VectorProgram) -> VectorProgram:
    """The program of the one output of `forward` and its derivatives by the inputs `forward.program.derivatives`.

    With a batch, both are means over the samples.
    """
    return _Backward(forward).program()


class _Backward(Sums):
    def __init__(self, forward: VectorProgram) -> None:
        program = forward.program
        self.forward = forward
        sides = program.shared, program.batched
        wanted = set(program.derivatives)
        flags = [np.array([place in wanted for place in side], bool) for side in sides]
        files = Files((len(sides[0]), len(sides[1])), flags)
        files.sizes = [*forward.sizes]
        files.constants = {(kind == "batched", _bits(number)): lane for kind, lane, number in forward.constants}
        super().__init__(files, bool(program.batched))
        for step in forward.steps:
            self.append(step)
        self.arrays = inputs(program)
        self._owner = [np.full(size, -1, np.intp) for size in forward.sizes]
        self._position = [np.zeros(size, np.intp) for size in forward.sizes]
        self._needed = [np.zeros(size, bool) for size in forward.sizes]
        self._own(flags)
        self._terms: dict[int, list[Terms]] = {}
        self._adjoint_of: dict[Key, Key] = {}
        self._equal: dict[tuple[object, ...], Operand] = {}
        self._tame = [np.ones(len(side), bool) for side in sides]

    def _own(self, wanted: Sequence[Mask]) -> None:
        """Note which step, or array of inputs, each lane belongs to, and whether its adjoint is needed."""
        for number, step in enumerate(self.forward.steps):
            lanes = step.lanes.ravel()
            self._owner[step.batched][lanes] = number
            self._position[step.batched][lanes] = np.arange(lanes.size)
        for number, array in enumerate(self.arrays, len(self.forward.steps)):
            lanes, batched = array.lanes.ravel(), array.kind == "batched"
            self._owner[batched][lanes] = number
            self._position[batched][lanes] = np.arange(lanes.size)
        for needed, flags in zip(self._needed, wanted, strict=True):
            needed[: len(flags)] = flags
        for step in self.forward.steps:
            needs = [np.asarray(self._is_needed(each)) for each in step.operands]
            self._needed[step.batched][step.lanes] = NEEDED.get(step.form, _any_operand)(step, needs)

    def _is_needed(self, operand: Operand) -> Mask:
        if operand.kind == "constant":
            return np.zeros(operand.shape, bool)
        found: Mask = self._needed[operand.kind == "batched"][operand.lanes]
        return found

    # --- backwards ----------------------------------------------------------------------------------------------------

    def program(self) -> VectorProgram:
        """Value and derivatives."""
        ((kind, lane),) = self.forward.outputs
        outputs: list[tuple[str, float]] = [(kind, lane)]
        if kind != "constant":
            loss = Operand(kind, np.array([int(lane)]))
            nothing = np.zeros(1, bool)
            self.flow(loss, ONE, ONE, ~nothing, nothing)
            if kind == "batched":
                outputs = [("shared", int(self.mean(loss).lanes[0]))]
        for number in range(len(self.forward.steps) - 1, -1, -1):
            if number in self._terms:
                step = self.forward.steps[number]
                self._propagate(step, self._adjoint(self._terms.pop(number), step))
        return self._finished(outputs + self._derivatives())

    def _adjoint(self, terms: Sequence[Terms], step: Step) -> Adjoint:
        there, opened = np.zeros(step.size, bool), np.zeros(step.size, bool)
        for each in terms:
            there[each.at] = True
            opened[each.at[~each.behind]] = True
        delta = self.total(terms, step.size, step.batched)
        if delta.kind != "constant":
            self._note_adjoint(delta, step)
        shape = step.shape
        return Adjoint(delta.with_table(delta.table.reshape(shape)), there.reshape(shape), (~opened).reshape(shape))

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

    def flow(self, to: Operand, partial: Operand, delta: Operand, there: Mask, behind: Mask) -> None:
        """Add the terms partial · delta to the adjoints of those lanes, where there is a delta."""
        if to.kind == "constant":
            return
        if partial.kind == "constant" and not partial.numbers.any():
            return
        shape = np.broadcast_shapes(to.shape, partial.shape, delta.shape, there.shape)
        lanes = np.broadcast_to(to.lanes, shape).ravel()
        side = to.kind == "batched"
        kept = self._needed[side][lanes] & np.broadcast_to(there, shape).ravel()
        if not kept.any():
            return
        chosen = slice(None) if kept.all() else np.flatnonzero(kept)
        w, x = (each.with_table(np.broadcast_to(each.table, shape).ravel()[chosen]) for each in (partial, delta))
        behind = np.broadcast_to(behind, shape).ravel()[chosen]
        self._spread(side, lanes[chosen], w, x, behind)

    def _spread(self, side: bool, lanes: Lanes, w: Operand, x: Operand, behind: Mask) -> None:
        """Add terms, one for each lane; where w may be infinite and x 0, which is behind a gate, only if x is not 0."""
        gated = behind & ~self._is_tame(w) if behind.any() and w.kind != "constant" else behind[:0]
        if gated.any():
            some, rest = np.flatnonzero(gated), np.flatnonzero(~gated)
            partial, delta = (each.with_table(each.table[some]) for each in (w, x))
            product = self.apply("map", rules.mul, [partial, delta], some.shape)
            zero = Operand("constant", numbers=np.array(0.0))
            safe = self.apply("map", rules.where, [delta, product, zero], some.shape)
            self._spread(side, lanes[some], Operand("constant", numbers=np.ones(some.size)), safe, behind[some])
            lanes, behind = lanes[rest], behind[rest]
            w, x = (each.with_table(each.table[rest]) for each in (w, x))
        w, x = sorted((w, x), key=lambda each: RANK[each.kind])
        owners = self._owner[side][lanes]
        for owner in np.unique(owners).tolist():
            mine = np.flatnonzero(owners == owner)
            parts = [each.with_table(each.table[mine]) for each in (w, x)]
            terms = Terms(self._position[side][lanes[mine]], parts[0], parts[1], behind[mine])
            self._terms.setdefault(owner, []).append(terms)

    def _is_tame(self, operand: Operand) -> Mask:
        """Which lanes are finite for all finite inputs, overflow aside."""
        if operand.kind == "constant":
            return np.isfinite(operand.numbers)
        for step in self.steps[self._known_tame :]:
            tame = step.row in TAME or step.row is None
            self._tame_lanes(step, tame and all(bool(self._tame_of(each).all()) for each in step.operands))
        self._known_tame = len(self.steps)
        return self._tame_of(operand)

    _known_tame = 0

    def _tame_lanes(self, step: Step, tame: bool) -> None:
        side = step.batched
        missing = self.files.sizes[side] - len(self._tame[side])
        if missing > 0:
            self._tame[side] = np.append(self._tame[side], np.ones(max(missing, len(self._tame[side])), bool))
        self._tame[side][step.lanes] = tame

    def _tame_of(self, operand: Operand) -> Mask:
        if operand.kind == "constant":
            return np.isfinite(operand.numbers)
        side = operand.kind == "batched"
        known = self._tame[side]
        found: Mask = known[np.minimum(operand.lanes, len(known) - 1)] | (operand.lanes >= len(known))
        return found

    # --- forms --------------------------------------------------------------------------------------------------------

    def _of_lift(self, step: Step, adjoint: Adjoint) -> None:
        self.flow(step.operands[0], ONE, adjoint.delta, adjoint.there, adjoint.behind)

    def _of_pairs(self, step: Step, adjoint: Adjoint) -> None:
        w, x, *bias = step.operands
        arrived = adjoint.delta, adjoint.there, adjoint.behind
        self.flow(x, w, *arrived)
        self.flow(w, x, *arrived)
        for each in bias:
            self.flow(each, ONE, *arrived)

    def _of_product(self, step: Step, adjoint: Adjoint) -> None:
        """As two products where every lane has an adjoint, else term by term."""
        left, right, *bias = step.operands
        arrived = adjoint.delta, adjoint.there, adjoint.behind
        for each in bias:
            self.flow(each, ONE, *arrived)
        tame = not adjoint.behind.any() or all(bool(self._is_tame(each).all()) for each in (left, right))
        if adjoint.there.all() and tame and adjoint.delta.kind != "constant":
            self._two_products(left, right, adjoint)
            return
        w, x = (each.with_table(table) for each, table in ((left, left.table[:, :, None]), (right, right.table[None])))
        delta, *masks = (each[:, None] for each in (adjoint.delta.table, adjoint.there, adjoint.behind))
        self.flow(w, x, adjoint.delta.with_table(delta), *masks)
        self.flow(x, w, adjoint.delta.with_table(delta), *masks)

    def _two_products(self, left: Operand, right: Operand, adjoint: Adjoint) -> None:
        (r, k), c = left.shape, right.shape[1]
        delta = adjoint.delta
        behind = np.full((1, 1), bool(adjoint.behind.all()))
        there = ~np.zeros((1, 1), bool)
        if self._is_needed(right).any():
            batched = "batched" in (left.kind, delta.kind)
            turned = left.with_table(left.lanes.T)
            into = self.new("product", [turned, delta], (k, c), batched)
            self.flow(right, ONE, into, there, behind)
        if self._is_needed(left).any():
            if delta.kind == right.kind == "batched":
                into = self.new("mean_product", [delta, right], (r, k), False)
            else:
                delta, right = (self.mean(each) if each.kind == "batched" else each for each in (delta, right))
                into = self.new("product", [delta, right.with_table(right.lanes.T)], (r, k), False)
            self.flow(left, ONE, into, there, behind)

    def _in_lanes(self, operand: Operand) -> Operand:
        if operand.kind != "constant":
            return operand
        lanes = [self.files.constant(number, False) for number in operand.numbers.ravel().tolist()]
        return Operand("shared", np.array(lanes, np.intp).reshape(operand.shape))

    # --- rows of the table --------------------------------------------------------------------------------------------

    def _by_rule(self, step: Step, adjoint: Adjoint) -> None:
        """Whatever the rules of its row say."""
        assert step.row is not None
        operands = _columns(step)
        rule = rule_of(step.row, [_as_number(each) for each in operands])
        at = _Values(self, rule.equations, [*operands, Operand(step.kind, step.lanes)], step.shape).at
        yes, no = ([None if each is None else at(each) for each in partials] for partials in (rule.yes, rule.no))
        for group in _alike(operands, yes, no):
            lead = (len(group),) if len(group) > 1 else ()
            shape = (*lead, *step.shape)
            to, first, second = (_stacked([column[i] for i in group], step.shape) for column in (operands, yes, no))
            assert to is not None
            if rule.gate is None:
                if first is not None:
                    self.flow(to, first, adjoint.delta, adjoint.there, adjoint.behind)
                continue
            gate = at(rule.gate)
            flows = [self._times(each, adjoint.delta, shape) for each in (first, second)]
            chosen = self.apply("map", rules.where, [gate, *flows], shape)
            self.flow(to, ONE, chosen, adjoint.there, np.ones(shape, bool))

    def _times(self, partial: Operand | None, delta: Operand, shape: tuple[int, ...]) -> Operand:
        if partial is None:
            return Operand("constant", numbers=np.array(0.0))
        if partial.kind == "constant" and (partial.numbers == 1.0).all():
            return delta
        return self.apply("map", rules.mul, [partial, delta], shape)

    def apply(self, form: str, row: Primitive, operands: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
        """A row of lanes or numbers; what is known is not computed again."""
        if form == "map":
            operands = [_filling(each, shape) for each in operands]
        if all(each.kind == "constant" for each in operands):
            return _of_numbers(form, row, operands, shape)
        key = (form, row, shape, *[(each.kind, each.shape, each.table.tobytes()) for each in operands])
        found = self._equal.get(key)
        if found is None:
            batched = any(each.kind == "batched" for each in operands)
            found = self._equal[key] = self.new(form, operands, shape, batched, row)
        return found

    def one_file(self, operands: Sequence[Operand]) -> list[Operand]:
        """All of them as lanes of one file."""
        found = [self._in_lanes(each) for each in operands]
        if len({each.kind for each in found}) > 1:
            found = [self.lifted(each) if each.kind == "shared" else each for each in found]
        return found

    # --- outputs ------------------------------------------------------------------------------------------------------

    def _derivatives(self) -> list[tuple[str, float]]:
        """Where the derivatives by the wanted inputs are."""
        program = self.forward.program
        places = {"shared": program.shared, "batched": program.batched}
        at: dict[int, tuple[str, float]] = {}
        for number, array in enumerate(self.arrays, len(self.forward.steps)):
            terms = self._terms.pop(number, None)
            if terms:
                found = self.total(terms, array.lanes.size, False)
                for lane, each in zip(array.lanes.ravel().tolist(), found.table.tolist(), strict=True):
                    at[places[array.kind][lane]] = (found.kind, each)
        return [at.get(place, ("constant", 0.0)) for place in program.derivatives]

    def _finished(self, outputs: Sequence[tuple[str, float]]) -> VectorProgram:
        made = replace(
            self.forward,
            program=replace(self.forward.program, per_sample=False),
            steps=tuple(self.steps),
            sizes=(self.files.sizes[0], self.files.sizes[1]),
            constants=self.files.fixed,
            outputs=tuple(outputs),
        )
        return named(with_results(without_dead(made)), self._adjoint_of)


class _Values:
    """The equations of a rule on the lanes of a step: those of one kind at once."""

    def __init__(
        self, to: _Backward, equations: Sequence[Equation], given: Sequence[Operand], shape: tuple[int, ...]
    ) -> None:
        self.to, self.shape = to, shape
        self.known: list[Operand] = [*given, *[ONE] * len(equations)]
        first = len(given)
        level = [0] * first
        for _, operands in equations:
            level.append(1 + max([level[each] for each in operands if type(each) is int], default=0))
        by_level: dict[int, list[int]] = {}
        for place in range(first, len(level)):
            by_level.setdefault(level[place], []).append(place)
        for _, places in sorted(by_level.items()):
            groups: dict[tuple[object, ...], list[int]] = {}
            for place in places:
                groups.setdefault(self._kind(equations[place - first]), []).append(place)
            for members in groups.values():
                self._compute([equations[place - first] for place in members], members)

    def at(self, atom: Atom) -> Operand:
        """A constant, or the table of a place."""
        return Operand("constant", numbers=np.array(atom)) if type(atom) is float else self.known[int(atom)]

    def _kind(self, equation: Equation) -> tuple[object, ...]:
        row, operands = equation
        by_value = row not in ANY_CONSTANT
        return row, *[repr(each) if type(each) is float and by_value else self.at(each).kind for each in operands]

    def _compute(self, equations: Sequence[Equation], places: Sequence[int]) -> None:
        row = equations[0].primitive
        lead = (len(places),) if len(places) > 1 else ()
        shape = (*lead, *self.shape)
        columns = [
            _present(_stacked([self.at(atom) for atom in column], self.shape))
            for column in zip(*[operands for _, operands in equations], strict=True)
        ]
        found = self._applied(row, columns, shape)
        for i, place in enumerate(places):
            self.known[place] = found.with_table(np.broadcast_to(found.table, shape)[i]) if lead else found

    def _applied(self, row: Primitive, columns: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
        if not row.variadic:
            return self.to.apply("map", row, columns, shape)
        if row is rules.total or row is rules.dot:
            n = len(columns) // 2 if row is rules.dot else 0
            ones = Operand("constant", numbers=np.ones((len(columns), *(1,) * len(shape))))
            w = self._stack(columns[:n], shape) if n else ones
            return self.to.apply("pairs", rules.dot, [w, self._stack(columns[n : 2 * n or None], shape)], shape)
        fixed = 1 if row is rules.pick else 0
        operands = [*[_filling(each, shape) for each in columns[:fixed]], self._stack(columns[fixed:], shape)]
        return self.to.apply("reduce", row, operands, shape)

    def _stack(self, columns: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
        files = self.to.one_file(columns)
        return files[0].with_table(np.stack([np.broadcast_to(each.table, shape) for each in files]))


# --- operands ---------------------------------------------------------------------------------------------------------


def _columns(step: Step) -> list[Operand]:
    """The operands of a row, one by one."""
    if step.form != "reduce":
        return list(step.operands)
    *index, xs = step.operands
    return [*index, *[xs.with_table(table) for table in xs.table]]


def _as_number(operand: Operand) -> float | None:
    """The constant that an operand is in all lanes."""
    if operand.kind != "constant":
        return None
    bits = np.ascontiguousarray(operand.numbers).view(np.int64)
    return float(operand.numbers.flat[0]) if (bits == bits.flat[0]).all() else None


def _alike(operands: Sequence[Operand], *partials: Sequence[Operand | None]) -> list[list[int]]:
    """The operands that gradients flow to, those with the same kinds of partials together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, operand in enumerate(operands):
        of = [column[i] for column in partials]
        if operand.kind != "constant" and any(each is not None for each in of):
            groups.setdefault((operand.kind, *[each and each.kind for each in of]), []).append(i)
    return list(groups.values())


def _stacked(operands: Sequence[Operand | None], shape: tuple[int, ...]) -> Operand | None:
    """Operands of one kind as one, with an axis in front if there are several."""
    first = operands[0]
    if first is None or len(operands) == 1:
        return first
    some = [_present(each) for each in operands]
    if first.kind == "constant" and len({each.numbers.tobytes() for each in some}) == 1:
        return first
    return first.with_table(np.stack([np.broadcast_to(each.table, shape) for each in some]))


def _present(operand: Operand | None) -> Operand:
    assert operand is not None
    return operand


def _filling(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """An operand in that shape, or the one number that it is."""
    number = _as_number(operand) if operand.kind == "constant" and operand.numbers.ndim == len(shape) else None
    if number is not None:
        return Operand("constant", numbers=np.array(number))
    return operand if operand.shape in ((), shape) else operand.with_table(np.broadcast_to(operand.table, shape))


def _of_numbers(form: str, row: Primitive, operands: Sequence[Operand], shape: tuple[int, ...]) -> Operand:
    """A row of constants."""
    if form == "map":
        columns = [np.broadcast_to(each.numbers, shape).ravel().tolist() for each in operands]
    else:
        *fixed, xs = operands
        columns = [np.broadcast_to(each.numbers, shape).ravel().tolist() for each in fixed]
        columns += [np.broadcast_to(each, shape).ravel().tolist() for each in xs.numbers]
    numbers = [float(row.value(*at)) for at in zip(*columns, strict=True)]
    return Operand("constant", numbers=np.array(numbers).reshape(shape))


def _any_operand(step: Step, needs: Sequence[Mask]) -> Mask:
    found = np.zeros(step.shape, bool)
    for each in needs:  # the operands of a row or the terms of a sum come first
        found |= np.any(each, axis=tuple(range(each.ndim - len(step.shape)))) if each.ndim > len(step.shape) else each
    return found


def _any_of_product(step: Step, needs: Sequence[Mask]) -> Mask:
    left, right, *bias = needs
    found: Mask = np.any(left, axis=1, keepdims=True) | np.any(right, axis=0, keepdims=True)
    for each in bias:
        found = found | each
    return found


NEEDED: dict[str, Callable[[Step, Sequence[Mask]], Mask]] = {"product": _any_of_product}


def _bits(number: float) -> bytes:
    return struct.pack("d", number)
