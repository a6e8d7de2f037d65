"""Passes: a program in, a shorter program out that gives the same bits for every input.

Folded are equations of constants alone and identities that hold for *every* float: x·1, x/1, x − 0, x + (−0), −(−x).
Never x − x, 0·x or x + 0, since nan, infinities or −0 would see it (decision 3 in DESIGN.md). Values of primitives are
taken to be functions of their operands: two equal equations are one.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from autograd import rules
from autograd.compiler.program import Atom, Equation, Guard, Program

# (primitive, which operand stays, the constant that the other one has to be): the result is the operand, to the bit.
IDENTITIES = {
    (rules.add, 0, -0.0),
    (rules.add, 1, -0.0),
    (rules.sub, 0, 0.0),
    (rules.mul, 0, 1.0),
    (rules.mul, 1, 1.0),
    (rules.div, 0, 1.0),
    (rules.pow_, 0, 1.0),
}
_NEUTRAL = {(row, kept, struct.pack("d", constant)) for row, kept, constant in IDENTITIES}


def simplified(program: Program) -> Program:
    """All passes: constants folded, equal equations shared, dead ones dropped.

    >>> from autograd.rules import add, exp, mul
    >>> equations = [Equation(exp, (0,)), Equation(mul, (1, 1.0)), Equation(exp, (0,)), Equation(add, (2, 3))]
    >>> print(simplified(Program(("x",), tuple(equations), (), (4,))))
    program(x):
        t1 = exp(x)
        t2 = add(t1, t1)
        return t2
    """
    return without_dead(shared(folded(program)))


def folded(program: Program) -> Program:
    """Constants computed now, and operands instead of what is equal to them.

    >>> from autograd.rules import mul
    >>> folded(Program(("x",), (Equation(mul, (2.0, 3.0)), Equation(mul, (0, 1.0))), (), (1, 2))).outputs
    (6.0, 0)
    """
    first = len(program.names)
    kept: list[Equation] = []
    moved: list[Atom] = list(range(first))
    for primitive, operands in program.equations:
        equation = Equation(primitive, _moved(operands, moved))
        known = _known(equation, kept, first)
        if known is None:
            known = first + len(kept)
            kept.append(equation)
        moved.append(known)
    return _rebuilt(program, kept, moved)


def _known(equation: Equation, kept: Sequence[Equation], first: int) -> Atom | None:
    """The atom that an equation is equal to, if it is."""
    primitive, operands = equation
    if float in (kinds := set(map(type, operands))) and len(kinds) == 1:
        return float(primitive.value(*operands))
    if primitive is rules.pivot and len(operands) == 1:  # the number itself, detached
        return operands[0]
    if primitive is rules.neg and type(inner := operands[0]) is int and inner >= first:
        before = kept[inner - first]
        return before.operands[0] if before.primitive is rules.neg else None
    if len(operands) == 2:
        for place in (0, 1):
            other = operands[1 - place]
            if type(other) is float and (primitive, place, struct.pack("d", other)) in _NEUTRAL:
                return operands[place]
    return None


def shared(program: Program) -> Program:
    """One equation for all that have the same primitive and the same operands; −0 and 0 are different constants.

    >>> from autograd.rules import exp
    >>> len(shared(Program(("x",), (Equation(exp, (0,)), Equation(exp, (0,))), (), (1, 2))).equations)
    1
    """
    first = len(program.names)
    kept: list[Equation] = []
    moved: list[Atom] = list(range(first))
    found: dict[tuple[object, ...], int] = {}
    for primitive, operands in program.equations:
        equation = Equation(primitive, _moved(operands, moved))
        place = found.setdefault((primitive, *map(_exact, equation.operands)), first + len(kept))
        if place == first + len(kept):
            kept.append(equation)
        moved.append(place)
    return _rebuilt(program, kept, moved)


def _exact(atom: Atom) -> int | bytes:
    return struct.pack("d", atom) if type(atom) is float else int(atom)


def without_dead(program: Program) -> Program:
    """Only the equations that an output or a guard needs; the inputs stay.

    >>> from autograd.rules import exp, neg
    >>> len(without_dead(Program(("x",), (Equation(exp, (0,)), Equation(neg, (0,))), (), (2,))).equations)
    1
    """
    first = len(program.names)
    live = bytearray(first + len(program.equations))
    wanted = [*program.outputs, *(place for guard in program.guards for place in guard.places)]
    while wanted:
        atom = wanted.pop()
        if type(atom) is int and not live[atom]:
            live[atom] = 1
            if atom >= first:
                wanted.extend(program.equations[atom - first].operands)
    kept: list[Equation] = []
    moved: list[Atom] = list(range(first))
    for place, (primitive, operands) in enumerate(program.equations, first):
        moved.append(first + len(kept))
        if live[place]:
            kept.append(Equation(primitive, _moved(operands, moved)))
    return _rebuilt(program, kept, moved)


def _moved(atoms: Sequence[Atom], moved: Sequence[Atom]) -> tuple[Atom, ...]:
    return tuple([moved[atom] if type(atom) is int else atom for atom in atoms])


def _rebuilt(program: Program, equations: Sequence[Equation], moved: Sequence[Atom]) -> Program:
    """The program with other equations, every place moved; a guard is kept once, and not at all between constants."""
    guards: dict[Guard, None] = {}
    for guard in program.guards:
        left, right = _moved((guard.left, guard.right), moved)
        if type(left) is int or type(right) is int:
            guards[guard._replace(left=left, right=right)] = None
    return Program(program.names, tuple(equations), tuple(guards), _moved(program.outputs, moved))
