"""Apply rows of the table to series."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from autograd import rules
from autograd.numerics import INF
from autograd.primitive import Primitive
from autograd.scopes import hooks, open_blocks
from autograd.series import flat
from autograd.series.terms import Application, Choice, Linear, Product, Quotient, Run, Series, is_nothing, moves_in
from autograd.value import as_float

FARTHEST = 600.0  # of the logarithm of a number from 0; e⁷⁰⁹ is the largest float
LARGEST_PRODUCT = 64  # exponents up to which powers are products


def new_run(order: int) -> Run:
    """An expansion of that order.

    >>> x = new_run(3).variable(2.0, 1.0)
    >>> (x * x).coefficients, (1.0 / x).coefficients
    ([4.0, 4.0, 1.0], [0.5, -0.25, 0.125, -0.0625])
    """
    return Run(order, _apply)


def _apply(run: Run, row: Primitive, given: Sequence[Any]) -> Any:
    """What a row gives where an operand moves; complete, unless the partials of another operation are evaluated."""
    known = run.known
    if known is None and (made := _by_code(row, run, given)) is not None:
        return made
    row.check_arity(given)
    operands = [x if type(x) is float or hasattr(x, "__primitive__") else as_float(x) for x in given]
    if known is None:
        made = _made(row, run, operands)
        _complete(made, row, operands)
        made.trim()
        return made
    key = _key(row, operands)
    if key not in known:
        known[key] = (_made(row, run, operands), operands)
    return known[key][0]


def _by_code(row: Primitive, run: Run, operands: Sequence[Any]) -> Series | None:
    """The same by straight-line code, of a row of the table that has often been applied to floats."""
    if row not in flat.ROWS or not 0 < run.order <= flat.LONGEST or (open_blocks and hooks().generic):
        return None
    ends: list[int | None] = []
    given: list[Any] = []
    for x in operands:
        if type(x) is float or type(x) is int:
            ends.append(None)
            given.append(float(x))
        elif isinstance(x, Series) and x.run is run and x.has_floats:
            ends.append(x.end)
            given.append(x.coefficients)
        else:
            return None
    found = flat.code_for((row, run.order, tuple(ends)), _series)
    if found is None:
        return None
    compute, end = found
    coefficients = compute(*given)
    if not math.isfinite(sum(coefficients)):  # what is absent elsewhere is 0 here, and may have met an infinity
        return None
    made = Series(run, 0.0, end)
    made.coefficients = coefficients
    made.trim()
    return made


def _series(order: int, columns: Sequence[list[Any]]) -> list[Series]:
    run, found = new_run(order), []
    for column in columns:
        made = Series(run, column[0], len(column) - 1)
        made.coefficients = column
        found.append(made)
    return found


def _key(row: Primitive, operands: Sequence[Any]) -> tuple[Any, ...]:
    return (row, *[x.hex() if type(x) is float else id(x) for x in operands])


def _made(row: Primitive, run: Run, operands: Sequence[Any]) -> Any:
    """The series of an operation, of which the first coefficient is known."""
    heads = [x.coefficients[0] if moves_in(x, run) else x for x in operands]
    if row is rules.where and type(gate := heads[0]) is float:
        chosen = operands[1] if gate else operands[2]
        return chosen if moves_in(chosen, run) else _constant(run, chosen)
    head = row(*heads)
    if row is rules.where:
        return Choice(run, head, heads[0], operands[1:])
    if not row.variadic and not any(map(callable, row.partials)):
        pairs = [(p, x) for p, x in zip(row.partials, operands, strict=True) if moves_in(x, run) and not is_nothing(p)]
        return Linear(run, head, pairs) if pairs else _constant(run, head)
    if row is rules.mul:
        x, y = operands
        if moves_in(x, run) and moves_in(y, run):
            return Product(head, x, y)
        return Linear(run, head, [(y, x) if moves_in(x, run) else (x, y)])
    if row is rules.div and moves_in(operands[1], run):
        return Quotient(head, *operands)
    if row is rules.pow_ and type(y := operands[1]) is float and 2.0 <= y <= LARGEST_PRODUCT and y.is_integer():
        return _power(head, operands[0], int(operands[1]))
    if row is rules.pow_:
        x, y = operands
        if _is_usual_power(run.order, heads[0], heads[1], head) and (heads[0] > 0.0 or not moves_in(y, run)):
            return _power_by_logarithm(run, head, x, y)
    return Application(row, run, head, operands)


def _constant(run: Run, x: Any) -> Any:
    """A constant: a number for rules, but for the user's function something that has the methods of a series."""
    return Series(run, x) if run.known is None else x


def _power(head: Any, x: Any, n: int) -> Any:
    """xⁿ by products, exact where derivatives are 0, and at x = 0 and ∞."""
    result, square = None, x
    while n:
        if n % 2:
            result = square if result is None else rules.mul(result, square)
        n //= 2
        square = rules.mul(square, square) if n else square
    result.coefficients[0] = head  # type: ignore[union-attr]
    return result


def _is_usual_power(order: int, base: Any, exponent: Any, power: Any) -> bool:
    """Whether these are floats, so far from 0 and infinity that no power of the base on the way leaves the range."""
    if not type(base) is type(exponent) is float or exponent == 0.0:
        return False
    if not (0.0 < abs(base) < INF and 0.0 < abs(power) < INF):
        return False
    return order * abs(math.log(abs(base))) + abs(math.log(abs(power))) < FARTHEST


def _power_by_logarithm(run: Run, head: Any, x: Any, y: Any) -> Series:
    """out′ = out (y ln |x|)′, where the partials of the row would be powers of powers, and order³ in all."""
    logarithm = rules.mul(y, rules.log(rules.abs_(x)))
    made = Application(rules.pow_, run, head, (logarithm,))
    made.pairs = [(made, logarithm)]
    return made


def _complete(out: Series, row: Primitive, operands: Sequence[Any]) -> None:
    """Compute all coefficients of a series, and those of the partials that it needs."""
    if out.is_complete():  # a constant, or the branch of a `where`
        return
    if type(out) is not Application:
        out.fill()
        return
    run = out.run
    run.known = {_key(row, operands): (out, operands)}
    try:
        _advance(_needed(out), run.order)
    finally:
        run.known = None
    out.release()


def _advance(needed: Sequence[Series], order: int) -> None:
    """Order by order, so that nothing is recursive: partials lag behind."""
    for each in (*reversed(needed), *needed):
        each.settle()
    steps = [(each.coefficients.append, each.term, min(each.end, each.wanted)) for each in needed]
    for n in range(1, order + 1):
        for keep, term, last in steps:
            if n <= last:
                keep(term(n))


def _needed(out: Series) -> list[Series]:
    """The incomplete series that it is computed from, and itself, operands first."""
    out.wanted = out.run.order
    found, queue = {out.number: out}, deque([out])
    while queue:
        each = queue.popleft()
        for x, lag in each.needs():
            if x.wanted < each.wanted - lag and not x.is_complete():
                x.wanted = each.wanted - lag
                found[x.number] = x
                queue.append(x)
    return [found[number] for number in sorted(found)]
