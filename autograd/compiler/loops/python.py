"""Programs with loops as Python source."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.printing import INDENT, Writing
from autograd.compiler.python import question, statement, wrapped


def source(looped: Looped) -> str:
    """The program as the Python function `program(inputs)`, as `compiler.python.source` has it without loops.

    >>> from autograd.compiler.loops.loop import Loop
    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (1, 0)),))
    >>> print(source(Looped(Program(("x", "w"), (), (), (11,)), (Loop(body, 10, (1,), (0,), ()),))))
    def program(inputs):
        x, w = inputs
        x_ = x
        for i in range(10):
            t2 = x_ * w
            x_ = t2
        return [x_]
    <BLANKLINE>

    Guards are asked at the end, in their order.
    """
    return "\n".join(["def program(inputs):", *[INDENT + line for line in _lines(looped)]]) + "\n"


def _lines(looped: Looped) -> Iterator[str]:
    names = looped.names
    if names:
        yield from wrapped("", [*names[:-1], names[-1] + "," * (len(names) == 1)], " = inputs")
    writing = Writing(looped, statement, wrapped)
    yield from writing.lines()
    for number, guard in enumerate(looped.head.guards):
        yield from question(guard, number, writing.text)
    yield from wrapped("return [", list(map(writing.text, looped.outputs)), "]")
