"""The fast way of an operator: one flat Python function that computes the value and the partials of its row.

It is made from the row itself: the row's partials are called once, with symbols for the operands, and what they do is
written down as source, primitive by primitive. So the rule stays written once, in `rules.py`, and an operation costs
one call instead of five.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd import rules
from autograd.primitive import Primitive

_INFIX = {operator.add: "+", operator.sub: "-", operator.mul: "*"}


class _Listing:
    """Source under way: statements, and the objects that they refer to by name."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.lines: list[str] = []
        self.names = names

    def apply(self, primitive: Primitive, operands: Sequence[Any]) -> _Symbol:
        """A symbol for the result of a primitive, on a line of its own."""
        out = _Symbol(f"t{len(self.lines)}", self)
        self.lines.append(f"{out.name} = {self.spelled(primitive, [self.text(x) for x in operands])}")
        return out

    def text(self, x: Any) -> str:
        """A symbol by name, a number as it is written, or by name where it has no literal."""
        if isinstance(x, _Symbol):
            return x.name
        return repr(float(x)) if float("-inf") < x < float("inf") else self.name("number", float(x))

    def name(self, prefix: str, thing: Any) -> str:
        """The name under which the source finds `thing`."""
        for name, known in self.names.items():
            if known is thing:
                return name
        name = f"{prefix}_{len(self.names)}"
        self.names[name] = thing
        return name

    def spelled(self, primitive: Primitive, operands: Sequence[str]) -> str:
        """The expression of a primitive on floats."""
        if primitive.value in _INFIX:
            return f" {_INFIX[primitive.value]} ".join(operands)
        if primitive.value is operator.neg:
            return f"-{operands[0]}"
        if primitive is rules.where:
            condition, x, y = operands
            return f"{x} if {condition} else {y}"
        if primitive is rules.greater:
            return f"1.0 if {operands[0]} > {operands[1]} else 0.0"
        if primitive is rules.pow_ and operands[1] == "1.0":
            return operands[0]
        call = f"{self.name(primitive.name, primitive.value)}({', '.join(operands)})"
        if primitive is rules.div:
            return f"{operands[0]} / {operands[1]} if {operands[1]} else {call}"
        return call


class _Symbol(float):
    """A float that is not known yet. It has no truth and no order: a rule that asks is called, not written down."""

    name: str
    listing: _Listing

    def __new__(cls, name: str, listing: _Listing) -> _Symbol:
        symbol = super().__new__(cls, "nan")
        symbol.name = name
        symbol.listing = listing
        return symbol

    def __primitive__(self, primitive: Primitive, operands: Sequence[Any]) -> _Symbol:
        return self.listing.apply(primitive, operands)

    def __add__(self, other: Any) -> _Symbol:
        return self.listing.apply(rules.add, (self, other))

    def __radd__(self, other: Any) -> _Symbol:
        return self.listing.apply(rules.add, (other, self))

    def __sub__(self, other: Any) -> _Symbol:
        return self.listing.apply(rules.sub, (self, other))

    def __rsub__(self, other: Any) -> _Symbol:
        return self.listing.apply(rules.sub, (other, self))

    def __mul__(self, other: Any) -> _Symbol:
        return self.listing.apply(rules.mul, (self, other))

    def __rmul__(self, other: Any) -> _Symbol:
        return self.listing.apply(rules.mul, (other, self))

    def __neg__(self) -> _Symbol:
        return self.listing.apply(rules.neg, (self,))

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("which branch a rule takes is not known before it runs")

    __bool__ = __float__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def computation(
    primitive: Primitive, operands: Sequence[Any], wanted: Sequence[int], names: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """Statements that compute a row, the result as `data`, and its partials by the operands `wanted` as expressions.

    Operands are names of floats, or floats. What the source refers to is added to `names`.

    >>> from autograd.rules import mul, exp
    >>> computation(mul, ("x", "y"), [1], {})
    (['data = x * y'], ['x'])
    >>> computation(exp, ("x",), [0], {})[1]
    ['data']
    """
    listing = _Listing(names)
    symbols = [_Symbol(x, listing) if isinstance(x, str) else x for x in operands]
    out = _Symbol("data", listing)
    value = listing.spelled(primitive, [listing.text(x) for x in symbols])
    listing.lines.append(f"data = {value}")
    partials = [_partial(primitive.partials[i], out, symbols, listing) for i in wanted]
    return listing.lines, partials


def _partial(rule: Any, out: _Symbol, operands: Sequence[Any], listing: _Listing) -> str:
    if not callable(rule):
        return repr(rule)
    written = len(listing.lines)
    try:
        return listing.text(rule(out, *operands))
    except TypeError:
        del listing.lines[written:]
        return f"{listing.name('partial', rule)}(data, {', '.join(map(listing.text, operands))})"


def function(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function of that name that `source` defines, with `names` as its globals.

    >>> function("def twice(x):\\n    return 2.0 * x", "twice", {})(3.0)
    6.0
    """
    exec(compile(source, f"<autograd {name}>", "exec"), names)
    found: Callable[..., Any] = names[name]
    return found
