"""What lies between the loops of a program, as programs: straight lines, which may be recovered as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.lower import identifiers
from autograd.compiler.program import Equation, Program


@dataclass(frozen=True)
class Part:
    """Equations in a row as a program: input i is the place `inputs[i]` of the whole, output i is `outputs[i]`."""

    program: Program
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def parts(looped: Looped, cut: int = -1) -> Iterator[tuple[int, Part | Loop]]:
    """The loops, and the equations between them as parts, each with its first place; a part ends before place `cut`.

    >>> from autograd.rules import mul, sin
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (0, 1)),))
    >>> items = Equation(sin, (0,)), Loop(body, 10, (1,), (2,), ()), Equation(mul, (12, 1))
    >>> for place, part in parts(Looped(Program(("x", "w"), (), (), (13,)), items)):
    ...     print(place, part.program if isinstance(part, Part) else part.count)
    2 program(x):
        t1 = sin(x)
        return t1
    3 10
    13 program(w, v_12):
        t2 = mul(v_12, w)
        return t2
    """
    used = _used_from_outside(looped, cut)
    row: list[Equation] = []
    start = len(looped.names)
    for place, item in looped.placed():
        if place == cut and row:
            yield start, _part(looped, row, start, used)
            row, start = [], place
        if type(item) is Loop:
            if row:
                yield start, _part(looped, row, start, used)
            yield place, item
            row, start = [], place + item.size
        else:
            row.append(item)
    if row:
        yield start, _part(looped, row, start, used)


def _part(looped: Looped, row: list[Equation], start: int, used: set[int]) -> Part:
    inputs = sorted({atom for _, operands in row for atom in operands if type(atom) is int and atom < start})
    outputs = [place for place in range(start, start + len(row)) if place in used]
    moved = dict(zip([*inputs, *range(start, start + len(row))], range(len(inputs) + len(row)), strict=True))
    equations = [
        Equation(primitive, tuple([moved[each] if type(each) is int else each for each in operands]))
        for primitive, operands in row
    ]
    names = identifiers([looped.names[place] if place < len(looped.names) else f"v_{place}" for place in inputs])
    program = Program(tuple(names), tuple(equations), (), tuple([moved[place] for place in outputs]))
    return Part(program, tuple(inputs), tuple(outputs))


def _used_from_outside(looped: Looped, cut: int) -> set[int]:
    """The places that are looked at from another part, a loop, a guard or the result."""
    found = {atom for atom in looped.outputs if type(atom) is int}
    found.update([place for guard in looped.head.guards for place in guard.places])
    start = len(looped.names)  # of the part
    for place, item in looped.placed():
        start = place if place == cut else start
        if type(item) is Loop:
            found.update([atom for atom in item.atoms() if type(atom) is int])
            start = place + item.size
        else:
            found.update([atom for atom in item.operands if type(atom) is int and atom < start])
    return found
