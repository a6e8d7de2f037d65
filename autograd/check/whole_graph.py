"""Check order, accumulation and seeds of the backward pass by derivatives of the replayed root in each input."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from typing import Any, NamedTuple

from autograd.check.accuracy import correct_digits
from autograd.check.arithmetic import Arithmetic
from autograd.check.backward_passes import Passes, as_float, backward_in, backward_on_floats, condition, rounding_bounds
from autograd.check.differences import CONVERGED, ROUND_OFF, Estimate, OutsideDomainError
from autograd.check.local_partials import NO_NEIGHBOUR, NOT_FINITE, directions_through, signed
from autograd.check.oracle import OK, UNDECIDED, WRONG, Judgement, Oracle, judge, undecided
from autograd.check.tape import Tape
from autograd.value import Value

WORK = 1_000_000  # operands replayed for single inputs: some seconds
AT_LEAST = 2
DIRECTIONS = 3
CANCELLED = 1e-30
SURE = 1e-3  # relative error of a slope that only has to be larger than any float
RULES = 1e-15  # per node: the tolerance of the checks of single rules
FORWARD = 1e-15  # the rounding errors of a chain rule on floats; errors of local derivatives come on top
Slopes = Mapping[tuple[int, int], float]


class Result(NamedTuple):
    """The result for an input (`slot`), or for all of them along a random direction (None)."""

    slot: int | None
    gradient: float
    judgement: Judgement
    fault: str = ""


class WholeGraph:
    """One recorded graph and its inputs, given as leaves; `slopes` are local derivatives from the oracle, if any."""

    def __init__(self, tape: Tape, inputs: Sequence[Value], oracle: Oracle, slopes: Slopes) -> None:
        self.tape, self.oracle, self.slopes = tape, oracle, slopes
        self.inputs = list(inputs)
        self.exact = oracle.name == "mpmath"
        self._adjoints: dict[int, list[Any]] = {}

    @cached_property
    def floats(self) -> Passes:
        """The engine's pass on floats."""
        return backward_on_floats(self.tape)

    @cached_property
    def sizes(self) -> list[float]:
        """See `condition`."""
        return condition(self.tape)

    @cached_property
    def bounds(self) -> list[float]:
        """See `rounding_bounds`."""
        m = self.oracle.levels[0]
        return rounding_bounds(self.tape, m, self.adjoints(m))

    def adjoints(self, m: Arithmetic) -> list[Any]:
        """By slot, the gradients of the engine's pass in an arithmetic."""
        if m.digits not in self._adjoints:
            self._adjoints[m.digits] = backward_in(m, self.tape)
        return self._adjoints[m.digits]

    def gradient(self, leaf: Value) -> float:
        """The engine's derivative for a leaf, as a float; 0 where the root does not depend on it."""
        slot = self.tape.slot.get(leaf)
        return 0.0 if slot is None else float(self.floats.once[slot])

    def digits(self, slot: int, judgement: Judgement) -> float | None:
        """The correct digits of a derivative as a float; None where the oracle cannot tell.

        A sum that cancels to less than 1e-30 of its terms may be 0: the replay cannot know.
        """
        if not self.exact or self.tape.held or judgement.verdict == UNDECIDED:
            return None
        exact = judgement.numerical if judgement.verdict == WRONG else judgement.analytic
        computed = float(self.floats.once[slot])
        known = exact == computed == 0.0 or abs(exact) > CANCELLED * self.sizes[slot]  # nan is not known either
        return correct_digits(computed, exact) if known else None

    def value_digits(self) -> float | None:
        """The correct digits of the value; None where it was not replayed, or more digits give another number."""
        if not self.exact:
            return None
        coarse, fine = self.oracle.levels[:2]
        rough, exact = self.tape.base(coarse)[-1], self.tape.base(fine)[-1]
        if self.tape.held or not (coarse.is_finite(rough) and fine.is_finite(exact)):
            return None
        settled = abs(exact - exact.context.convert(rough)) <= fine.real(CONVERGED) * abs(exact)
        return correct_digits(self.tape.nodes[-1].data, exact) if settled else None

    def results(self) -> Iterator[Result]:
        """For each input; of many, for a sample and for all of them along random directions."""
        slots = [slot for leaf in self.inputs if (slot := self.tape.slot.get(leaf)) is not None]
        cost = 4 * sum([len(line.operands) for line in self.tape.lines]) + 1
        many = max(AT_LEAST, WORK // cost)
        single = slots if len(slots) <= many else [slots[len(slots) * k // many] for k in range(many)]
        for slot in single:
            yield self.result(slot)
        if len(single) < len(slots):
            yield from self._together(slots, set(single))

    def _together(self, slots: Sequence[int], seen: set[int]) -> Iterator[Result]:
        rng = random.Random(0)
        count = directions_through(len(slots), DIRECTIONS)
        directions = [{slot: self._unit(slot) * signed(rng) for slot in slots} for _ in range(count)]
        found = [Result(None, math.nan, self._judged(moves)) for moves in directions]
        yield from found
        if any(result.judgement.verdict == WRONG for result in found):  # name the culprit, whatever it costs
            for slot in slots:
                if slot not in seen and (result := self.result(slot)).judgement.verdict == WRONG:
                    yield result
                    return

    def result(self, slot: int) -> Result:
        """The judgement about one input: the engine with more digits, then the engine on floats."""
        gradient = float(self.floats.once[slot])
        unit = self._unit(slot)
        judgement = self._judged({slot: unit})
        judgement = judgement._replace(analytic=judgement.analytic / unit, numerical=judgement.numerical / unit)
        if judgement.verdict == OK and math.isfinite(gradient) and (fault := self.fault_of_engine(slot)):
            return Result(slot, gradient, judgement._replace(verdict=WRONG, analytic=gradient), fault)
        return Result(slot, gradient, judgement)

    def _unit(self, slot: int) -> float:
        """The size of an input; 1 where the slope times that would be infinite."""
        unit = abs(self.tape.nodes[slot].data) or 1.0
        return unit if math.isfinite(2.0 * self.sizes[slot] * unit) else 1.0

    # --- the judgement on the rules' chain ----------------------------------------------------------------------------

    def _judged(self, moves: Mapping[int, float]) -> Judgement:
        sizes = sum([self.sizes[slot] * abs(move) for slot, move in moves.items()])
        ours = sum([float(self.floats.once[slot]) * move for slot, move in moves.items()])
        if not math.isfinite(sizes):
            return self._overflown(moves, ours)
        if not self.exact:
            return self._by_forward_mode(moves, ours, sizes)
        size = max(abs(self.tape.nodes[-1].data), sizes)
        lifted = cache(lambda m: {slot: m.lift(move) for slot, move in moves.items()})
        try:
            slack = RULES * len(self.tape.nodes) * sizes
            pair = (lambda m: self._analytic(m, lifted(m))), (lambda m: self._slope(m, lifted(m)))
            return judge(self.oracle, *pair, size, slack)
        except OutsideDomainError:
            return undecided(ours, NO_NEIGHBOUR)

    def _overflown(self, moves: Mapping[int, float], ours: float) -> Judgement:
        """An infinite derivative is right where the slope is too large for a float, as that of 1/x at 1e-200."""
        if self.exact and math.isinf(ours) and len(moves) == 1 and math.isfinite(self.tape.nodes[-1].data):
            m, (slot,) = self.oracle.levels[0], moves
            move = abs(self.tape.nodes[slot].data) or 1.0
            with suppress(OutsideDomainError):
                step = m.lift(move)
                estimate = self._slope(m, {slot: step})
                slope = estimate.slope / step
                known = estimate.converges and estimate.error <= m.real(SURE) * abs(estimate.slope)
                if known and abs(slope) > m.real(sys.float_info.max) and (slope > 0) == (ours > 0.0):
                    return Judgement(OK, ours, ours)
        return undecided(ours, NOT_FINITE)

    def _analytic(self, m: Arithmetic, moves: Mapping[int, Any]) -> Any:
        adjoints = self.adjoints(m)
        return m.spelling["dot"](*moves.values(), *[adjoints[slot] for slot in moves], m.lift(0.0))

    def _slope(self, m: Arithmetic, moves: Mapping[int, Any]) -> Estimate:
        base = self.tape.base(m)
        start, steps = [base[slot] for slot in moves], [*moves.values()]

        def curve(t: Any) -> Any:
            return self.tape.replay(m, dict(zip(moves, m.moved(start, steps, t), strict=True)))

        return self.oracle.estimate(m, curve, abs(self.tape.nodes[-1].data))

    def _by_forward_mode(self, moves: Mapping[int, float], ours: float, sizes: float) -> Judgement:
        """Without more digits: the oracle's local derivatives pushed forward, the other way round than backward()."""
        tangents, errors = [0.0] * len(self.tape.nodes), [0.0] * len(self.tape.nodes)
        for slot, move in moves.items():
            tangents[slot] = move
        for line in self.tape.lines:
            for edge in line.edges:
                slope, slot = self.slopes.get((line.slot, edge.operand), edge.recorded), edge.slot
                if tangents[slot] == errors[slot] == 0.0:
                    continue
                tangents[line.slot] += slope * tangents[slot]
                errors[line.slot] += abs(slope) * errors[slot] + abs(slope - edge.recorded) * abs(tangents[slot])
        if not math.isfinite(tangents[-1]):
            return undecided(ours, NOT_FINITE)
        tolerance = 2.0 * errors[-1] + FORWARD * len(self.tape.nodes) * sizes
        return Judgement(OK if abs(ours - tangents[-1]) <= tolerance else WRONG, ours, tangents[-1])

    # --- the judgement on the floats ----------------------------------------------------------------------------------

    def fault_of_engine(self, slot: int) -> str:
        """For an input, what is wrong with the float pass or with a second pass, '' if nothing is."""
        once, twice = as_float(self.floats.once[slot]), as_float(self.floats.twice[slot])
        rounding = 2.0 * ROUND_OFF * (len(self.tape.nodes) + 1) * self.sizes[slot]
        if not abs(twice - 2.0 * once) <= rounding + 1e-9 * abs(once):
            return "a second backward() on the same graph does not double the gradient"
        if self.exact:
            m = self.oracle.levels[0]
            off = abs(as_float(self.floats.once[slot] - self.adjoints(m)[slot]))
            if off > self.bounds[slot]:  # a bound of nan or infinity decides nothing
                return f"off by {off:.1e}, more than rounding can explain ({self.bounds[slot]:.1e})"
        return ""
