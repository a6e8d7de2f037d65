"""A counterexample as a graph of the engine's own Values, with the submission's numbers in the labels."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from autograd import functions
from autograd.drawing import Drawing, draw
from autograd.grading.program import DEEP, Program, Ref
from autograd.value import Value

INFIX = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow}


def drawn(program: Program, yours: Mapping[str, float]) -> Drawing:
    """The graph with the right numbers; what differs (`x.grad`, `a.data`) is named with the submission's number.

    >>> from autograd.grading.program import Line
    >>> picture = drawn(Program((3.0,), (Line("mul", (Ref(0), Ref(0))),)), {"x.grad": 3.0})
    >>> "yours: grad 3" in picture.svg
    True
    """
    names = program.names
    values: list[Value] = [Value(x, label=_label(name, yours)) for x, name in zip(program.inputs, names, strict=False)]
    lines = program.lines if len(program.lines) < DEEP else program.lines[:5]
    for line, name in zip(lines, names[len(values) :], strict=False):
        out = _applied(line.operation, [values[x.slot] if isinstance(x, Ref) else x for x in line.operands])
        out.label = _label(name, yours)
        values.append(out)
    roots = program.roots if len(lines) == len(program.lines) else (len(values) - 1,)
    for root in roots:
        values[root].backward()
    return draw([values[root] for root in dict.fromkeys(roots)])


def _label(name: str, yours: Mapping[str, float]) -> str:
    wrong = [f"{kind} {yours[f'{name}.{kind}']:.6g}" for kind in ("data", "grad") if f"{name}.{kind}" in yours]
    return f"{name} (yours: {', '.join(wrong)})" if wrong else name


def _applied(operation: str, operands: list[Any]) -> Any:
    if operation == "neg":
        return -operands[0]
    if operation == "sum":
        return sum(operands)
    return INFIX[operation](*operands) if operation in INFIX else getattr(functions, operation)(*operands)
