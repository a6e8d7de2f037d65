"""Faults of rules, as data: each turns a right partial into a plausible wrong one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial as bind
from typing import Any

from autograd import rules
from autograd.primitive import Primitive, Rule
from autograd.testing.dependence import depends_on
from autograd.testing.replacing import mutated

Partial = Rule | float | None
Change = Callable[[Any], Any]
Rearrangement = Callable[[int, Any, Sequence[Any]], tuple[Any, Sequence[Any]]]

POSITIONS: dict[str, Callable[[int], int]] = {
    "first": lambda count: 0,
    "middle": lambda count: count // 2,
    "last": lambda count: count - 1,
}

FACTORS: dict[str, Change] = {
    "× (1 + 1e-6)": lambda p: p * (1.0 + 1e-6),
    "× (1 − 1e-6)": lambda p: p * (1.0 - 1e-6),
    "× (1 + 1e-12)": lambda p: p * (1.0 + 1e-12),
    "sign": lambda p: -p,
    "double": lambda p: 2.0 * p,
}
CONSTANTS = {"zero": 0.0, "one": 1.0}

# Powers of an operand, where an exponent can be off by one.
POWERS = ("pow", "square", "sqrt", "reciprocal", "div", "mul", "prod", "exp_square")
EXPONENTS: dict[str, Callable[[Any, Any], Any]] = {
    "exponent + 1": lambda p, x: p * x,
    "exponent − 1": rules.div,
}

# How far a point leaves a kink: nothing that a derivative on that side would notice.
SIDES = {"kink from the left": -1.0, "kink from the right": 1.0}
RELATIVE, AT_ZERO = 2.0**-52, 2.0**-1074


def _put(operands: Sequence[Any], i: int, x: Any) -> tuple[Any, ...]:
    return (*operands[:i], x, *operands[i + 1 :])


# What a rule must depend on, by place among (out, *operands), for a rearrangement to be a change.
REARRANGED: dict[str, tuple[Rearrangement, Callable[[int], tuple[int, ...]]]] = {
    "output for operand": (lambda i, out, xs: (out, _put(xs, i, out)), lambda i: (i + 1,)),
    "operand for output": (lambda i, out, xs: (xs[i], xs), lambda i: (0,)),
    "operands swapped": (lambda i, out, xs: (out, (*xs[1::-1], *xs[2:])), lambda i: (1, 2)),
}


def rule_mutations(row: Primitive) -> Iterator[tuple[str, str, Callable[[], AbstractContextManager[Primitive]]]]:
    """(target, mutation, context manager) for every way of getting one partial, or the row as a whole, wrong.

    >>> from autograd import rules
    >>> [mutation for target, mutation, _ in rule_mutations(rules.neg)]
    ['× (1 + 1e-6)', '× (1 − 1e-6)', '× (1 + 1e-12)', 'sign', 'double', 'zero', 'one']
    """
    places: Sequence[int | str] = list(POSITIONS) if row.variadic else range(len(row.partials))
    for place in places:
        for mutation, wrong in _wrong_partials(row, place):
            yield f"{row.name}[{place}]", mutation, bind(_with_partial, row, place, wrong)
    if row.arity == 2 and row.partials[0] is not row.partials[1] and row.partials[0] != row.partials[1]:
        yield row.name, "partials exchanged", bind(mutated, row, *row.partials[::-1])
    if row.kinks and any(map(callable, row.partials)):
        for mutation, side in SIDES.items():
            yield row.name, mutation, bind(mutated, row, *_from_one_side(row, side))


def _with_partial(row: Primitive, place: int | str, wrong: Partial) -> AbstractContextManager[Primitive]:
    if isinstance(place, int):
        return mutated(row, *_put(row.partials, place, wrong))
    variadic, find = row.variadic, POSITIONS[place]

    def all_partials(out: Any, *operands: Any) -> Sequence[Any]:
        assert variadic is not None
        if not operands:
            return variadic(out)  # type: ignore[no-any-return]
        new = wrong(out, *operands) if callable(wrong) else wrong
        return _put(variadic(out, *operands), find(len(operands)), new)

    return mutated(row, variadic=all_partials)


def _wrong_partials(row: Primitive, place: int | str) -> Iterator[tuple[str, Partial]]:
    right = row.partials[place] if isinstance(place, int) else _one_of_all(row.variadic, POSITIONS[place])
    if callable(right):
        yield from _wrong_rules(row, right, place)
    elif right is not None:
        for mutation, change in FACTORS.items():
            if change(right) != right:
                yield mutation, change(right)
    for mutation, constant in CONSTANTS.items():
        if right != constant and not (right is None and not constant):
            yield mutation, constant


def _one_of_all(variadic: Rule | None, find: Callable[[int], int]) -> Rule:
    def rule(out: Any, *operands: Any) -> Any:
        assert variadic is not None
        return variadic(out, *operands)[find(len(operands))]

    return rule


def _wrong_rules(row: Primitive, right: Rule, place: int | str) -> Iterator[tuple[str, Rule]]:
    find = POSITIONS[place] if isinstance(place, str) else lambda count: place
    for mutation, change in FACTORS.items():
        yield mutation, _changed(right, change)
    count = row.arity or 3  # any number will do for a rule that takes any number
    for mutation, (rearrange, needs) in REARRANGED.items():
        places = [at for at in needs(find(count)) if at <= count]
        if any(depends_on(right, at, 1 + count) for at in places) and not (count == 1 and len(needs(0)) > 1):
            yield mutation, _rearranged(right, rearrange, find)
    if row.name in POWERS:
        for mutation, combine in EXPONENTS.items():
            yield mutation, _combined(right, combine, find)


def _changed(right: Rule, change: Change) -> Rule:
    def rule(out: Any, *operands: Any) -> Any:
        partial = right(out, *operands)
        return None if partial is None else change(partial)

    return rule


def _rearranged(right: Rule, rearrange: Rearrangement, find: Callable[[int], int]) -> Rule:
    def rule(out: Any, *operands: Any) -> Any:
        out, operands = rearrange(find(len(operands)), out, operands)  # type: ignore[assignment]
        return right(out, *operands)

    return rule


def _combined(right: Rule, combine: Callable[[Any, Any], Any], find: Callable[[int], int]) -> Rule:
    def rule(out: Any, *operands: Any) -> Any:
        return combine(right(out, *operands), operands[find(len(operands))])

    return rule


def _from_one_side(row: Primitive, side: float) -> list[Partial]:
    """The partials, taken a little to one side of a kink whenever the point is exactly on one.

    Where the kinks are points of the first operand, it is the derivative in that direction that has two sides.
    """

    def rule_for(right: Partial) -> Partial:
        def rule(out: Any, *operands: Any) -> Any:
            on_a_kink = any(float(distance) == 0.0 for distance in row.distances_to_kinks(operands))
            if not callable(right) or not on_a_kink:
                return right(out, *operands) if callable(right) else right
            first, *others = operands
            return right(out, first + side * (RELATIVE * abs(first) if float(first) else AT_ZERO), *others)

        return rule

    sided = row.arity if callable(row.kinks) else 1
    return [*map(rule_for, row.partials[:sided]), *row.partials[sided:]]
