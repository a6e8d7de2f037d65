"""Find outputs that are computed alike: a body, and for each of them where its inputs stand.

Outputs with equal trees of rows are *members* of a body. A number of the body is a vector of places, one for each
member, and two of them are one where they agree for all members; so what only some members share is computed for each
of them. Constants that differ become inputs. Each equation of the program is looked at once, to number its tree; all
else is done for the equations of a body, on arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from autograd._numpy import NDArray, np
from autograd.compiler.lower import identifiers
from autograd.compiler.program import Atom, Equation, Program

MOST_BODIES = 8  # each is a program of its own
MOST_EQUATIONS = 3000  # of all bodies together, times their outputs; more take longer to build than directions do
REPEATED = 4  # times as many equations as the program has, at most, with those that several members compute again

_INPUT, _CONSTANT = 0, -1  # trees


@dataclass(frozen=True, eq=False)
class Body:
    """A program for members, which differ in their inputs.

    program    that of one member: `inputs` and then `constants` are its inputs
    inputs     for each member the places of the whole program that are its inputs
    constants  for each member its constants, where they differ
    rows       for each member the outputs of the whole program that it computes
    """

    program: Program
    inputs: NDArray[np.intp]
    constants: NDArray[np.float64]
    rows: NDArray[np.intp]


def bodies(program: Program) -> list[Body] | None:
    """The bodies of all outputs but constants; None where there are too many, or they would compute too much again.

    >>> from autograd.rules import mul
    >>> program = Program(("x", "y", "z"), (Equation(mul, (0, 1)), Equation(mul, (1, 2))), (), (3, 4))
    >>> [body] = bodies(program) or []
    >>> print(body.program)
    program(x, y):
        t2 = mul(x, y)
        return t2
    >>> body.inputs.tolist(), body.rows.tolist()
    ([[0, 1], [1, 2]], [[0], [1]])
    """
    graph = _Graph(program)
    found: list[Body] = []
    left = MOST_EQUATIONS
    for group in graph.groups():
        explored = _Explored(graph, left)
        if len(found) == MOST_BODIES or not explored.all_of(group):
            return None
        found.append(explored.body(group))
        left -= len(found[-1].program.equations) * len(group)
        if left < 0:
            return None
    computed = sum([len(each.rows) * len(each.program.equations) for each in found])
    return found if computed <= REPEATED * len(program.equations) else None


class _Graph:
    """The operands of all equations in one array, and for each place the number of its tree."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first = len(program.names)
        operands = [each for _, each in program.equations]
        flat = list(chain.from_iterable(operands))
        self.operands = np.array(flat, dtype=np.float64)  # places are exact: below 2⁵³
        self.is_constant = np.array([type(each) is float for each in flat], dtype=np.bool_)
        self.starts = np.cumsum([0, *map(len, operands)])
        self.trees = self._trees()

    def _trees(self) -> list[int]:
        trees = [_INPUT] * self.first
        known: dict[object, int] = {}
        for row, operands in self.program.equations:
            under = [trees[each] if type(each) is int else _CONSTANT for each in operands]
            trees.append(known.setdefault((row, *under), len(known) + 1))
        return trees

    def groups(self) -> Iterator[list[list[int]]]:
        """Outputs by tree, those of trees that occur equally often together: their members may share equations."""
        alike: dict[int, list[int]] = defaultdict(list)
        for row, atom in enumerate(self.program.outputs):
            if type(atom) is int:
                alike[self.trees[atom]].append(row)
        equally: dict[int, list[list[int]]] = defaultdict(list)
        for rows in alike.values():
            equally[len(rows)].append(rows)
        yield from equally.values()

    def operands_of(self, places: NDArray[np.intp]) -> Iterator[tuple[bool, NDArray[np.float64]]]:
        """For each operand of equations with one tree whether it is a constant, and that of each place."""
        starts = self.starts[places - self.first]
        count = len(self.program.equations[places[0] - self.first].operands)
        for each in range(count):
            yield bool(self.is_constant[starts[0] + each]), self.operands[starts + each]


class _Explored:
    """The numbers that lead to some outputs, each with the place that it has for every member."""

    def __init__(self, graph: _Graph, limit: int) -> None:
        self.graph, self.limit = graph, limit
        self.places: list[NDArray[np.intp]] = []  # of each number
        self.operands: dict[int, list[int | float]] = {}  # numbers, those of constants negative, or a constant
        self.constants: dict[bytes, NDArray[np.float64]] = {}
        self._known: dict[int, list[int]] = defaultdict(list)  # by the place that the first member has
        self.outputs: list[int] = []

    def all_of(self, group: Sequence[Sequence[int]]) -> bool:
        """Explore what leads to the outputs of a group; False where that is too much."""
        program = self.graph.program
        self.outputs = [self._number(np.array([program.outputs[i] for i in rows], dtype=np.intp)) for rows in group]
        waiting = list(self.outputs)
        while waiting:
            number = waiting.pop()
            if number in self.operands or self.places[number][0] < self.graph.first:
                continue
            if len(self.operands) == self.limit:
                return False
            found = self.operands[number] = list(self._operands(self.places[number]))
            waiting += [each for each in found if type(each) is int and each >= 0]
        return True

    def _operands(self, places: NDArray[np.intp]) -> Iterator[int | float]:
        for is_constant, each in self.graph.operands_of(places):
            yield self._constant(each) if is_constant else self._number(each.astype(np.intp))

    def _number(self, places: NDArray[np.intp]) -> int:
        known = self._known[int(places[0])]
        for each in known:
            if np.array_equal(self.places[each], places):
                return each
        known.append(len(self.places))
        self.places.append(places)
        return known[-1]

    def _constant(self, numbers: NDArray[np.float64]) -> int | float:
        """The constant of all members, or −1, −2, … where they differ."""
        bits = numbers.tobytes()
        if bits == numbers[:1].tobytes() * len(numbers):
            return float(numbers[0])
        self.constants.setdefault(bits, numbers)
        return -1 - list(self.constants).index(bits)

    def body(self, group: Sequence[Sequence[int]]) -> Body:
        """What was explored as a program, in the order of the first member."""
        graph, equations = self.graph, self.graph.program.equations
        ordered = sorted(range(len(self.places)), key=lambda each: int(self.places[each][0]))
        inputs = [each for each in ordered if each not in self.operands]
        computed = [each for each in ordered if each in self.operands]
        constants = [-1 - i for i in range(len(self.constants))]
        place: dict[int, int] = {each: i for i, each in enumerate([*inputs, *constants, *computed])}
        names = [graph.program.names[int(self.places[each][0])] for each in inputs] + ["constant"] * len(constants)
        program = Program(
            tuple(identifiers(names)),
            tuple([Equation(equations[self._row(each)].primitive, self._moved(each, place)) for each in computed]),
            (),
            tuple([place[each] for each in self.outputs]),
            batched=tuple(range(len(names))),
            per_sample=True,
        )
        count = len(group[0])
        return Body(
            program,
            np.array([self.places[each] for each in inputs], dtype=np.intp).reshape(-1, count).T.copy(),
            np.array(list(self.constants.values())).reshape(-1, count).T.copy(),
            np.array(group, dtype=np.intp).T.copy(),
        )

    def _row(self, number: int) -> int:
        return int(self.places[number][0]) - self.graph.first

    def _moved(self, number: int, place: dict[int, int]) -> tuple[Atom, ...]:
        return tuple([place[each] if type(each) is int else each for each in self.operands[number]])
