"""Match expressions such as `exp(x) - 1` against graphs, in any equivalent spelling.

A name stands for any operand, the same one wherever it occurs; `n` for a plain number. Sums and products match in any
order, `x - y` also x + (−y), `x**2` also x·x and square(x), `sqrt(x)` also x**0.5, `1/x` also reciprocal(x) and x**−1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import permutations
from typing import Any, NamedTuple

from autograd.value import Value

Operand = Value | float


class Match(NamedTuple):
    """The operands that the names of a pattern stand for, and the nodes that it covers."""

    names: Mapping[str, Operand]
    nodes: frozenset[Value]


NOTHING = Match({}, frozenset())
INFIX = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
NUMBER = "n"


def first_match(pattern: str, node: Value) -> Match | None:
    """The first way in which a pattern matches a node.

    >>> from autograd import exp
    >>> x = Value(2.0)
    >>> first_match("exp(x) - 1", -1.0 + exp(x)).names["x"] is x
    True
    """
    return next(_matches(_parsed(pattern), node, NOTHING), None)


@lru_cache(maxsize=512)
def _parsed(pattern: str) -> ast.expr:
    return ast.parse(pattern, mode="eval").body


def plain(x: Operand) -> Operand:
    """x without additions of 0 and multiplications by 1, as `sum` and derivatives of functions begin with."""
    while isinstance(x, Value) and x.op in ("add", "mul"):
        idle = 0.0 if x.op == "add" else 1.0
        kept = [each for each in x.operands if isinstance(each, Value) or each != idle]
        if len(kept) != 1:
            break
        x = kept[0]
    return x


def _matches(pattern: ast.expr, x: Operand, so_far: Match) -> Iterator[Match]:
    x = plain(x)
    match pattern:
        case ast.Name(name):
            yield from _bound(name, x, so_far)
        case ast.Constant(number):
            if not isinstance(x, Value) and x == number:
                yield so_far
        case ast.UnaryOp(ast.USub(), inner):
            yield from _matches_negative(inner, x, so_far)
        case ast.BinOp(left, operator, right) if isinstance(x, Value):
            for first, second in _spellings(INFIX[type(operator)], x, _number(right)):
                for found in _matches(left, first, _covering(so_far, x)):
                    yield from _matches(right, second, found)
        case ast.Call(ast.Name(name), [argument]) if isinstance(x, Value):
            for operand in _arguments(name, x):
                yield from _matches(argument, operand, _covering(so_far, x))


def _bound(name: str, x: Operand, so_far: Match) -> Iterator[Match]:
    known = so_far.names.get(name)
    if name == NUMBER and isinstance(x, Value):
        return
    if known is None:
        yield Match({**so_far.names, name: x}, so_far.nodes)
    elif known is x or (not isinstance(x, Value) and x == known):
        yield so_far


def _covering(so_far: Match, node: Value) -> Match:
    return Match(so_far.names, so_far.nodes | {node})


def _number(pattern: ast.expr) -> float | None:
    return float(pattern.value) if isinstance(pattern, ast.Constant) else None  # type: ignore[arg-type]


def negative_of(x: Operand) -> Operand | None:
    """y where x was spelled −y; None where it was not."""
    if not isinstance(x, Value):
        return -x
    if x.op == "neg":
        return plain(x.operands[0])
    if x.op == "mul" and -1.0 in [each for each in x.operands if not isinstance(each, Value)]:
        return next((each for each in x.operands if isinstance(each, Value)), None)
    return None


def _matches_negative(inner: ast.expr, x: Operand, so_far: Match) -> Iterator[Match]:
    y = negative_of(x)
    if y is not None:
        yield from _matches(inner, y, _covering(so_far, x) if isinstance(x, Value) else so_far)


def _spellings(op: str, node: Value, exponent: float | None) -> Iterator[tuple[Operand, Operand]]:
    """The pairs of operands that make `node` a sum, difference, … ; `exponent` is the number in the pattern's place."""
    operands = node.operands
    found = "add" if node.op == "total" and len(operands) == 2 else node.op
    if op == found and len(operands) == 2:
        yield from permutations(operands, 2) if op in ("add", "mul") else [operands]
    if op == "add" and found == "sub" and (y := negative_of(operands[1])) is not None:
        yield from permutations((operands[0], y), 2)
    if op == "sub" and found == "add":
        for x, y in permutations(operands, 2):
            if (minus := negative_of(y)) is not None:
                yield x, minus
    if op == "pow" and exponent == 2.0 and (base := square_root(node)) is not None and found != "pow":
        yield base, 2.0
    if op == "div" and (divisor := _divisor(node)) is not None:
        yield 1.0, divisor


def square_root(x: Operand) -> Operand | None:
    """y where x was spelled y·y, y**2 or square(y); None where it was not."""
    if not isinstance(x, Value):
        return None
    operands = x.operands
    if x.op == "square" or (x.op == "pow" and operands[1] == 2.0):
        return plain(operands[0])
    return plain(operands[0]) if x.op == "mul" and plain(operands[0]) is plain(operands[1]) else None


def _divisor(node: Value) -> Operand | None:
    if node.op == "reciprocal":
        return node.operands[0]  # type: ignore[no-any-return]
    return node.operands[0] if node.op == "pow" and node.operands[1] == -1.0 else None


POWERS = {"sqrt": 0.5, "cbrt": 1.0 / 3.0}


def _arguments(name: str, node: Value) -> Iterator[Operand]:
    """What a node is the function `name` of."""
    if node.op == name or (name in POWERS and node.op == "pow" and node.operands[1] == POWERS[name]):
        yield node.operands[0]
    elif name == "sigmoid":
        for pattern in ("1 / (1 + exp(-x))", "exp(x) / (1 + exp(x))"):
            if (found := first_match(pattern, node)) is not None:
                yield found.names["x"]


# --- sums of any number of terms --------------------------------------------------------------------------------------


def terms(x: Operand) -> tuple[list[Operand], frozenset[Value]]:
    """The terms of a sum, of whatever shape, and the nodes that add them up.

    >>> a, b, c = Value(1.0), Value(2.0), Value(3.0)
    >>> terms(sum([a, b, c]))[0] == [a, b, c]
    True
    """
    found: list[Operand] = []
    nodes: set[Value] = set()
    waiting: list[Any] = [x]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Value) and each.op in ("add", "total"):
            nodes.add(each)
            waiting += reversed(each.operands)
        elif isinstance(each, Value) or each != 0.0:
            found.append(each)
    return found, frozenset(nodes)
