"""The operators and functions of Value, made from their rows and installed on the class.

An operator is one flat function: Python source with what its row computes (inline.py) written between the question
whether a block is open and the slots of the new node. All other cases, `generally`, are left to the row.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.inline import computation, function
from autograd.primitive import Primitive
from autograd.scopes import active, answering, open_blocks
from autograd.value import Value, as_float

if TYPE_CHECKING:
    from autograd.signatures import Unary


def _constant(x: Any) -> Any:
    """A plain number as a float; NotImplemented for anything else, as operators answer to foreign types."""
    if type(x) is float:
        return x
    if type(x) is int:
        return float(x)
    try:
        return NotImplemented if isinstance(x, Value) else as_float(x)
    except TypeError:
        return NotImplemented


def _is_foreign(x: Any) -> bool:
    return not isinstance(x, Value) and _constant(x) is NotImplemented


_COMPARISON = """def compare(self, other):
    if open_blocks and active() is not None:
        return generally(self, other)
    kind = type(other)
    if kind is Value:
        return self._data {sign} other._data
    if kind is float:
        return self._data {sign} other
    return generally(self, other)
"""


def _comparison(sign: str, compare: Callable[[float, float], bool]) -> Callable[[Value, Any], bool]:
    """A comparison of data; while something is recorded, the recorder answers."""

    def generally(self: Value, other: Any) -> Any:
        number = other._data if isinstance(other, Value) else _constant(other)
        if number is NotImplemented:
            return NotImplemented
        if (recorder := answering()) is not None:
            return recorder.compare(sign, self, other)
        return compare(self._data, number)

    return _function(_COMPARISON.format(sign=sign), "compare", None, {"generally": generally})


def maker(
    primitive: Primitive,
    operands: Sequence[str | float],
    edges: Sequence[int],
    call: str,
    indent: str,
    names: dict[str, Any],
    kind: str = "Value",
    more: Sequence[str] = (),
) -> str:
    """Source that makes a node of `primitive` from the floats x and y; the operands `edges` are the parents.

    Where arithmetic raises, the expression `call` has the answer. The node is of the class `kind`; the statements
    `more` come before it is returned.

    >>> from autograd.rules import neg
    >>> print(maker(neg, ("operand",), (0,), "neg(operand)", "", {}), end="")
    try:
        data = -x
    except (ArithmeticError, ValueError):
        return neg(operand)
    out = new(Value)
    out._data = data
    out._grad = 0.0
    out.primitive = primitive
    out._x = operand
    out._y = None
    out._dx = -1.0
    out._dy = None
    return out
    """
    numbers = [letter if isinstance(x, str) else x for letter, x in zip(("x", "y"), operands, strict=False)]
    lines, partials = computation(primitive, numbers, edges, names)
    slots = {"_x": operands[0], "_y": operands[1] if operands[1:] else None, "_dx": None, "_dy": None}
    slots |= {("_dx", "_dy")[i]: partial for i, partial in zip(edges, partials, strict=True)}
    lines = ["try:", *[f"    {line}" for line in lines], "except (ArithmeticError, ValueError):"]
    lines += [f"    return {call}", f"out = new({kind})", "out._data = data", "out._grad = 0.0"]
    lines += [
        "out.primitive = primitive",
        *[f"out.{slot} = {text}" for slot, text in slots.items()],
        *more,
        "return out",
    ]
    return "".join(f"{indent}{line}\n" for line in lines)


RECORDED: dict[Primitive, dict[type, Callable[[Any], Any]]] = {}
"""For each function of one operand what takes its place on a number of a type that a recording has."""

_UNARY = """def {name}(x):
    if type(x) is not Value or (open_blocks and active() is not None):
        return recorded[type(x)](x) if type(x) in recorded else primitive(x)
    operand = x
    x = x._data
"""


@cache  # a function and the method of that name are one
def unary(primitive: Primitive) -> Unary:
    """The function of a primitive of one operand, also a method: what `primitive(x)` does, flat."""
    names: dict[str, Any] = {"recorded": RECORDED.setdefault(primitive, {})}
    body = maker(primitive, ("operand",), (0,), "primitive(operand)", "    ", names)
    return _function(_UNARY.format(name=primitive.name) + body, primitive.name, primitive, names)


_FORWARD = """def forward(self, other):
    if open_blocks and active() is not None:
        return generally(self, other)
    kind = type(other)
    if kind is Value:
        x = self._data
        y = other._data
{both}    if kind is float:
        y = other
    elif kind is int:
{usual}        y = 1.0 * other
    else:
        return generally(self, other)
    x = self._data
{one}"""

_USUAL = """        if other == {number}:
            x = self._data
{one}"""

_REFLECTED = """def reflected(self, other):
    if open_blocks and active() is not None:
        return generally(other, self)
    kind = type(other)
    if kind is float:
        x = other
    elif kind is int:
        x = 1.0 * other
    else:
        return generally(other, self)
    y = self._data
{one}"""


def _binary(
    primitive: Primitive, usual: Sequence[int] = ()
) -> tuple[Callable[[Value, Any], Any], Callable[[Value, Any], Any]]:
    """The operator of a primitive of two operands and its reflection; `usual` integers have lines of their own."""

    def generally(left: Any, right: Any) -> Any:
        return NotImplemented if _is_foreign(left) or _is_foreign(right) else primitive(left, right)

    names: dict[str, Any] = {"generally": generally}
    both = maker(primitive, ("self", "other"), (0, 1), "primitive(self, other)", " " * 8, names)
    one = maker(primitive, ("self", "y"), (0,), "primitive(self, other)", " " * 4, names)
    few = [
        _USUAL.format(
            number=n, one=maker(primitive, ("self", float(n)), (0,), "primitive(self, other)", " " * 12, names)
        )
        for n in usual
    ]
    reflected = maker(primitive, ("x", "self"), (1,), "primitive(other, self)", " " * 4, names)
    return (
        _function(_FORWARD.format(both=both, one=one, usual="".join(few)), "forward", primitive, names),
        _function(_REFLECTED.format(one=reflected), "reflected", primitive, names),
    )


def _function(source: str, name: str, primitive: Primitive | None, names: dict[str, Any]) -> Callable[..., Any]:
    names |= {
        "new": object.__new__,
        "active": active,
        "open_blocks": open_blocks,
        "primitive": primitive,
        "Value": Value,
    }
    made = function(source, name, names)
    made.__module__ = __name__
    if primitive is not None:
        recording = f"Record {primitive.signature()} = {primitive.formula}"
        made.__doc__ = primitive.__doc__ if name == primitive.name else recording
    return made


# --- what Value has ---------------------------------------------------------------------------------------------------

_COMPARISONS = {
    "lt": ("<", operator.lt),
    "le": ("<=", operator.le),
    "gt": (">", operator.gt),
    "ge": (">=", operator.ge),
}
BINARY = {
    "add": rules.add,
    "sub": rules.sub,
    "mul": rules.mul,
    "truediv": rules.div,
    "pow": rules.pow_,
    "mod": rules.mod,
}
_USUAL_INTEGERS = {rules.pow_: (2, -1)}
UNARY = {"neg": rules.neg, "abs": rules.abs_, "floor": rules.floor, "ceil": rules.ceil}
_NAMED = (
    *(rules.exp, rules.log, rules.sqrt, rules.sin, rules.cos, rules.tanh, rules.expm1, rules.log1p, rules.tan),
    *(rules.sinh, rules.cosh, rules.square, rules.cbrt, rules.exp2, rules.log2, rules.log10),
    *(rules.relu, rules.sigmoid, rules.softplus),
)
_NUMPY_NAMES = {  # NumPy calls these on the elements of an object array
    "arcsin": rules.asin,
    "arccos": rules.acos,
    "arctan": rules.atan,
    "arcsinh": rules.asinh,
    "arccosh": rules.acosh,
    "arctanh": rules.atanh,
}


METHODS = {f"__{name}__": row for name, row in UNARY.items()} | {row.name: row for row in _NAMED} | _NUMPY_NAMES


def _install() -> None:
    """Give Value its operators and methods; help(Value.__mul__) shows __mul__(self, other)."""
    for name, (sign, compare) in _COMPARISONS.items():
        _set_operator(f"__{name}__", _comparison(sign, compare))
    for name, row in BINARY.items():
        forward, reflected = _binary(row, _USUAL_INTEGERS.get(row, ()))
        _set_operator(f"__{name}__", forward)
        _set_operator(f"__r{name}__", reflected)
    for name, row in METHODS.items():
        setattr(Value, name, unary(row))


def _set_operator(name: str, made: Callable[..., Any]) -> None:
    made.__name__, made.__qualname__ = name, f"Value.{name}"
    setattr(Value, name, made)


_install()
