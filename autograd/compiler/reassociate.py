"""Turn sums of any depth into one `dot` each: this re-associates, so it is not for exact programs.

Scalar code adds up one term at a time, and writes a neuron as `w1 * x1 + w2 * x2 + b`. A chain of `add`, `sub`, `neg`,
`total` and `dot` whose inner results are used once becomes a single `dot` with all the terms in their order, and
products used once become its pairs. That is what makes a neuron one equation again, however it was spelt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.chains import NONE, opened
from autograd.compiler.columns import CONSTANT, Columns, Flags, Ints
from autograd.compiler.program import Atom, Equation, Program, moved_to, new_equation
from autograd.compiler.sharing import after, selected

Term = tuple[Atom, Atom]  # a product; a single x is (1.0, x), a number c (1.0, c)
Part = tuple[float, Atom | None, Atom]  # (sign, factor, x), the factor None where there is none: what may be a sum

FEW = 64  # sums among as many equations each: these are not made tuples all at once
_SUMS = {rules.add, rules.sub, rules.total, rules.dot}
_OPERATORS = {rules.add, rules.sub, rules.neg}
_TERMS = _SUMS | {rules.mul, rules.neg}


def sums(program: Program) -> Program:
    """The program with every sum as one equation; a program without nested sums and products comes back as it is.

    >>> from autograd.rules import add, mul
    >>> equations = Equation(mul, (0, 1)), Equation(add, (2, 1)), Equation(add, (3, 0))
    >>> print(sums(Program(("x", "w"), equations, (), (4,))))
    program(x, w):
        t2 = dot(x, 1.0, w, x, w)
        return t2

    Values change by re-association only, and not at all where terms cancel: there the roundings may be wanted. The
    bias of a dot is the sum of the numbers among the terms, else the first single term, else −0.0. Signs are factors
    −1.0: of an equation on its own where both factors are places already.
    """
    if isinstance(program.equations, Columns):
        return _of_columns(program, program.equations)
    single, outer = _single_terms(program)
    found, absorbed = _opened(len(program.names), program.equations, single, outer)
    return _rebuilt(program, absorbed, found) if found else program


def _of_columns(program: Program, columns: Columns) -> Program:
    """The same in arrays, as far as they go."""
    if not len(columns):
        return program
    single, outer = _single_terms_of_columns(program, columns)
    sums, dots, absorbed, left = opened(columns, single)
    outer = outer[left[outer]]
    if len(outer):
        flags = bytearray(columns.first) + bytearray(single)
        equations = columns if len(outer) * FEW < len(columns) else columns.listed()
        found, others = _opened(columns.first, equations, flags, outer.tolist())
        which = np.array(sorted(found), np.int64)
        if len(which):
            absorbed |= np.frombuffer(others, np.bool_)
            columns = columns.replaced(which, Columns.of(columns.first, [found[i] for i in which.tolist()]))
    if columns is program.equations and not len(sums):
        return program
    columns = columns.replaced(sums, dots) if len(sums) else columns
    new = after(columns.first, ~absorbed)
    made = selected(columns, columns.places, columns.numbers, ~absorbed, new)
    return _finished(program, bytearray(absorbed), made, new.tolist())


def _opened(
    first: int, equations: Sequence[Equation], single: bytearray, outer: Sequence[int]
) -> tuple[dict[int, Equation], bytearray]:
    """The sums that are dots now, and for each equation whether it is part of one."""
    absorbed = bytearray(len(equations))
    kept = bytearray(len(equations))
    found: dict[int, Equation] = {}
    for i in outer:
        if not absorbed[i] and not kept[i]:
            terms, inner = _terms(first, equations, i, single)
            if inner:
                cancels = _cancels(first, equations, terms)
                if not cancels:
                    found[i] = _as_dot(terms)
                for place in inner:
                    (kept if cancels else absorbed)[place - first] = 1
    return found, absorbed


def _has(operands: Sequence[Atom], single: bytearray) -> bool:
    """Whether one of them is a sum or product that is looked at once."""
    for x in operands:  # noqa: SIM110 (a generator would take twice as long)
        if type(x) is int and single[x]:
            return True
    return False


def _single_terms(program: Program) -> tuple[bytearray, Sequence[int]]:
    """For each place whether it is a sum or product that is looked at once; the sums that look at such, last first."""
    first, equations = len(program.names), program.equations
    also = [each for each in program.seen if type(each) is int]
    uses = [0] * (first + len(equations))
    for _, operands in equations:
        for atom in operands:
            if type(atom) is int:
                uses[atom] += 1
    for atom in also:
        uses[atom] += 1
    once = [count == 1 and row in _TERMS for count, (row, _) in zip(uses[first:], equations, strict=True)]
    single = bytearray(first) + bytearray(once)
    last = range(len(equations) - 1, -1, -1)
    return single, [i for i in last if (each := equations[i])[0] in _SUMS and _has(each[1], single)]


def _single_terms_of_columns(program: Program, columns: Columns) -> tuple[Flags, Ints]:
    """The same in arrays: over the equations."""
    also = [each for each in program.seen if type(each) is int]
    looks = np.append(columns.places[columns.places != CONSTANT], np.array(also, np.int64))
    counts = np.bincount(looks, minlength=columns.first + len(columns))[columns.first :]
    single: Flags = (counts == 1) & columns.has_row(_TERMS)
    looks_at = columns.any_operand((columns.equation_of >= 0) & single[columns.equation_of])
    return single, np.flatnonzero(looks_at & columns.has_row(_SUMS))[::-1]


def _terms(first: int, equations: Sequence[Equation], i: int, single: bytearray) -> tuple[list[Term], list[int]]:
    """The terms of the sum in equation i, in order, and the places that it swallows."""
    add, mul = rules.add, rules.mul
    terms: list[Term] = []
    inner: list[int] = []
    waiting = _parts(equations[i], 1.0)[::-1]
    while waiting:
        sign, factor, x = waiting.pop()
        if factor is None and type(x) is int and single[x]:
            row, operands = equation = equations[x - first]
            if row is add:  # most of them
                inner.append(x)
                waiting.append((sign, None, operands[1]))
                waiting.append((sign, None, operands[0]))
                continue
            term = _term(operands[0], operands[1], sign) if row is mul else None
            if term is not None:
                inner.append(x)
                terms.append(term)
                continue
            if _opens(equation, sign):
                inner.append(x)
                waiting += _parts(equation, sign)[::-1]
                continue
        terms.append((sign if factor is None else sign * factor if type(factor) is float else factor, x))
    return terms, inner


def _term(w: Atom, x: Atom, sign: float) -> Term | None:
    """A product as a term; None where its sign has no number to go to, or it is a single number with a sign."""
    if type(w) is not float and type(x) is not float:
        return (w, x) if sign == 1.0 else None
    if type(x) is float:
        w, x = x, w
    return (sign * w, x) if w != 1.0 and w != -1.0 else None


def _cancels(first: int, equations: Sequence[Equation], terms: Sequence[Term]) -> bool:
    """Whether a place comes in with both signs, by itself or through a sum or difference that is one of the terms.

    Mathematically it has no part in the result then: what is left of it are roundings, as in (a + b) − a − b, and
    and these may be what is wanted (Knuth, TAOCP 2, 4.2.2; Dekker's splits). So such a sum keeps its order.
    """
    signs: dict[Atom, float] = {}
    for w, x in terms:
        if type(w) is float and type(x) is int and abs(w) == 1.0:
            inner: list[Term] = [(w, x)]
            if x >= first and equations[x - first].primitive in _OPERATORS:
                inner += [(sign, each) for sign, factor, each in _parts(equations[x - first], w) if factor is None]
            for side, each in inner:
                if type(each) is int and signs.setdefault(each, float(side)) != side:
                    return True
    return False


def _opens(equation: Equation, sign: float) -> bool:
    """Whether the terms of an equation can stand in the sum that it is a term of, with that sign."""
    row, operands = equation
    if row is rules.mul:
        return sign == 1.0 or float in map(type, operands)
    if row is rules.dot and sign != 1.0:
        n = len(operands) // 2
        return all(type(w) is float or type(x) is float for w, x in zip(operands[:n], operands[n:-1], strict=True))
    return row in _SUMS or row is rules.neg


def _parts(equation: Equation, sign: float) -> list[Part]:
    """The terms of a sum with that sign; of a product, itself."""
    row, operands = equation
    if row is rules.add:
        return [(sign, None, operands[0]), (sign, None, operands[1])]
    if row is rules.dot:
        n = len(operands) // 2
        bias: list[Part] = [] if _is_nothing(operands[-1]) else [(sign, None, operands[-1])]
        return [*bias, *[_product(sign, w, x) for w, x in zip(operands[:n], operands[n:-1], strict=True)]]
    if row is rules.mul:
        return [_product(sign, *operands)]
    if row is rules.sub:
        return [(sign, None, operands[0]), (-sign, None, operands[1])]
    if row is rules.neg:
        return [(-sign, None, operands[0])]
    return [(sign, None, x) for x in (0.0, *operands)]


def _product(sign: float, w: Atom, x: Atom) -> Part:
    if type(x) is float:
        w, x = x, w
    if type(w) is float and (w == 1.0 or w == -1.0):
        return sign * w, None, x
    return sign, w, x


def _is_nothing(atom: Atom) -> bool:
    return type(atom) is float and atom == 0.0 and math.copysign(1.0, atom) < 0.0


def _as_dot(terms: Sequence[Term]) -> Equation:
    numbers: list[float] = []
    left: list[Atom] = []
    right: list[Atom] = []
    single = -1
    for w, x in terms:
        if type(w) is float:
            if type(x) is float:
                numbers.append(w * x)
                continue
            if w == 1.0 and single < 0:
                single = len(left)
        left.append(w)
        right.append(x)
    bias: Atom = NONE
    if numbers:
        bias = sum(numbers[1:], numbers[0])
    elif single >= 0:
        del left[single]
        bias = right.pop(single)
    return new_equation((rules.dot, (*left, *right, bias)))


def _rebuilt(program: Program, absorbed: bytearray, found: dict[int, Equation]) -> Program:
    first = len(program.names)
    kept: list[Equation] = []
    moved: list[int] = list(range(first))
    is_same = True  # so far every place is what it was
    for i, equation in enumerate(program.equations):
        moved.append(first + len(kept))
        if absorbed[i]:
            is_same = False
        elif is_same:
            kept.append(found.get(i, equation))
        else:
            row, operands = found.get(i, equation)
            kept.append(new_equation((row, tuple([moved[x] if type(x) is int else x for x in operands]))))
    return _finished(program, absorbed, kept, moved)


def _finished(program: Program, absorbed: bytearray, kept: Sequence[Equation], moved: Sequence[int]) -> Program:
    gone = bytearray(len(program.names)) + absorbed
    adjoints = [(delta, x) for delta, x in program.adjoints if not gone[x] and not (type(delta) is int and gone[delta])]
    return replaced(replace(program, adjoints=tuple(adjoints)), kept, moved)


def replaced(program: Program, equations: Sequence[Equation], moved: Sequence[int]) -> Program:
    """The program with these equations, every place that it mentions elsewhere moved."""
    guards = [guard.moved(moved) for guard in program.guards]
    adjoints = [(moved[delta] if type(delta) is int else delta, moved[x]) for delta, x in program.adjoints]
    outputs = moved_to(program.outputs, moved)
    written = equations if isinstance(equations, Columns) else tuple(equations)
    return replace(program, equations=written, guards=tuple(guards), outputs=outputs, adjoints=tuple(adjoints))
