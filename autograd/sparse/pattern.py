"""Which entries of a Jacobian or Hessian may differ from 0, read off the equations of a graph.

Equations are `(row, operands)`; an operand is a place (the inputs come first, then one place for each equation) or a
number. So a `Program` of the compiler has them, and a graph of Values does (`eager.py`). The pattern is exact in this
sense: an entry that is left out is 0 for every input, and one is in where a path of partials that are not constantly 0
leads there. Terms that cancel (x − x) are not noticed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import compress
from typing import Any, NamedTuple

from autograd.primitive import Primitive
from autograd.sparse.linearity import Linearity, linearity, members

Atom = int | float
Equations = Sequence[tuple[Primitive, tuple[Atom, ...]]]

# Up to that many inputs, a set of them is the bits of an int: a union is one operation. Beyond, sets have few members.
MOST_BITS = 4096


class Pattern(NamedTuple):
    """For each row of a matrix with `width` columns, the columns of its entries, in order.

    >>> Pattern(3, ((0, 2), (1,))).transposed()
    Pattern(width=2, rows=((0,), (1,), (0,)))
    """

    width: int
    rows: tuple[tuple[int, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.rows), self.width

    @property
    def size(self) -> int:
        """The number of entries."""
        return sum(map(len, self.rows))

    def transposed(self) -> Pattern:
        """The pattern with rows and columns swapped."""
        columns: list[list[int]] = [[] for _ in range(self.width)]
        for i, row in enumerate(self.rows):
            for j in row:
                columns[j].append(i)
        return Pattern(len(self.rows), tuple(map(tuple, columns)))


def jacobian_pattern(inputs: int, equations: Equations, outputs: Sequence[Atom], wanted: Sequence[int]) -> Pattern:
    """The pattern of the derivatives of each output by the inputs `wanted`.

    inputs     how many inputs there are: the places before those of the equations
    equations  (row, operands), operands before what uses them
    outputs    places or numbers
    wanted     the inputs to differentiate by, one for each column

    >>> from autograd.rules import mul, sin
    >>> jacobian_pattern(3, [(mul, (0, 2)), (sin, (1,))], [3, 4, 0, 7.0], [0, 1, 2])
    Pattern(width=3, rows=((0, 2), (1,), (0,), ()))
    """
    graph = _Graph(inputs, equations, wanted)
    dependencies = graph.dependencies(outputs)
    return Pattern(len(wanted), tuple([tuple(graph.sets.listed(dependencies(each))) for each in outputs]))


def hessian_pattern(inputs: int, equations: Equations, output: Atom, wanted: Sequence[int]) -> Pattern:
    """The pattern of the second derivatives of one output by the inputs `wanted`: symmetric.

    The arguments are those of `jacobian_pattern`. Two inputs interact where a row that is not linear in two of its
    operands, which depend on them, leads to the output: the nonlinear interaction domains of Walther (2008),
    "Computing sparse Hessians with automatic differentiation", ACM TOMS 34(1).

    >>> from autograd.rules import add, mul
    >>> hessian_pattern(3, [(mul, (0, 1)), (add, (3, 2))], 4, [0, 1, 2])
    Pattern(width=3, rows=((1,), (0,), ()))
    """
    graph = _Graph(inputs, equations, wanted)
    leading = graph.leading_to([output])
    dependencies = graph.dependencies([operand for place in leading for operand in graph.curved_operands(place)])
    rows = [graph.sets.none] * len(wanted)
    for left, right in {pair for place in leading for pair in graph.interactions(place, dependencies)}:
        for i in graph.sets.listed(left):
            rows[i] |= right
    return Pattern(len(wanted), tuple([tuple(graph.sets.listed(row)) for row in rows]))


def flows_of(equation: tuple[Primitive, tuple[Atom, ...]]) -> tuple[bool, ...]:
    """For each operand of an equation, whether the derivative by it may differ from 0.

    >>> from autograd.rules import mul
    >>> flows_of((mul, (0, 3.0)))
    (True, False)
    """
    return _linearity_of(equation).flows


def _linearity_of(equation: tuple[Primitive, tuple[Atom, ...]]) -> Linearity:
    row, operands = equation
    return linearity(row, tuple([each if type(each) is float else None for each in operands]))


def _linearities(equations: Equations) -> list[Linearity]:
    """That of each; equations without constants differ in their row and in how many operands they have."""
    known: dict[tuple[Primitive, int], Linearity] = {}
    found = []
    for equation in equations:
        row, operands = equation
        if float in map(type, operands):
            found.append(_linearity_of(equation))
            continue
        each = known.get((row, len(operands)))
        if each is None:
            each = known[row, len(operands)] = _linearity_of(equation)
        found.append(each)
    return found


class _Bits:
    """Sets of inputs as the bits of an int."""

    none = 0

    def single(self, i: int) -> int:
        """The set of one."""
        return 1 << i

    def union(self, sets: Iterable[int]) -> int:
        """What is in any of the sets."""
        return reduce(operator.or_, sets, 0)

    def listed(self, bits: int) -> list[int]:
        """Its members in order."""
        return members(bits)


class _Sets:
    """Sets of inputs as sets; along a chain of equations on the same inputs they are one object."""

    none: frozenset[int] = frozenset()

    def single(self, i: int) -> frozenset[int]:
        """The set of one."""
        return frozenset((i,))

    def union(self, sets: Sequence[frozenset[int]]) -> frozenset[int]:
        """What is in any of the sets."""
        if len(sets) == 2:
            one, other = sets
            if one is other or other <= one:
                return one
            return other if one <= other else one | other
        largest = max(sets, key=len, default=self.none)
        return largest if all(map(largest.issuperset, sets)) else largest.union(*sets)

    def listed(self, members: frozenset[int]) -> list[int]:
        """Its members in order."""
        return sorted(members)


class _Graph:
    """Equations, and the sets of wanted inputs that places depend on."""

    def __init__(self, inputs: int, equations: Equations, wanted: Sequence[int]) -> None:
        self.inputs = inputs
        self.equations = equations
        self.sets: Any = _Bits() if len(wanted) <= MOST_BITS else _Sets()
        self._start = [self.sets.none] * inputs
        for i, place in enumerate(wanted):
            self._start[place] = self.sets.single(i)
        self.linearity = _linearities(equations)
        pairs = zip(equations, self.linearity, strict=True)
        # What derivatives flow to: places, since they never flow to constants. Of most equations that is all operands.
        self.parents: list[Any] = [
            operands if each.is_full else tuple(compress(operands, each.flows)) for (_, operands), each in pairs
        ]

    def leading_to(self, outputs: Iterable[Atom]) -> list[int]:
        """The equations that those depend on, by their places, in order."""
        live = bytearray(self.inputs + len(self.equations))
        for each in outputs:
            if type(each) is int:
                live[each] = 1
        places = range(len(live) - 1, self.inputs - 1, -1)
        for place, parents in zip(places, reversed(self.parents), strict=True):
            if live[place]:
                for parent in parents:
                    live[parent] = 1
        return [place for place in range(self.inputs, len(live)) if live[place]]

    def dependencies(self, outputs: Iterable[Atom]) -> Callable[[Atom], Any]:
        """The set of wanted inputs that a place depends on, for those outputs and what leads to them."""
        found = self._start + [self.sets.none] * len(self.equations)
        first, union = self.inputs, self.sets.union
        for place in self.leading_to(outputs):
            parents = self.parents[place - first]
            found[place] = union([found[x] for x in parents]) if len(parents) != 1 else found[parents[0]]
        return lambda atom: found[atom] if type(atom) is int else self.sets.none

    def curved_operands(self, place: int) -> Iterator[Any]:
        """The operands in which an equation is not linear."""
        return compress(self.equations[place - self.inputs][1], self.linearity[place - self.inputs].partners)

    def interactions(self, place: int, dependencies: Callable[[Atom], Any]) -> Iterator[tuple[Any, Any]]:
        """Pairs of sets of inputs: each of the first interacts with each of the second."""
        _, operands = self.equations[place - self.inputs]
        reached: dict[int, Any] = {}
        for operand, mask in zip(operands, self.linearity[place - self.inputs].partners, strict=True):
            if mask:
                if mask not in reached:
                    reached[mask] = self.sets.union([dependencies(operands[j]) for j in members(mask)])
                yield dependencies(operand), reached[mask]
