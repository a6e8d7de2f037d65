"""Compare second derivatives, from differentiating `autograd.grad`, with second differences of the replayed root."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic, floats
from autograd.check.differences import Estimate, OutsideDomainError, second
from autograd.check.local_partials import NO_NEIGHBOUR, NOT_FINITE
from autograd.check.oracle import OK, WRONG, Judgement, Oracle, falls_with_digits, judge, undecided
from autograd.check.richardson import AGAIN, WIDEST, curvature_of
from autograd.check.tape import Tape
from autograd.check.whole_graph import FORWARD, RULES, Slopes, WholeGraph
from autograd.derivative import grad
from autograd.value import Value

INPUTS = 24  # and their 300 pairs: of more inputs, a sample

SMALLEST = math.ulp(0.0)  # no float is smaller, and tolerances are computed in floats

LARGEST_UNIT = 1e100  # the product of two is a float


class Entry(NamedTuple):
    """What was found about one entry ∂²f/∂x∂y of the Hessian."""

    row: Value
    column: Value
    judgement: Judgement


def gradient_tapes(tape: Tape, inputs: Sequence[Value]) -> dict[Value, Tape]:
    """For each input that the root depends on, the graph of the derivative in it; of very many inputs, for a sample."""
    known = [leaf for leaf in inputs if leaf in tape.slot]
    if len(known) > INPUTS:
        known = [known[len(known) * k // INPUTS] for k in range(INPUTS)]
    return {leaf: Tape(slope) for leaf, slope in zip(known, grad(tape.nodes[-1], known), strict=True)}


def hessian_entries(
    tape: Tape, gradients: dict[Value, Tape], oracle: Oracle, slopes: Mapping[Value, Slopes]
) -> Iterator[Entry]:
    """Every entry on and above the diagonal."""
    wholes = {leaf: WholeGraph(each, [*gradients], oracle, slopes[leaf]) for leaf, each in gradients.items()}
    for row, column in combinations_with_replacement(gradients, 2):
        whole = wholes[row]
        slot = whole.tape.slot.get(column)
        judgement = _by_forward_mode(whole, slot) if not whole.exact else _judged(tape, whole, row, column, slot)
        yield Entry(row, column, judgement)


def _by_forward_mode(whole: WholeGraph, slot: int | None) -> Judgement:
    return whole.result(slot).judgement if slot is not None else Judgement(OK, 0.0, 0.0)


def _judged(tape: Tape, whole: WholeGraph, row: Value, column: Value, slot: int | None) -> Judgement:
    ours = whole.gradient(column)
    if tape.held:
        return _by_slopes(tape, ours, row, column)
    units = [_unit(leaf) for leaf in (row, column)]
    sizes = (whole.sizes[slot] if slot is not None else 0.0) * units[0] * units[1]
    if not math.isfinite(sizes):
        return undecided(ours, NOT_FINITE)

    def analytic(m: Arithmetic) -> Any:
        return whole.adjoints(m)[slot] * m.lift(units[0]) * m.lift(units[1]) if slot is not None else m.lift(0.0)

    def numerical(m: Arithmetic) -> Estimate:
        return second(m, lambda s, t: tape.replay(m, _moved(m, tape, {row: s}, {column: t})))

    size = max(abs(tape.nodes[-1].data), sizes)
    try:
        found = judge(whole.oracle, analytic, numerical, size, RULES * len(whole.tape.nodes) * sizes)
    except OutsideDomainError:
        return undecided(ours, NO_NEIGHBOUR)
    if slot is not None and found.verdict == OK and (fault := whole.fault_of_engine(slot)):
        found = found._replace(verdict=WRONG, reason=fault)
    per_unit = [number / units[0] / units[1] for number in (found.analytic, found.numerical)]
    return found._replace(analytic=per_unit[0], numerical=per_unit[1])


def _by_slopes(tape: Tape, ours: float, row: Value, column: Value) -> Judgement:
    """Second differences of values in floats, for black boxes."""
    if any(line.opaque for line in tape.lines):
        return undecided(ours, "an opaque node has no rule to differentiate")
    m = floats()
    units = _unit(row), _unit(column)

    def surface(s: float, t: float) -> float:
        try:
            return float(tape.computed(m, _moved(m, tape, {row: s}, {column: t}))[-1])
        except (TypeError, *UNDEFINED):
            return math.nan

    slope, found, curvature = ours * units[0] * units[1], math.nan, None
    for widest in (WIDEST, *AGAIN):
        curvature = curvature_of(surface, widest)
        if curvature is None:
            return undecided(ours, "a node's value cannot be replayed with more digits")
        found = curvature.slope / units[0] / units[1] if math.isnan(found) else found
        if curvature.allows(slope):
            return Judgement(OK, ours, found)
    if curvature is None or not curvature.excludes(slope):
        return undecided(ours, "values vary faster than the steps")
    return Judgement(WRONG, ours, found)


def _moved(m: Arithmetic, tape: Tape, *steps: dict[Value, Any]) -> dict[int, Any]:
    """The leaves' numbers moved by steps, in units of their own sizes; the same leaf may be moved twice."""
    base = tape.base(m)
    moved: dict[int, Any] = {}
    for step in steps:
        for leaf, t in step.items():
            slot = tape.slot[leaf]
            moved[slot] = moved.get(slot, base[slot]) + t * m.lift(_unit(leaf))
    return moved


def _unit(leaf: Value) -> float:
    return min(abs(leaf.data) or 1.0, LARGEST_UNIT)


def values_of_gradients(whole: WholeGraph, gradients: dict[Value, Tape]) -> Iterator[tuple[Value, Judgement]]:
    """Whether `grad` gives what `backward()` gives, for each input; only disagreements are worth a row."""
    m = whole.oracle.levels[0]
    for leaf, tape in gradients.items():
        slot = whole.tape.slot[leaf]
        if whole.exact:
            ours, expected = tape.base(m)[-1], whole.adjoints(m)[slot]
        else:
            ours, expected = tape.nodes[-1].data, whole.floats.once[slot]
        tolerance = (RULES if whole.exact else FORWARD) * (len(tape.nodes) + len(whole.tape.nodes)) * whole.sizes[slot]
        differ = abs(ours - expected) > max(tolerance, SMALLEST)  # never true of nan
        if differ and not (whole.exact and _is_rounding(whole, tape, slot)):
            yield leaf, Judgement(WRONG, ours, expected, "grad() and backward() differ")


def _is_rounding(whole: WholeGraph, tape: Tape, slot: int) -> bool:
    """Whether the two differ by what the replay rounds, or by a domain that only roundings enter."""
    levels = whole.oracle.levels[:2]
    gaps = [abs(tape.base(m)[-1] - whole.adjoints(m)[slot]) for m in levels]
    return not levels[-1].is_finite(gaps[-1]) or falls_with_digits(levels, gaps)
