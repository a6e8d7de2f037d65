"""Which first and second derivatives of a row are 0 everywhere, read off its partials: there is no second table.

The partials are called once with objects that only know which operands they depend on. A partial that depends on no
operand is constant, so the row is linear there; `relu`, whose partial is a step, has no second derivative either.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from autograd import rules
from autograd.arithmetic import Arithmetic
from autograd.primitive import Primitive

# Partials are written in other rows, whose own partials are asked as well: x**1.0 is linear since 1.0 * x**0.0 is 1.
DEPTH = 2
MOST_RUNS = 32  # of a rule that asks questions, each of which has two answers

Constants = tuple[float | None, ...]  # for each operand its number, None where it varies


class Linearity(NamedTuple):
    """`flows[i]`: ∂out/∂xᵢ may differ from 0. Bit j of `partners[i]`: ∂²out/∂xᵢ∂xⱼ may."""

    flows: tuple[bool, ...]
    partners: tuple[int, ...]

    @property
    def is_full(self) -> bool:
        """Whether all derivatives may differ from 0."""
        return all(self.flows)


def linearity(row: Primitive, constants: Constants) -> Linearity:
    """Which derivatives of a row by the operands that vary are not 0 everywhere.

    A rule that fails on such operands, as a user's may, is taken to depend on all of them.

    >>> linearity(rules.mul, (None, None))
    Linearity(flows=(True, True), partners=(2, 1))
    >>> linearity(rules.mul, (None, 3.0)), linearity(rules.pow_, (None, 1.0)).partners
    (Linearity(flows=(True, False), partners=(0, 0)), (0, 0))
    """
    return _read(row, row.variadic or row.partials, constants, DEPTH)


@lru_cache(maxsize=1024)
def _read(row: Primitive, rule: object, constants: Constants, depth: int) -> Linearity:
    """`rule` is part of the key, since `autograd.testing` changes rows in place."""
    flows = _at_a_glance(row, constants)
    all_of_them = sum([1 << i for i, each in enumerate(flows) if each])
    cautious = Linearity(flows, tuple([all_of_them if each else 0 for each in flows]))
    if not depth:
        return cautious
    runs = _runs(row, constants, all_of_them, depth)
    if runs is None:
        return cautious
    varies = [0] * len(flows)
    seen = [False] * len(flows)
    for partials in runs:
        for i, partial in enumerate(partials):
            if flows[i] and partial is not None:
                seen[i] |= type(partial) is Dependent or partial != 0.0
                varies[i] |= partial.on if type(partial) is Dependent else 0
    return Linearity(tuple(seen), _symmetric(varies))


def _at_a_glance(row: Primitive, constants: Constants) -> tuple[bool, ...]:
    """By what the row says without calling it: where a partial is not None or 0."""
    if row.variadic:
        return tuple([each is None for each in constants])
    row.check_arity(constants)
    pairs = zip(row.partials, constants, strict=True)
    return tuple([each is None and rule is not None and rule != 0.0 for rule, each in pairs])


def _symmetric(varies: Sequence[int]) -> tuple[int, ...]:
    """Second derivatives are symmetric, even where one partial hides it."""
    found = list(varies)
    whole = sum([1 << i for i, mask in enumerate(varies) if mask])
    if any(mask not in (0, whole) for mask in varies):
        for i, mask in enumerate(varies):
            for j in members(mask):
                found[j] |= 1 << i
    return tuple(found)


def members(mask: int) -> list[int]:
    """The places of the bits that are 1, in order.

    >>> members(0b1101)
    [0, 2, 3]
    """
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


# --- calling a rule -----------------------------------------------------------------------------------------------


def _runs(row: Primitive, constants: Constants, flowing: int, depth: int) -> list[Sequence[Any]] | None:
    """The partials for all answers to what the rule asks; None where it fails, or asks too much."""
    pending: list[tuple[bool, ...]] = [()]
    found: list[Sequence[Any]] = []
    while pending:
        if len(found) == MOST_RUNS:
            return None
        answers = Answers(pending.pop(), depth)
        operands = [Dependent(answers, 1 << i) if each is None else each for i, each in enumerate(constants)]
        try:
            found.append(_partials(row, Dependent(answers, flowing), operands))
        except Exception:  # a user's rule may fail on such an object in any way
            return None
        pending += answers.others()
    return found


def _partials(row: Primitive, out: Any, operands: Sequence[Any]) -> Sequence[Any]:
    if row.variadic:
        return list(row.variadic(out, *operands))
    return [
        rule(out, *operands) if callable(rule) and type(operand) is Dependent else rule
        for rule, operand in zip(row.partials, operands, strict=True)
    ]


class Answers:
    """What a rule is told where it asks for the truth of an operand: `given`, and then yes."""

    def __init__(self, given: tuple[bool, ...], depth: int) -> None:
        self.given = given
        self.depth = depth
        self._told: list[bool] = []

    def ask(self) -> bool:
        """The next answer."""
        count = len(self._told)
        self._told.append(self.given[count] if count < len(self.given) else True)
        return self._told[-1]

    def others(self) -> list[tuple[bool, ...]]:
        """For each question after the given ones, the answers up to there with its own turned to no."""
        return [(*self._told[:i], False) for i in range(len(self.given), len(self._told))]


class Dependent(Arithmetic):
    """A number of which only the operands are known that its derivative depends on, as bits of `on`."""

    __slots__ = ("answers", "on")

    def __init__(self, answers: Answers, on: int) -> None:
        self.answers, self.on = answers, on

    def __primitive__(self, primitive: Primitive, operands: tuple[Any, ...]) -> Dependent:
        constants = tuple([None if type(each) is Dependent else float(each) for each in operands])
        rule = primitive.variadic or primitive.partials
        flows = _read(primitive, rule, constants, self.answers.depth - 1).flows
        on = 0
        for each, flowing in zip(operands, flows, strict=True):
            on |= each.on if flowing else 0
        return Dependent(self.answers, on)

    def __float__(self) -> float:
        return float(self.answers.ask())

    def __bool__(self) -> bool:
        return self.answers.ask()

    def __truediv__(self, other: Any) -> Any:
        return rules.div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return rules.div(other, self)

    def __neg__(self) -> Any:
        return rules.neg(self)

    def __pow__(self, other: Any) -> Any:
        return rules.pow_(self, other)
