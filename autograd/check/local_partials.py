"""Check single nodes: compare the recorded partials with the rule, and the rule with an oracle."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic
from autograd.check.differences import ROUND_OFF, Curve, Estimate, OutsideDomainError
from autograd.check.oracle import UNDECIDED, WRONG, Judgement, Oracle, judge, undecided
from autograd.check.replayed_number import NotReplayableError, evaluate
from autograd.check.tape import Edge, Line, partials_in
from autograd.value import Value

SINGLY = 64  # a line of more edges is checked at this many of them, and along directions through all
AT_LEAST = 2
WORK = 50_000  # operands evaluated for single edges, four times each: a second or two
DIRECTIONS = 2
WIDE = 4_000  # inputs or operands for which one random direction has to do
FLOAT_RULE = 1e-13  # a rule that cannot be replayed has the rounding errors of some hundred operations on floats
SMALLEST = 2.0**-1074
SMALLEST_NORMAL = 2.0**-1022  # below it floats lose digits
RANGE = 1e-130, 1e130  # of numbers whose squares, times a step of 1e-40, are still normal floats
NOT_FINITE = "infinite or nan"
STALE = "the node's data is not its value"
NOT_REPLAYABLE = "its value insists on floats that no oracle has"
NO_NEIGHBOUR = "no finite value close by"


class Finding(NamedTuple):
    """A finding about one operand of a line, or about all of them together (None)."""

    line: Line
    operand: int | None
    judgement: Judgement
    oracle: str
    fault: str = ""  # set where something other than the rule is at fault


class Direction(NamedTuple):
    """A way to move the operands of a line: by how much for t = 1; `operand` when it is only one of them."""

    operand: int | None
    moves: dict[int, float]


class _InDigits:
    """The operands and partials of one line in an arithmetic, computed once for all directions."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._operands: dict[Arithmetic, list[Any]] = {}
        self._rules: dict[Arithmetic, tuple[list[Any], bool]] = {}

    def operands(self, m: Arithmetic) -> list[Any]:
        """The recorded operands as numbers of the arithmetic."""
        if m not in self._operands:
            self._operands[m] = [m.lift(x) for x in self.line.operands]
        return self._operands[m]

    def rule(self, m: Arithmetic, oracle: Oracle) -> tuple[list[Any], bool]:
        """The line's partials, and whether they kept all digits."""
        if m not in self._rules:
            self._rules[m] = _rule(m, self.line, oracle, self.operands(m))
        return self._rules[m]


def check_line(line: Line, oracles: Sequence[Oracle]) -> Iterator[Finding]:
    """Findings about one recorded node: lost edges, changed numbers, and each partial compared with the oracle."""
    if line.opaque:
        if line.edges:
            yield Finding(line, None, undecided(math.nan, "opaque node: it has no rule to check"), "")
        return
    if not line.finite:
        yield Finding(line, None, undecided(math.nan, NOT_FINITE), "")
        return
    if len(line.node.parents) > len(line.edges):
        yield Finding(line, None, Judgement(WRONG, math.nan, 0.0), "", "the rule sends nothing to one of the parents")
    for operand in line.lost:
        yield Finding(line, operand, Judgement(WRONG, 0.0, math.nan), "", "the operand is not among the parents")
    for edge in line.edges:
        if not math.isfinite(edge.recorded):
            yield Finding(line, edge.operand, _not_finite(line, edge, oracles), oracles[0].name)
    in_digits = _InDigits(line)
    yield from _changed(line, oracles[0])
    for direction in [*directions(line), *_silent(line)]:
        yield check_along(in_digits, direction, oracles)


def _not_finite(line: Line, edge: Edge, oracles: Sequence[Oracle]) -> Judgement:
    """An infinite or nan partial is wrong where an oracle finds a slope that fits a float, and undecided elsewhere."""
    unit = abs(line.operands[edge.operand]) or 1.0
    for oracle in oracles:
        m = oracle.levels[-1]
        with suppress(NotReplayableError, OutsideDomainError, *UNDEFINED):
            estimate = oracle.estimate(m, curve(m, line, {edge.operand: unit}), abs(line.node.data))
            slope = float(estimate.slope) / unit
            known = estimate.vanishes or estimate.error <= m.real(oracle.converged) * abs(estimate.slope)
            if known and math.isfinite(2.0 * slope):
                return Judgement(WRONG, edge.recorded, slope)
            break
    return undecided(edge.recorded, NOT_FINITE)


def directions(line: Line) -> list[Direction]:
    """Each operand by itself, in units of its own size; of many, a sample, and all of them along random directions."""
    finite = [edge.operand for edge in line.edges if math.isfinite(edge.recorded)]
    units = {operand: abs(line.operands[operand]) or 1.0 for operand in finite}
    if len(units) <= SINGLY:
        return [Direction(i, {i: unit}) for i, unit in units.items()]
    rng = random.Random(0)
    some = sorted(rng.sample(sorted(units), min(SINGLY, max(AT_LEAST, WORK // len(units)))))
    joint = [
        {i: unit * signed(rng) for i, unit in units.items()} for _ in range(directions_through(len(units), DIRECTIONS))
    ]
    return [Direction(i, {i: units[i]}) for i in some] + [Direction(None, moves) for moves in joint]


def _silent(line: Line) -> list[Direction]:
    """Directions along the Values that the rule sends nothing to: the node must not depend on them."""
    flowing = {edge.operand for edge in line.edges} | {*line.lost}
    silent = [i for i, x in enumerate(line.node.operands) if isinstance(x, Value) and i not in flowing]
    return [Direction(i, {i: abs(line.operands[i]) or 1.0}) for i in silent if math.isfinite(line.operands[i])]


def directions_through(count: int, usual: int) -> int:
    """The number of random directions through `count` numbers that are checked: `usual`, but 1 for very many.

    Along weights wᵢ, wrong partials show as Σ wᵢ δᵢ. With a single wrong partial that is at least |δᵢ|, since no weight
    is smaller than 1, so one direction finds it for certain. Several can cancel only by chance: the weights are drawn
    from an interval, whatever the δᵢ, so that the sum is below a tolerance τ with a probability of about τ / max |δᵢ|.

    >>> directions_through(100, 3), directions_through(100_000, 3)
    (3, 1)
    """
    return usual if count <= WIDE else 1


def signed(rng: random.Random) -> float:
    """A number of size 1 to 2 and either sign: no two terms of a directional derivative cancel by design."""
    return rng.uniform(1.0, 2.0) * rng.choice((-1.0, 1.0))


def check_along(in_digits: _InDigits, direction: Direction, oracles: Sequence[Oracle]) -> Finding:
    """Compare the rule's derivative along one direction with the first oracle that can decide."""
    line = in_digits.line
    finding = Finding(line, direction.operand, undecided(_recorded(line, direction), NOT_REPLAYABLE), "")
    for oracle in oracles:
        try:
            judgement = _judged(in_digits, direction, oracle)
        except NotReplayableError:
            continue
        except (OutsideDomainError, *UNDEFINED):
            judgement = undecided(_recorded(line, direction), NO_NEIGHBOUR)
            return Finding(line, direction.operand, judgement, oracle.name)
        finding = Finding(line, direction.operand, _per_operand(judgement, direction), oracle.name)
        if judgement.verdict != UNDECIDED:
            break
    return finding


def _judged(in_digits: _InDigits, direction: Direction, oracle: Oracle) -> Judgement:
    line = in_digits.line
    moves = cache(lambda m: {i: m.lift(move) for i, move in direction.moves.items()})

    def analytic(m: Arithmetic) -> Any:
        partials = dict(zip([edge.operand for edge in line.edges], in_digits.rule(m, oracle)[0], strict=True))
        pairs = [(partials[i], move.real) for i, move in moves(m).items() if i in partials]
        return m.spelling["dot"](*[x for x, _ in pairs], *[x for _, x in pairs], m.real(0.0))

    def numerical(m: Arithmetic) -> Estimate:
        along = _curve(m, line, in_digits.operands(m), moves(m))
        return oracle.estimate(m, along, max(size, terms) if oracle.name == "differences" else size)

    if oracle.name != "mpmath" and _extreme(line):
        return undecided(_recorded(line, direction), "too large or too small for this oracle")
    size = abs(line.node.data)
    terms = sum([abs(edge.recorded * line.operands[edge.operand]) for edge in line.edges])  # what rounding is of
    exact = in_digits.rule(oracle.levels[0], oracle)[1]
    lost = SMALLEST_NORMAL * sum(map(abs, direction.moves.values()))
    slack = 0.0 if exact else FLOAT_RULE * abs(float(analytic(oracle.levels[0]))) + lost
    return judge(oracle, analytic, numerical, size, slack)


def _extreme(line: Line) -> bool:
    """Whether products with a step could leave the range of floats."""
    numbers = map(abs, (line.node.data, *line.operands))
    return not all(x == 0.0 or RANGE[0] <= x <= RANGE[1] for x in numbers)


def _rule(m: Arithmetic, line: Line, oracle: Oracle, numbers: Sequence[Any]) -> tuple[list[Any], bool]:
    if oracle.name != "mpmath":
        return [edge.rule for edge in line.edges], False
    return partials_in(m, line, numbers, evaluate(m, line.primitive, numbers, line.operands, line.node.data))


def curve(m: Arithmetic, line: Line, moves: dict[int, float], recorded: Sequence[float] | None = None) -> Curve:
    """t ↦ the line's value with its operands moved; `recorded` are the floats that choose the branch."""
    steps = {i: m.lift(move) for i, move in moves.items()}
    return _curve(m, line, [m.lift(x) for x in line.operands], steps, recorded)


def _curve(
    m: Arithmetic, line: Line, start: list[Any], steps: dict[int, Any], recorded: Sequence[float] | None = None
) -> Curve:
    choosing = line.operands if recorded is None else recorded
    out = line.node.data if recorded is None else float(line.primitive.value(*choosing))
    before, sizes = [start[i] for i in steps], [*steps.values()]

    def value(t: Any) -> Any:
        numbers = list(start)
        for i, x in zip(steps, m.moved(before, sizes, t), strict=True):
            numbers[i] = x
        return evaluate(m, line.primitive, numbers, choosing, out)

    return value


def _per_operand(judgement: Judgement, direction: Direction) -> Judgement:
    """From the slope along t to the partial, for one operand."""
    if direction.operand is None:
        return judgement
    unit = direction.moves[direction.operand]
    return judgement._replace(analytic=judgement.analytic / unit, numerical=judgement.numerical / unit)


def _recorded(line: Line, direction: Direction) -> float:
    silent = math.nan if direction.operand is None else 0.0
    return next((edge.recorded for edge in line.edges if edge.operand == direction.operand), silent)


# --- the recording against the rule on the same floats ----------------------------------------------------------------


def _changed(line: Line, oracle: Oracle) -> Iterator[Finding]:
    """Recorded numbers that differ from what value and rule give on the recorded operands."""
    value = float(line.primitive.value(*line.operands))
    if differs(line.node.data, value, lambda: _exact(line, oracle, None)):
        yield Finding(line, None, Judgement(WRONG, line.node.data, value), "", STALE)
    for i, edge in enumerate(line.edges):
        if differs(edge.recorded, edge.rule, lambda i=i: _exact(line, oracle, i)):  # type: ignore[misc]
            judgement = Judgement(WRONG, edge.recorded, edge.rule)
            yield Finding(line, edge.operand, judgement, "", "the recorded partial is not what the rule gives")


def differs(recorded: float, again: float, exact: Callable[[], float]) -> bool:
    """Whether two floats cannot be the same formula on the same numbers.

    Nearly always they have the same bits. A graph that was pickled where the mathematical library is another one may
    differ by rounding: by some ulp, and by as much as the formula itself is off from its exact value.
    """
    if recorded == again or (recorded != recorded and again != again):
        return False
    allowed = 16.0 * ROUND_OFF * abs(again) + 4.0 * abs(again - exact()) + SMALLEST
    return not abs(recorded - again) <= allowed


def _exact(line: Line, oracle: Oracle, edge: int | None) -> float:
    """The value (edge None) or a partial with more digits, as a float; the float's own where that is not possible."""
    m = oracle.levels[0]
    numbers = [m.lift(x) for x in line.operands]
    again = line.node.data if edge is None else line.edges[edge].rule
    try:
        out = evaluate(m, line.primitive, numbers, line.operands, line.node.data)
        return float(out.real if edge is None else _rule(m, line, oracle, numbers)[0][edge].real)
    except (NotReplayableError, ValueError, ArithmeticError):
        return again
