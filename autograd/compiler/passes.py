"""Passes that shorten a program and keep its bits for every input.

Folded are equations of constants alone and identities that hold for *every* float: x·1, x/1, x − 0, x + (−0), −(−x).
Never x − x, 0·x or x + 0, since nan, infinities or −0 would see it (decision 3 in DESIGN.md). Values of primitives are
taken to be functions of their operands: two equal equations are one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from autograd import rules
from autograd._numpy import np
from autograd.compiler.columns import CONSTANT, Columns
from autograd.compiler.program import Atom, Equation, Guard, Program, moved_to, new_equation
from autograd.compiler.sharing import Sharing, after, needed, selected
from autograd.primitive import Primitive

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
_bits = struct.Struct("d").pack
_NEUTRAL = {(row, kept, _bits(constant)) for row, kept, constant in IDENTITIES}
_ASKED = frozenset([rules.neg, rules.pivot])  # may be equal to what they are of
_WITH_IDENTITY = frozenset(row for row, _, _ in IDENTITIES)


class Builder:
    """The equations of a program while it is written: `apply` gives the atom of an application, new or known.

    >>> from autograd.rules import exp, mul
    >>> builder = Builder(1)
    >>> builder.apply(exp, (0,)), builder.apply(mul, (1, 1.0)), builder.apply(exp, (0,)), builder.apply(mul, (2.0, 3.0))
    (1, 1, 1, 6.0)
    """

    def __init__(self, inputs: int, keeps_detached: bool = False) -> None:
        self.first = inputs
        self.keeps_detached = keeps_detached
        self.equations: list[Equation] = []
        self._found: dict[tuple[object, ...], int] = {}

    def apply(self, primitive: Primitive, operands: tuple[Atom, ...]) -> Atom:
        """The place of the equation, or the constant or place that it is equal to."""
        key: tuple[object, ...] = (primitive, operands)
        if primitive in _ASKED or float in map(type, operands):
            known = self.known(primitive, operands, self.equations)
            if known is not None:
                return known
            key = (primitive, *[_bits(each) if type(each) is float else each for each in operands])
        new = self.first + len(self.equations)
        place = self._found.setdefault(key, new)
        if place == new:
            self.equations.append(new_equation((primitive, operands)))
        return place

    def write(self, equations: Iterable[Equation]) -> list[Atom]:
        """Apply all equations of a program with the same inputs; what each of its places has become."""
        moved: list[Atom] = list(range(self.first))
        written, setdefault = self.equations, self._found.setdefault
        new = self.first + len(written)
        is_same = not written  # so far every place is what it was
        for each in equations:
            primitive, atoms = equation = each
            if not is_same:
                if len(atoms) == 2:  # most of them
                    x, y = atoms
                    atoms = (moved[x] if type(x) is int else x, moved[y] if type(y) is int else y)
                else:
                    atoms = moved_to(atoms, moved)
                equation = new_equation((primitive, atoms))
            if float in map(type, atoms) or primitive in _ASKED:
                atom = self.apply(primitive, atoms)
            elif (atom := setdefault(equation, new)) == new:
                written.append(equation)
            if type(atom) is int and atom == new:
                new += 1
            else:
                is_same = False
            moved.append(atom)
        return moved

    def known(self, primitive: Primitive, operands: tuple[Atom, ...], equations: Sequence[Equation]) -> Atom | None:
        """What an application is equal to without being computed: a constant, or an earlier place among `equations`."""
        if float in map(type, operands):
            return _folded(primitive, operands)
        if primitive is rules.pivot:  # of one number: that number, detached
            return operands[0] if len(operands) == 1 and not self.keeps_detached else None
        place = int(operands[0]) - self.first if primitive is rules.neg else -1
        return equations[place].operands[0] if place >= 0 and equations[place].primitive is rules.neg else None


def _folded(primitive: Primitive, operands: tuple[Atom, ...]) -> Atom | None:
    if int not in map(type, operands):
        return float(primitive.value(*operands))
    if primitive in _WITH_IDENTITY:
        x, y = operands
        if type(y) is float:
            return x if (primitive, 0, _bits(y)) in _NEUTRAL else None
        return y if (primitive, 1, _bits(x)) in _NEUTRAL else None
    return None


def shared(program: Program, keeps_detached: bool = False) -> Program:
    """The program with equal equations as one and constants folded, without those that no output or guard needs.

    A detached number is that number, unless `keeps_detached`: no gradient flows through it.

    >>> from autograd.rules import exp, neg
    >>> equations = Equation(exp, (0,)), Equation(exp, (0,)), Equation(neg, (1,)), Equation(neg, (3,))
    >>> print(shared(Program(("x",), equations, (), (2, 4))))
    program(x):
        t1 = exp(x)
        return t1, t1
    """
    if isinstance(program.equations, Columns) and (made := _shared_columns(program, program.equations, keeps_detached)):
        return made
    builder = Builder(len(program.names), keeps_detached)
    if _is_shared(program, builder):
        return without_dead(rebuilt(program, program.equations, range(builder.first + len(program.equations))))
    return without_dead(rebuilt(program, builder.equations, builder.write(program.equations)))


def _shared_columns(program: Program, columns: Columns, keeps_detached: bool) -> Program | None:
    """The same in arrays; None where that would take longer."""
    sharing = Sharing(columns, IDENTITIES, keeps_detached)
    if not sharing.settle():
        return None
    places, numbers = sharing.operands()
    wanted = [int(sharing.place[each]) for each in program.seen if type(each) is int]
    kept = needed(columns, places, sharing.live, [place for place in wanted if place != CONSTANT])
    if kept is None:
        return None
    new = after(columns.first, kept)
    return rebuilt(program, selected(columns, places, numbers, kept, new), sharing.atoms(new, kept, _DEAD))


def _is_shared(program: Program, builder: Builder) -> bool:
    """Whether nothing is to be done: no equation is there twice, or equal to what is known; most programs are so."""
    equations = program.equations
    if len(set(equations)) < len(equations):
        return False  # or a place has the number of a constant
    asked = [each for each in equations if each[0] in _ASKED or float in map(type, each[1])]
    return all(builder.known(row, operands, equations) is None for row, operands in asked)


def without_dead(program: Program) -> Program:
    """Only the equations that an output or a guard needs; the inputs stay.

    >>> from autograd.rules import exp, neg
    >>> len(without_dead(Program(("x",), (Equation(exp, (0,)), Equation(neg, (0,))), (), (2,))).equations)
    1
    """
    live = live_places(program)
    equations, moved = _kept(program, live)
    return rebuilt(program, equations, moved)


def live_places(program: Program) -> bytearray:
    """For each place whether an output or a guard needs it."""
    first, equations = len(program.names), program.equations
    wanted = [atom for atom in program.seen if type(atom) is int]
    if isinstance(equations, Columns):
        kept = needed(equations, equations.places, np.ones(len(equations), np.bool_), wanted)
        if kept is not None:
            return bytearray(first) + kept.tobytes()
    live = bytearray(first + len(equations))
    for used in wanted:
        live[used] = 1
    for place, (_, operands) in zip(range(len(live) - 1, first - 1, -1), reversed(equations), strict=True):
        if live[place]:
            for atom in operands:
                if type(atom) is int:
                    live[atom] = 1
    return live


def _kept(program: Program, live: bytearray) -> tuple[Sequence[Equation], Sequence[Atom]]:
    """The equations of these places, and what each place has become."""
    first, columns = len(program.names), program.equations
    dead = live.find(0, first)
    same = len(live) if dead < 0 else dead  # places before it stay what they are
    moved: list[Atom]
    if isinstance(columns, Columns):
        flags = np.frombuffer(live, np.bool_)[first:]
        new = after(first, flags)
        moved = new.tolist()
        for gone in (first + np.flatnonzero(~flags)).tolist():
            moved[gone] = _DEAD
        return selected(columns, columns.places, columns.numbers, flags, new), moved
    kept, moved = list(columns[: same - first]), list(range(same))
    for alive, (primitive, operands) in zip(live[same:], columns[same - first :], strict=True):
        if alive:
            moved.append(first + len(kept))
            kept.append(new_equation((primitive, moved_to(operands, moved))))
        else:
            moved.append(_DEAD)
    return kept, moved


_new_guard: Callable[[tuple[str, Atom, Atom, bool, str]], Guard] = partial(tuple.__new__, Guard)
_DEAD = float("nan")  # where an equation was; only `adjoints` may still speak of it


def rebuilt(program: Program, equations: Sequence[Equation], moved: Sequence[Atom]) -> Program:
    """The program with other equations, every place moved; a guard is kept once, and not at all between constants."""
    guards: dict[Guard, None] = {}
    for relation, a, b, outcome, where in program.guards:
        left = moved[a] if type(a) is int else a
        right = moved[b] if type(b) is int else b
        if type(left) is int or type(right) is int:
            guards[_new_guard((relation, left, right, outcome, where))] = None
    adjoints = [moved_to(pair, moved) for pair in program.adjoints]
    return replace(
        program,
        equations=equations if isinstance(equations, Columns) else tuple(equations),
        guards=tuple(guards),
        outputs=moved_to(program.outputs, moved),
        adjoints=tuple([(a, b) for a, b in adjoints if type(a) is int and type(b) is int]),
    )
