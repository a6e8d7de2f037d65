"""Spell each row of the table: a few operations where there are instructions, else a call.

Code that is not exact may take partial sums, so that a long sum does not wait for each addition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from autograd import rules
from autograd.compiler.llvm.code import Atom, Code
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.primitive import Primitive

Speller = Callable[..., Atom]
PARTIAL_SUMS = ((24, 4), (8, 2))  # (terms from which on, partial sums)


def spell(code: Code, primitive: Primitive, operands: Sequence[Atom]) -> Atom:
    """Append an equation; what comes back is its value, which may be that of an operand.

    >>> from autograd.compiler.llvm.library import Kind, Library
    >>> code = Code(Kind(4), Library())
    >>> spell(code, rules.relu, (spell(code, rules.square, (-1,)),))
    1
    >>> code.texts
    ['fmul <4 x double> %s, %s', 'call <4 x double> @relu_4d(<4 x double> %s)']
    """
    speller = SPELLING.get(primitive)
    return code.call(primitive, *operands) if speller is None else speller(code, *operands)


# --- sums -------------------------------------------------------------------------------------------------------------


def _dot(code: Code, *operands: Atom) -> Atom:
    n = len(operands) // 2
    return _sum(code, operands[-1], list(zip(operands[:n], operands[n:-1], strict=True)))


def _total(code: Code, *operands: Atom) -> Atom:
    return _sum(code, 0.0, [(1.0, x) for x in operands])


def _sum(code: Code, start: Atom, pairs: Sequence[tuple[Atom, Atom]]) -> Atom:
    """start + w₁ x₁ + w₂ x₂ + …; a start of 0 is left out where the sign of a zero may differ."""
    if code.kind.exact:
        return _chain(code, start, pairs)
    count = next((count for least, count in PARTIAL_SUMS if len(pairs) >= least), 1)
    parts = [_chain(code, start if i == 0 else -0.0, pairs[i::count]) for i in range(count)]
    while len(parts) > 1:
        parts = [code.two("fadd", x, y) for x, y in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _chain(code: Code, start: Atom, pairs: Sequence[tuple[Atom, Atom]]) -> Atom:
    result, begun = start, code.kind.exact or not (type(start) is float and start == 0.0)
    for w, x in pairs:
        result = _plus(code, result, w, x) if begun else _product(code, w, x)
        begun = True
    return result


def _plus(code: Code, start: Atom, w: Atom, x: Atom) -> Atom:
    """start + w x; a factor of 1 or −1 is an addition or a subtraction, with the same bits."""
    if type(x) is float:
        w, x = x, w
    if _is(w, 1.0):
        return code.two("fadd", start, x)
    if _is(w, -1.0):
        return code.two("fsub", start, x)
    return code.two("fadd", start, code.two("fmul", w, x))


def _is(atom: Atom, number: float) -> bool:
    return type(atom) is float and atom == number


def _product(code: Code, w: Atom, x: Atom) -> Atom:
    if type(x) is float:
        w, x = x, w
    if _is(w, 1.0):
        return x
    return code.two("fsub", -0.0, x) if _is(w, -1.0) else code.two("fmul", w, x)


def _prod(code: Code, *operands: Atom) -> Atom:
    result: Atom = 1.0
    for x in operands:
        result = _product(code, result, x)
    return result


# --- of any number of operands ----------------------------------------------------------------------------------------


def _pivot(code: Code, *operands: Atom) -> Atom:
    result: Atom = -math.inf
    for x in operands:
        result = code.call("pivot_step", result, x)
    return result


def _logsumexp(code: Code, *operands: Atom) -> Atom:
    largest = _pivot(code, *operands)
    others: Atom = 0.0
    found: Atom = 0.0
    for x in operands:
        others = code.two("fadd", others, code.call("term", x, largest, found))
        found = code.call("count", x, largest, found)
    return code.call("log_of_sum", largest, others)


def _hypot(code: Code, *operands: Atom) -> Atom:
    if code.kind.exact:  # Python has an algorithm of its own
        return code.call(rules.hypot, *operands)
    largest: Atom = 0.0
    for x in operands:
        largest = code.call("larger_size", largest, x)
    squares: Atom = 0.0
    sizes: Atom = 0.0
    for x in operands:
        squares = code.call("add_square", squares, x, largest)
        sizes = code.two("fadd", sizes, code.call("abs", x))
    return code.call("length", largest, squares, sizes)


def _pick(code: Code, index: Atom, *operands: Atom) -> Atom:
    result: Atom = math.nan
    for place, x in enumerate(operands):
        result = code.call("pick_step", result, index, float(place), x)
    return result


# --- one by one -------------------------------------------------------------------------------------------------------


def _instruction(operation: str) -> Speller:
    return lambda code, x, y: code.two(operation, x, y)


def _called(name: str) -> Speller:
    return lambda code, *operands: code.call(name, *operands)


def _either_angle(name: str) -> Speller:
    return lambda code, x: code.sine_or_cosine(name, x)


def _power(code: Code, x: Atom, y: Atom) -> Atom:
    if code.kind.exact or type(y) is not float or y not in POWERS:
        return code.call("pow", x, y)
    return POWERS[y](code, x)


def _squared(code: Code, x: Atom) -> Atom:
    return code.two("fmul", x, x)


def _inverse(code: Code, x: Atom) -> Atom:
    return code.two("fdiv", 1.0, x)


# Powers of a constant that need no logarithm; within 2 ulp of the C library's.
POWERS: Mapping[float, Speller] = {
    0.0: lambda code, x: 1.0,
    1.0: lambda code, x: x,
    2.0: _squared,
    3.0: lambda code, x: code.two("fmul", x, _squared(code, x)),
    4.0: lambda code, x: _squared(code, _squared(code, x)),
    -1.0: _inverse,
    -2.0: lambda code, x: _squared(code, _inverse(code, x)),
    0.5: _called("root"),
    -0.5: _called("inverse_root"),
}


SPELLING: Mapping[Primitive, Speller] = {
    **{row: _called(row.name) for row in vars(rules).values() if isinstance(row, Primitive) and row.name in FUNCTIONS},
    rules.add: _instruction("fadd"),
    rules.sub: _instruction("fsub"),
    rules.mul: _instruction("fmul"),
    rules.div: _instruction("fdiv"),
    rules.neg: lambda code, x: code.two("fsub", -0.0, x),
    rules.square: _squared,
    rules.reciprocal: _inverse,
    rules.pow_: _power,
    rules.sin: _either_angle("sin"),
    rules.cos: _either_angle("cos"),
    rules.total: _total,
    rules.dot: _dot,
    rules.prod: _prod,
    rules.pivot: _pivot,
    rules.largest: _pivot,
    rules.logsumexp: _logsumexp,
    rules.hypot: _hypot,
    rules.pick: _pick,
}
