"""Format nodes and graphs as expressions, and as programs that reproduce a failure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.check.definitions import defining
from autograd.check.tape import Line, Tape
from autograd.origin import position
from autograd.rules import INFIX
from autograd.value import Value

LONGEST = 60  # lines of a program that is still printed
IMPORTS = "from autograd import PRIMITIVES, Value, check_gradients"


def expression(line: Line) -> str:
    """One node with its operands' numbers: `tanh(0.5)`, `2.0 * 3.0`."""
    return call(line.primitive.name, [repr(x) for x in line.operands])


def call(name: str, arguments: Sequence[str]) -> str:
    """A primitive applied to operands given as text, in infix notation where there is one.

    >>> call("mul", ["x", "2.0"]), call("atan2", ["x", "y"]), call("neg", ["x"])
    ('x * 2.0', 'atan2(x, y)', '-x')
    """
    if name in INFIX and len(arguments) == 2:
        return f" {INFIX[name]} ".join(arguments)
    if name == "neg":
        return f"-{arguments[0]}"
    shown = arguments if len(arguments) <= 8 else [*arguments[:4], "…", *arguments[-3:]]
    return f"{name}({', '.join(shown)})"


def letters(count: int) -> list[str]:
    """Names for operands: x, y, z; or x0, x1, … for more.

    >>> letters(2), letters(4)
    (['x', 'y'], ['x0', 'x1', 'x2', 'x3'])
    """
    return ["x", "y", "z"][:count] if count <= 3 else [f"x{i}" for i in range(count)]


def where_made(node: Value) -> str:
    """The line of the user's program that made a node; '' where that was not recorded."""
    made = position(node)
    return str(made) if made else ""


def check_of_line(line: Line) -> str:
    """A program that checks the rule behind one node on the node's operands."""
    names = letters(len(line.operands))
    moving = [edge.operand for edge in line.edges]
    row = f'PRIMITIVES["{line.primitive.name}"]'
    if len(moving) < len(names):
        arguments = [names[i] if i in moving else number(x) for i, x in enumerate(line.operands)]
        row = f"lambda {', '.join(names[i] for i in moving)}: {row}({', '.join(arguments)})"
    call = f"check_gradients({', '.join([row, *[number(line.operands[i]) for i in moving]])})"
    return "\n".join([IMPORTS, *defining([line.primitive]), "", call])


def check_of_tape(tape: Tape, order: int = 1) -> str:
    """A program that rebuilds a graph and checks it; '' when it would be too long to read."""
    if len(tape.lines) > LONGEST:
        return ""
    names = {slot: f"x{i}" for i, slot in enumerate(tape.leaves)} | {line.slot: f"v{line.slot}" for line in tape.lines}
    body = [f"    {names[line.slot]} = {_made(line, names)}" for line in tape.lines]
    head = f"def f({', '.join(names[slot] for slot in tape.leaves)}):"
    numbers = [number(tape.nodes[slot].data) for slot in tape.leaves]
    last = f"    return {names[len(tape.nodes) - 1]}"
    options = [f"order={order}"] if order != 1 else []
    own = defining([line.primitive for line in tape.lines])
    return "\n".join(
        [IMPORTS, *own, "", head, *body, last, "", f"check_gradients({', '.join(['f', *numbers, *options])})"]
    )


def _made(line: Line, names: dict[int, str]) -> str:
    operands = zip(line.slots, line.operands, strict=True)
    arguments = ", ".join([number(x) if slot is None else names[slot] for slot, x in operands])
    if not line.opaque:
        return f'PRIMITIVES["{line.primitive.name}"]({arguments})'
    partials = ", ".join([number(edge.recorded) for edge in line.edges])
    return f"Value({number(line.node.data)}, [{arguments}], [{partials}], op={line.primitive.name!r})"


def number(x: float) -> str:
    """A float as Python reads it back.

    >>> number(0.1), number(float("-inf"))
    ('0.1', "float('-inf')")
    """
    return repr(x) if math.isfinite(x) else f"float('{x}')"


def digits(x: Any) -> str:
    """A number of any arithmetic as text: a float in full, a longer number with 25 digits."""
    context = getattr(x, "context", None)
    return str(context.nstr(x, 25)) if context is not None else repr(x)
