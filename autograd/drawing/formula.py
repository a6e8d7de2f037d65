"""Short texts for the operation of a node, in which constants are part of the operation."""

from __future__ import annotations

from typing import Any

from autograd.drawing.text import clean, number, shorten
from autograd.rules import INFIX

SIGNS = INFIX | {"sub": "−", "mul": "×", "pow": "^", "greater": ">", "at_least": "≥", "equal": "="}
OPERANDS_SHOWN = 6


def head_of(node: Any) -> str:
    """The operation with its constants: `× 3`, `1 −`, `^2`, `leaky_relu(·, 0.01)`; '' for a leaf.

    >>> from autograd import Value, tanh
    >>> x = Value(2.0)
    >>> [head_of(y) for y in (x, x * 3, 1 - x, x**2, x * x, -x, tanh(x))]
    ['', '× 3', '1 −', '^2', '×', '−', 'tanh']
    """
    if node.primitive is None:
        return ""
    name, symbol, operands = node.op, node.primitive.symbol, node.operands
    constants = [x for x in operands if isinstance(x, float)]
    if name in SIGNS:
        return _infix(SIGNS[name], operands)
    if name == "dot" and operands[-1:] == (0.0,):
        return "w·x"
    if node.primitive.variadic:
        return clean(symbol)
    if name == "neg":
        return "−"
    if constants:
        return f"{name}({', '.join(number(x) if isinstance(x, float) else '·' for x in operands)})"
    return clean(name)


def operation_of(node: Any) -> str:
    """The operation without its constants, for a box of several nodes; 'leaf' for a leaf.

    >>> from autograd import Value
    >>> operation_of(Value(2.0) * 3), operation_of(Value(2.0))
    ('×', 'leaf')
    """
    if node.primitive is None:
        return "leaf"
    if node.primitive.variadic:
        return clean(node.primitive.symbol)
    return SIGNS.get(node.op) or clean(node.op)


def _infix(symbol: str, operands: tuple[Any, ...]) -> str:
    left, right = (number(x) if isinstance(x, float) else "" for x in operands)
    space = "" if symbol == "^" else " "
    return f"{left}{space}{symbol}{space}{right}".strip()


def expression_of(node: Any, names: dict[Any, str]) -> str:
    """The operation applied to its operands, for the tooltip: `a × b`, `tanh(z1[0])`, `w·x+b (w1[0,0], 2, …)`.

    >>> from autograd import Value
    >>> a, b = Value(2.0), Value(3.0)
    >>> expression_of(a * b, {a: "a"})
    'a × 3'
    """
    if node.primitive is None:
        return "leaf"
    shown = [_operand(x, names) for x in node.operands[:OPERANDS_SHOWN]]
    if node.op in SIGNS:
        return f" {SIGNS[node.op]} ".join(shown)
    rest = ["…"] if len(node.operands) > OPERANDS_SHOWN else []
    return f"{clean(node.op)}({', '.join(shown + rest)})"


def _operand(x: Any, names: dict[Any, str]) -> str:
    return number(x) if isinstance(x, float) else shorten(names.get(x, "") or number(x.data))
