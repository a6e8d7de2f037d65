"""Taylor coefficients of a recorded program: its equations are applied to series of symbols, and become more of them.

The rules are those of `autograd.series`, so every back end computes what eager code would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.passes import rebuilt, without_dead
from autograd.compiler.program import Program
from autograd.compiler.refusal import where_asked
from autograd.compiler.symbols import Writer
from autograd.series.rows import new_run
from autograd.series.terms import Series


def expanded(recorded: Program, along: Mapping[int, int], order: int, numbers: Sequence[float]) -> Program:
    """The program with the coefficients 0, …, `order` of all its outputs instead of them.

    `along` are the inputs that move and those that hold their directions; `numbers` are those of all inputs when it was
    recorded.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import exp
    >>> print(expanded(Program(("x", "dx"), (Equation(exp, (0,)),), (), (2,)), {0: 1}, 2, [0.0, 1.0]))
    program(x, dx):
        t2 = exp(x)
        t3 = mul(t2, dx)
        t4 = mul(t3, dx)
        t5 = div(t4, 2.0)
        return t2, t3, t5
    """
    writer = Writer(recorded, numbers, where_asked)
    run = new_run(order)
    first = len(recorded.names)
    known: list[Any] = [writer.symbol(place) for place in range(first)]
    for place, direction in along.items():
        known[place] = run.variable(known[place], known[direction])
    for place, equation in enumerate(recorded.equations, first):
        operands = [known[each] if type(each) is int else each for each in equation.operands]
        is_moving = any(isinstance(x, Series) for x in operands) and not equation.is_detached
        known.append(equation.primitive(*operands) if is_moving else writer.symbol(place))
    outputs = [known[each] if type(each) is int else each for each in recorded.outputs]
    made = rebuilt(recorded, writer.builder.equations, writer.atoms)
    wanted = tuple([writer.atom(_coefficient(y, k)) for k in range(order + 1) for y in outputs])
    return without_dead(replace(made, guards=(*made.guards, *writer.guards), outputs=wanted))


def _coefficient(y: Any, k: int) -> Any:
    if not isinstance(y, Series):
        return 0.0 if k else y
    return y.coefficients[k] if k <= y.end else 0.0
