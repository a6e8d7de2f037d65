"""The forms of a program that back ends start from: as it is, with its sums flattened, and as a vector program."""

from __future__ import annotations

from functools import cached_property

from autograd.compiler.program import Program
from autograd.compiler.reassociate import sums
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.recover import recovered


class Forms:
    """The forms of a program, each made when it is first asked for, and once: they take most of a build's time.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import add
    >>> forms = Forms(Program(("x",), (Equation(add, (0, 1.0)), Equation(add, (1, 0))), (), (2,)))
    >>> print(forms.flattened)
    program(x):
        t1 = dot(1.0, 1.0, x, x, 1.0)
        return t1
    >>> print(forms.vectors)
    loss = sum(x) + 1.0  # (1,)
    return loss
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def flattened(self) -> Program:
        """With every sum as one equation: see `sums`."""
        return sums(self.program)

    @cached_property
    def vectors(self) -> VectorProgram:
        """As equations on arrays: see `recover`."""
        return recovered(self.flattened)
