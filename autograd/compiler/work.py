"""How much a program computes: its operations, and how many of them wait for each other."""

from __future__ import annotations

from collections.abc import Callable

from autograd import rules
from autograd.compiler.program import Program


def operations(program: Program) -> int:
    """Additions, multiplications and function values of one run for one sample.

    >>> from autograd.compiler.program import Equation
    >>> operations(Program(("x", "y"), (Equation(rules.dot, (0, 1, 1, 0, 0.0)), Equation(rules.mul, (2, 2))), (), (3,)))
    3
    """
    return sum(_COUNT.get(row, len)(operands) if row.variadic else 1 for row, operands in program.equations)


_COUNT: dict[object, Callable[[tuple[int | float, ...]], int]] = {rules.dot: lambda operands: len(operands) // 2}


def depth(program: Program) -> int:
    """The length of the longest chain of equations: a vector program has at least as many steps.

    >>> from autograd.compiler.program import Equation
    >>> chain = Equation(rules.exp, (0,)), Equation(rules.exp, (1,)), Equation(rules.sin, (0,))
    >>> depth(Program(("x",), chain, (), ()))
    2
    """
    levels = [0] * len(program.names)
    for _, operands in program.equations:
        levels.append(1 + max([levels[each] for each in operands if type(each) is int], default=0))
    return max(levels, default=0)
