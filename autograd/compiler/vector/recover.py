"""Turn equations on numbers into equations on arrays: group by group, with lanes laid out as the operands are."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compiler.program import Atom, Program
from autograd.compiler.reassociate import sums
from autograd.compiler.vector import names
from autograd.compiler.vector.groups import Group, groups
from autograd.compiler.vector.lanes import KINDS, Files, ordered
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.operands import common_shape, flat, in_shape, taken
from autograd.compiler.vector.products import PRODUCTS, Block, blocks, turned
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.compiler.vector.scalars import MEAN, MEAN_DOT, Scalars, scalars
from autograd.primitive import Primitive

Places = NDArray[np.intp]


def recover(program: Program) -> VectorProgram:
    """The vector program of a program; O(N log N) in its equations and their operands.

    >>> from autograd.compiler.program import Equation
    >>> equations = [Equation(rules.dot, (0, 1, 4, 5, 6)), Equation(rules.dot, (2, 3, 4, 5, 7))]
    >>> names = ("w1_0_0", "w1_0_1", "w1_1_0", "w1_1_1", "x_0", "x_1", "b1_0", "b1_1")
    >>> print(recover(Program(names, tuple(equations), (), (8, 9))))
    z1 = W1 @ x + b1  # (2,)
    return z1

    Sums are re-associated, so values differ from the program's by rounding.
    """
    return recovered(sums(program))


def recovered(flattened: Program) -> VectorProgram:
    """The vector program of a program whose sums are flattened."""
    given = scalars(flattened)
    recovery = _Recovery(given)
    for group in groups(given):
        recovery.add(group)
    return names.named(recovery.finished(), given)


class _Recovery:
    def __init__(self, given: Scalars) -> None:
        self.given = given
        self.files = Files(given)
        self.steps: list[Step] = []
        self.starts: tuple[list[int], list[int]] = ([], [])  # the first lanes of the steps, of each file, ascending
        self.result = self._results()
        self.means = bool(given.program.batched) and not given.program.per_sample

    def _results(self) -> Places:
        """The number of the output that a place is, −1 for none or several."""
        result = np.full(len(self.given.batched), -1, np.intp)
        seen: set[Atom] = set()
        for number, atom in enumerate(self.given.outputs):
            if type(atom) is int:
                result[atom] = -1 if atom in seen else number
                seen.add(atom)
        return result

    def add(self, group: Group) -> None:
        """Append the steps that compute a group."""
        if group.pairs:
            self._linear(group)
        elif group.operation == MEAN:
            self._means(group)
        else:
            row = group.operation
            assert isinstance(row, Primitive)
            if row.variadic or len(group.operands[0]) > 3:
                self._reduce(group, row)
            else:
                self._map(group, "map", row)

    # --- element by element -------------------------------------------------------------------------------------------

    def _map(self, group: Group, form: str, row: Primitive | None) -> None:
        operands = [self.operand([(atom,) for atom in column]) for column in zip(*group.operands, strict=True)]
        places = np.array(group.places, np.intp)
        order = self._order(group, [each.lanes[:, 0] for each in operands if each.kind != "constant"])
        self.emit(group, form, places[order], [taken(each, order) for each in operands], row)

    def _means(self, group: Group) -> None:
        """Means, grouped by the step that computes their operands: BP4, layer by layer."""
        lanes = self.files.lane[[int(atom) for (atom,) in group.operands]]
        for members in self._by_source(lanes, True):
            places, operands = ([column[i] for i in members] for column in (group.places, group.operands))
            self._map(Group(group.operation, group.batched, group.last, places, operands), "mean", None)

    def _by_source(self, lanes: Lanes, batched: bool) -> Iterator[Places]:
        """The indices of these lanes, grouped by the step that computes them."""
        starts = self.starts[batched]
        source = np.array([bisect_right(starts, lane) for lane in lanes.tolist()], np.intp)
        order = np.argsort(source, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(source[order])) + 1)

    def _order(self, group: Group, columns: Sequence[Lanes]) -> Places:
        places = np.array(group.places, np.intp)
        if group.last and (self.result[places] >= 0).all():
            return np.argsort(self.result[places])
        return ordered(columns) if columns else np.arange(len(places))

    def _reduce(self, group: Group, row: Primitive) -> None:
        """Rows of any number of operands, laid out with the operands as the first axis."""
        places = np.array(group.places, np.intp)
        fixed = 1 if row is rules.pick else 0
        index = [self.operand([operands[:fixed] for operands in group.operands])] if fixed else []
        xs = self.operand([operands[fixed:] for operands in group.operands])
        columns = [xs.lanes[:, 0]] if xs.kind != "constant" else []
        order = self._order(group, columns)
        stacked = xs.with_table(xs.table[order].T)
        self.emit(group, "reduce", places[order], [*(taken(each, order) for each in index), stacked], row)

    # --- sums of products ---------------------------------------------------------------------------------------------

    def _linear(self, group: Group) -> None:
        left, right = self.operand(group.left), self._stored(group.right)
        if left.kind == right.kind:
            older, younger = turned(left.lanes, right.lanes, partial(self.files.age, kind=right.kind))
            left, right = Operand(right.kind, older), Operand(right.kind, younger)
        found: list[Block] = []
        rest = np.arange(len(group.places))
        # Products of two batched factors are no matrix products, unless summed over the samples.
        matrices = not group.batched or (left.kind == "shared" and right.kind == "batched")
        if left.kind != "constant" and matrices:
            found, rest = blocks(left.lanes, right.lanes, group.operation == MEAN_DOT)
        for block in found:
            self._product(group, block, left.kind, right.kind)
        for part in self._parts(group, right, rest):
            self._pairs(group, left, right, part)

    def _parts(self, group: Group, right: Operand, rest: Places) -> Iterator[Places]:
        """The remaining dots: results grouped by source (BP4, layer by layer), unless there are many sources."""
        parts = list(self._by_source(right.lanes[rest, 0], right.kind == "batched")) if group.last else []
        if 1 < len(parts) <= PRODUCTS:
            yield from (rest[part] for part in parts)
        elif rest.size:
            yield rest

    def _product(self, group: Group, block: Block, kind: str, other: str) -> None:
        places = np.array(group.places, np.intp)[block.members]
        left, right, members = block.left, block.right, block.members
        results = self.result[places]
        of_inputs = kind == "shared" and bool((left < len(self.given.program.shared)).all())
        if group.last and kind == other and _runs_down(results) and (results.shape[1] > 1 or not of_inputs):
            left, right, members, places = right, left, members.T, places.T
        if group.operation == MEAN_DOT:
            self.emit(group, "mean_product", places, [Operand(kind, left), Operand(other, right)])
            return
        bias = self._bias(group, members)
        self.emit(group, "product", places, [Operand(kind, left), Operand(other, right.T), *bias])

    def _bias(self, group: Group, members: Places) -> list[Operand]:
        """The bias of a product, with an axis of length 1 where it does not change along it."""
        atoms = [group.bias[i] for i in members.ravel()]
        if all(type(atom) is float and atom == 0.0 for atom in atoms):
            return []
        operand = self.operand([(atom,) for atom in atoms])
        table = operand.table.reshape(members.shape)
        if (table == table[:, :1]).all():
            table = table[:, :1]
        elif (table == table[:1]).all():
            table = table[:1]
        return [operand.with_table(table)]

    def _pairs(self, group: Group, left: Operand, right: Operand, rest: Places) -> None:
        places = np.array(group.places, np.intp)[rest]
        group_rest = Group(group.operation, group.batched, group.last, places.tolist())
        columns = [right.lanes[rest, 0]] if left.kind == "constant" else [left.lanes[rest, 0], right.lanes[rest, 0]]
        order = self._order(group_rest, columns)
        chosen = rest[order]
        sides = [each.with_table(each.table[chosen].T) for each in (left, right)]
        if group.operation == MEAN_DOT:
            self.emit(group, "mean_pairs", places[order], sides)
            return
        bias = [flat(each) for each in self._bias(group, chosen[:, None])]
        if group.pairs == 1 and not bias and left.kind != "constant":
            self.emit(group, "map", places[order], [Operand(each.kind, each.lanes[0]) for each in sides], rules.mul)
        else:
            self.emit(group, "pairs", places[order], self._coefficients(sides), rules.dot, bias)

    def _coefficients(self, sides: Sequence[Operand]) -> Sequence[Operand]:
        """Constant factors, as one number for each pair where they do not differ from lane to lane."""
        left, right = sides
        if left.kind != "constant":
            return sides
        zero = self.files.constants.get((right.kind == "batched", struct.pack("d", 0.0)), -1)
        numbers = np.where(right.lanes == zero, left.numbers.max(axis=1, keepdims=True), left.numbers)
        same = (numbers == numbers[:, :1]).all()
        return [Operand("constant", numbers=numbers[:, :1] if same else left.numbers), right]

    # --- common -------------------------------------------------------------------------------------------------------

    def operand(self, atoms: Sequence[tuple[Atom, ...]]) -> Operand:
        """The lanes of a table of atoms, after steps that copy atoms of the other file there."""
        operand, steps = self.files.operand(atoms)
        for step in steps:
            self.append(step)
        return operand

    def append(self, step: Step) -> None:
        """Append a step, whose lanes are the newest of its file."""
        self.steps.append(step)
        self.starts[step.batched].append(step.start)

    def _stored(self, atoms: Sequence[tuple[Atom, ...]]) -> Operand:
        """The same, with constants in lanes too."""
        operand = self.operand(atoms)
        if operand.kind != "constant":
            return operand
        lanes = [self.files.constant(number, False) for number in operand.numbers.ravel().tolist()]
        return Operand("shared", np.array(lanes, np.intp).reshape(operand.shape))

    def emit(
        self,
        group: Group,
        form: str,
        places: Places,
        operands: Sequence[Operand],
        row: Primitive | None = None,
        bias: Sequence[Operand] = (),
    ) -> None:
        """Append a step, its result in new lanes, or directly in the outputs where nothing else reads it."""
        results = self.result[places]
        whole = not self.means or group.operation in (MEAN, MEAN_DOT)  # results are divided by B all at once
        direct = whole and group.last and not group.batched and bool((results >= 0).all())
        start = self.files.give(places, group.batched)
        operands = [*operands, *bias]
        if places.ndim == 1:
            shape = common_shape(operands, results if direct else None)
            places, results = places.reshape(shape), results.reshape(shape)
            operands = [in_shape(each, shape) for each in operands]
        direct = direct and strides(results) is not None
        self.append(
            Step(form, group.batched, start, places.shape, tuple(operands), row, places, results if direct else None)
        )

    def finished(self) -> VectorProgram:
        files = self.files
        direct = {int(i) for step in self.steps if step.results is not None for i in step.results.ravel()}
        constants = tuple((KINDS[b], lane, _unpacked(bits)) for (b, bits), lane in files.constants.items())
        outputs = [("result", i) if i in direct else self._source(atom) for i, atom in enumerate(self.given.outputs)]
        guards = [
            (guard.relation, self._lane(guard.left), self._lane(guard.right), guard.outcome)
            for guard in self.given.program.guards
        ]
        sizes = (files.sizes[0], files.sizes[1])
        return VectorProgram(self.given.program, tuple(self.steps), sizes, constants, tuple(outputs), tuple(guards))

    def _source(self, atom: Atom) -> tuple[str, float]:
        if type(atom) is float:
            return "constant", atom
        return KINDS[self.given.batched[int(atom)]], int(self.files.lane[int(atom)])

    def _lane(self, atom: Atom) -> Atom:
        if type(atom) is float:
            return atom
        return int(self.files.lane[self.given.moved[int(atom)]])


def _unpacked(bits: bytes) -> float:
    return float(np.frombuffer(bits, np.float64)[0])


def _runs_down(results: Places) -> bool:
    """Whether outputs follow each other down the columns, so that the transposed product is laid out as they are."""
    r, c = results.shape
    down = results[1, 0] - results[0, 0] if r > 1 else 2
    across = results[0, 1] - results[0, 0] if c > 1 else 2
    return bool(down == 1 and across != 1)
