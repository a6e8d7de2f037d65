"""Programs with loops as formulas on arrays: what lies between loops and each body, recovered as vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.loops.parts import parts
from autograd.compiler.program import Program
from autograd.compiler.vector.names import inputs
from autograd.compiler.vector.recover import recover

INDENT = "    "


def formulas(looped: Looped) -> str:
    """The formulas, for reading: what a loop carries and what moves has the names of its body's inputs.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import dot, tanh
    >>> step = [Equation(dot, (0, 1, 4, 5, 6)), Equation(dot, (2, 3, 4, 5, 6))]
    >>> step += [Equation(tanh, (7,)), Equation(tanh, (8,))]
    >>> names = "w_0_0", "w_0_1", "w_1_0", "w_1_1", "h_0", "h_1", "x"
    >>> body = Looped(Program(names, (), (), (9, 10)), tuple(step))
    >>> loop = Loop(body, 5, (0, 1, 2, 3), (4, 5), (range(6, 11),))
    >>> given = (*names[:6], "x_0", "x_1", "x_2", "x_3", "x_4")
    >>> print(formulas(Looped(Program(given, (), (), (30,)), (loop,))))
    for i in range(5):
        x = x[i]
        v1 = W @ h + x  # (2,)
        v2 = tanh(v1)   # (2,)
        h = v2
    """
    return "\n".join(_lines(looped))


def _lines(looped: Looped) -> Iterator[str]:
    for _, part in parts(looped):
        if isinstance(part, Loop):
            yield f"for i in range({part.count}):"
            yield from [INDENT + line for line in _body(part)]
        else:
            yield from str(recover(part.program)).splitlines()[:-1]


def _body(loop: Loop) -> Iterator[str]:
    body, fixed = loop.body, len(loop.invariant)
    first = fixed + len(loop.carried)
    for name, number in _arrays(body.names[first:], body.head):
        atoms = loop.moving[number]
        back = type(atoms) is range and atoms.step < 0
        yield f"{name} = {name}[{f'{loop.count - 1} - i' if back else 'i'}]"
    if body.loops:
        yield from _lines(body)
        return
    *steps, result = str(recover(replace(body.head, equations=body.items))).splitlines()  # type: ignore[arg-type]
    yield from steps
    carried = [name for name, _ in _arrays(body.names[fixed:first], body.head)]
    if carried:
        yield f"{', '.join(carried)} = {result.removeprefix('return ')}"


def _arrays(names: Sequence[str], head: Program) -> Iterator[tuple[str, int]]:
    """The arrays that some inputs are, each with the number of its first."""
    for array in inputs(replace(head, names=tuple(names), outputs=(), equations=())):
        yield array.name, int(array.lanes.flat[0])
