"""Prepare a program for grouping: flatten sums, write means over the samples as equations, drop dead equations.

With a batch an output is a mean over the samples. What only an output looks at need not exist for every sample: the
mean of a product is a dot over the samples (BP3 for a batch), and the mean of a sum is the sum of the means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd import rules
from autograd.compiler.chains import NONE
from autograd.compiler.program import Atom, Equation, Program, moved_to
from autograd.compiler.reassociate import replaced
from autograd.primitive import Primitive

# Beside the rows of the table: what turns numbers of all samples into one that they share.
MEAN = "mean"  # of x: Σ x / B over the B samples
MEAN_DOT = "mean_dot"  # of (w…, x…): Σ (w₁ x₁ + w₂ x₂ + …) / B
Operation = Primitive | str


@dataclass(frozen=True)
class Scalars:
    """Equations as lists: `operations[i]` of `operands[i]` gives place `first + i`; `batched[place]` is a flag."""

    program: Program  # names, guards and whatever else does not change; its equations are replaced
    operations: list[Operation]
    operands: list[tuple[Atom, ...]]
    outputs: list[Atom]
    batched: bytearray
    moved: dict[int, int]  # places of the program as given, for those that are still there

    @property
    def first(self) -> int:
        """The place of the first equation."""
        return len(self.program.names)


def scalars(flattened: Program) -> Scalars:
    """A program whose sums are flattened with means over the samples as equations of their own."""
    flat = neurons(flattened)
    operations: list[Operation] = [equation.primitive for equation in flat.equations]
    operands = [equation.operands for equation in flat.equations]
    batched = _batched(flat, operands)
    outputs = list(flat.outputs)
    if flat.batched and not flat.per_sample:
        outputs = _Means(flat, operations, operands, batched).outputs()
    return _live(flat, operations, operands, outputs, batched)


def neurons(program: Program) -> Program:
    """Sums of products and of single terms in two: the products with a bias, which may be a row of W x + b, the rest.

    >>> from autograd.compiler.program import Equation
    >>> equations = (Equation(rules.dot, (0, -1.0, 1, 2, 3)),)
    >>> print(neurons(Program(("w", "x", "y", "b"), equations, (), (4,))))
    program(w, x, y, b):
        t4 = dot(w, x, b)
        t5 = sub(t4, y)
        return t5

    A product that comes m times, as in the derivative of x x, is m times one.
    """
    first = len(program.names)
    shared = set(program.shared)
    means = set(program.outputs) if program.batched and not program.per_sample else set()  # split in another way
    dots = [place for place, (row, _) in enumerate(program.equations, first) if row is rules.dot and place not in means]
    found = {place: _split(program.equations[place - first].operands, shared) for place in dots}
    return _in_two(program, found) if any(found.values()) else program


Parts = tuple[tuple[Atom, ...], list[tuple[float, Atom]]]  # the operands of a dot, and (factor, x) of other terms


def _in_two(program: Program, found: Mapping[int, Parts | None]) -> Program:
    """The program with those dots in two equations."""
    first = len(program.names)
    equations: list[Equation] = []
    moved: list[int] = list(range(first))
    for place, (row, operands) in enumerate(program.equations, first):
        parts = found.get(place)
        inner, rest = parts or (operands, [])
        equations.append(Equation(row, moved_to(inner, moved)))
        if parts and not rest:
            times = float((len(operands) - 1) // (len(inner) - 1))
            equations.append(Equation(rules.mul, (times, first + len(equations) - 1)))
        elif parts:
            singles = [(factor, moved[x] if type(x) is int else x) for factor, x in rest]
            equations.append(_with_singles(first + len(equations) - 1, singles))
        moved.append(first + len(equations) - 1)
    return replaced(program, equations, moved)


def _split(operands: tuple[Atom, ...], shared: set[int]) -> Parts | None:
    """The dot of the products alone, and the other terms; None where one of them can be the bias, or there are none."""
    n = len(operands) // 2
    if float not in map(type, operands[:-1]):
        return (once, []) if (once := _once(operands)) else None
    bias = operands[-1]
    products: list[tuple[Atom, Atom]] = []
    singles: list[tuple[float, Atom]] = []
    for w, x in zip(operands[:n], operands[n:-1], strict=True):
        if type(w) is float or type(x) is float:
            singles.append((w, x) if type(w) is float else (float(x), w))
        else:
            products.append((w, x))
    no_bias = type(bias) is float and bias == 0.0
    if not products or not singles or (no_bias and len(singles) == 1 and singles[0][0] == 1.0):
        return None
    if no_bias:
        chosen = next((i for i, (c, x) in enumerate(singles) if c == 1.0 and x in shared), None)
        bias = NONE if chosen is None else singles.pop(chosen)[1]
    return (*[w for w, _ in products], *[x for _, x in products], bias), singles


def _once(operands: tuple[Atom, ...]) -> tuple[Atom, ...] | None:
    """The dot with each pair once, of one in which all come as often, one after the other; else None."""
    n = len(operands) // 2
    left, right, bias = operands[:n], operands[n:-1], operands[-1]
    if n < 2 or left[0] != left[1] or right[0] != right[1] or type(bias) is int or bias != 0.0:
        return None
    times = next((i for i in range(2, n) if left[i] != left[0] or right[i] != right[0]), n)
    if n % times or any(side[i::times] != side[::times] for side in (left, right) for i in range(1, times)):
        return None
    return (*left[::times], *right[::times], bias)


def _with_singles(inner: int, singles: list[tuple[float, Atom]]) -> Equation:
    if len(singles) == 1 and abs(singles[0][0]) == 1.0:
        ((factor, x),) = singles
        return Equation(rules.add if factor == 1.0 else rules.sub, (inner, x))
    return Equation(rules.dot, (1.0, *[c for c, _ in singles], inner, *[x for _, x in singles], NONE))


def _batched(program: Program, operands: Sequence[tuple[Atom, ...]]) -> bytearray:
    batched = bytearray(len(program.names) + len(operands))
    for place in program.batched:
        batched[place] = 1
    if program.batched:
        for place, atoms in enumerate(operands, len(program.names)):
            for atom in atoms:
                if type(atom) is int and batched[atom]:
                    batched[place] = 1
                    break
    return batched


class _Means:
    """Replaces each output that depends on the sample by its mean, which is shared."""

    def __init__(
        self, program: Program, operations: list[Operation], operands: list[tuple[Atom, ...]], batched: bytearray
    ) -> None:
        self.program, self.operations, self.operands, self.batched = program, operations, operands, batched
        self.first = len(program.names)
        self.used = bytearray(len(batched))
        for atoms in operands:
            for atom in atoms:
                if type(atom) is int:
                    self.used[atom] = 1
        self.known: dict[Atom, Atom] = {}

    def outputs(self) -> list[Atom]:
        return [self.mean(atom) for atom in self.program.outputs]

    def varies(self, atom: Atom) -> bool:
        return type(atom) is int and bool(self.batched[atom])

    def mean(self, atom: Atom) -> Atom:
        if not self.varies(atom):
            return atom
        if atom not in self.known:
            self.known[atom] = self._mean(int(atom))
        return self.known[atom]

    def _mean(self, place: int) -> Atom:
        if place >= self.first and not self.used[place]:
            operation, operands = self.operations[place - self.first], self.operands[place - self.first]
            if operation is rules.mul and all(map(self.varies, operands)):
                return self.new(MEAN_DOT, operands, shared=True)
            if operation is rules.mul:
                return self._of_sum(operands[:1], operands[1:], NONE, place)
            if operation is rules.dot:
                n = len(operands) // 2
                return self._of_sum(operands[:n], operands[n:-1], operands[-1], place)
        return self.new(MEAN, (place,), shared=True)

    def _of_sum(self, w: Sequence[Atom], x: Sequence[Atom], bias: Atom, place: int) -> Atom:
        """The mean of Σ w x + bias: products of two batched factors are a dot over the samples too."""
        pairs = list(zip(w, x, strict=True))
        both = [pair for pair in pairs if self.varies(pair[0]) and self.varies(pair[1])]
        one = [pair for pair in pairs if self.varies(pair[0]) != self.varies(pair[1])]
        rest = [pair for pair in pairs if not (self.varies(pair[0]) or self.varies(pair[1]))]
        if self.varies(bias):
            one.append((1.0, bias))
            bias = NONE
        if not both and not rest and type(bias) is float:
            return self.new(MEAN, (place,), shared=True)
        terms: list[tuple[Atom, Atom]] = list(rest)
        if both:
            terms.append((1.0, self.new(MEAN_DOT, (*[p for p, _ in both], *[q for _, q in both]), shared=True)))
        if one:
            terms.append((1.0, self.new(MEAN, (self._inner(one),), shared=True)))
        if len(terms) == 1 and terms[0][0] == 1.0 and type(bias) is float and bias == 0.0:
            return terms[0][1]
        return self.new(rules.dot, (*[p for p, _ in terms], *[q for _, q in terms], bias), shared=True)

    def _inner(self, pairs: Sequence[tuple[Atom, Atom]]) -> Atom:
        if len(pairs) == 1 and pairs[0][0] == 1.0 and type(pairs[0][0]) is float:
            return pairs[0][1]
        return self.new(rules.dot, (*[p for p, _ in pairs], *[q for _, q in pairs], NONE), shared=False)

    def new(self, operation: Operation, operands: tuple[Atom, ...], shared: bool) -> int:
        self.operations.append(operation)
        self.operands.append(operands)
        self.batched.append(not shared)
        return self.first + len(self.operations) - 1


def _live(
    program: Program,
    operations: list[Operation],
    operands: list[tuple[Atom, ...]],
    outputs: Sequence[Atom],
    batched: bytearray,
) -> Scalars:
    """Without the equations that no output or guard needs; splitting means leaves some."""
    first = len(program.names)
    live = bytearray(first + len(operations))
    for atom in (*outputs, *(place for guard in program.guards for place in guard.places)):
        if type(atom) is int:
            live[atom] = 1
    for i in range(len(operations) - 1, -1, -1):
        if live[first + i]:
            for atom in operands[i]:
                if type(atom) is int:
                    live[atom] = 1
    places = [*range(first), *(place for place in range(first, len(live)) if live[place])]
    if len(places) == len(live):
        return Scalars(program, operations, operands, list(outputs), batched, {place: place for place in places})
    moved = dict(zip(places, range(len(places)), strict=True))
    kept = [place - first for place in places[first:]]
    return Scalars(
        program,
        [operations[i] for i in kept],
        [tuple([moved[atom] if type(atom) is int else atom for atom in operands[i]]) for i in kept],
        [moved[atom] if type(atom) is int else atom for atom in outputs],
        bytearray(batched[place] for place in places),
        moved,
    )
