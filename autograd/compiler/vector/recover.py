"""Turn equations on numbers into equations on arrays: group by group, with lanes laid out as the operands are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.program import Atom, Program
from autograd.compiler.reassociate import sums
from autograd.compiler.vector import names
from autograd.compiler.vector.groups import Group, groups
from autograd.compiler.vector.lanes import KINDS, PlaceFiles
from autograd.compiler.vector.operands import taken
from autograd.compiler.vector.program import Operand, Step, VectorProgram
from autograd.compiler.vector.scalars import MEAN, MEAN_DOT, Scalars, scalars
from autograd.compiler.vector.steps import Key
from autograd.compiler.vector.writer import Places, StepWriter, Target
from autograd.primitive import Primitive


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


def recovered(flattened: Program, inner: bool = False) -> VectorProgram:
    """The vector program of a program whose sums are flattened.

    As an `inner` one, to be differentiated, it keeps its outputs in lanes, and for each sample.
    """
    given = scalars(replace(flattened, per_sample=True) if inner else flattened)
    recovery = _Recovery(given, inner)
    for group in groups(given):
        recovery.add(group)
    found = recovery.finished()
    return names.named(found, _adjoints(found.steps, given))


class _Recovery(StepWriter):
    files: PlaceFiles

    def __init__(self, given: Scalars, inner: bool) -> None:
        self.given = given
        super().__init__(PlaceFiles(given), bool(given.program.batched) and not given.program.per_sample)
        self.result = np.full(len(given.batched), -1, np.intp)
        if not inner:
            self._note_results()

    def _note_results(self) -> None:
        """The number of the output that a place is, −1 for none or several."""
        seen: set[Atom] = set()
        for number, atom in enumerate(self.given.outputs):
            if type(atom) is int:
                self.result[atom] = -1 if atom in seen else number
                seen.add(atom)

    def give(self, places: Places, batched: bool) -> int:
        return self.files.give(places, batched)

    def results(self, places: Places) -> Places:
        return self.result[places]

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
        to = _target(group)
        order = self.order(to, [each.lanes[:, 0] for each in operands if each.kind != "constant"])
        self.emit(to.of(order), form, [taken(each, order) for each in operands], row)

    def _means(self, group: Group) -> None:
        """Means, grouped by the step that computes their operands: BP4, layer by layer."""
        lanes = self.files.lane[[int(atom) for (atom,) in group.operands]]
        for members in self.by_source(lanes, True):
            places, operands = ([column[i] for i in members] for column in (group.places, group.operands))
            self._map(Group(group.operation, group.batched, group.last, places, operands), "mean", None)

    def _reduce(self, group: Group, row: Primitive) -> None:
        """Rows of any number of operands, laid out with the operands as the first axis."""
        fixed = 1 if row is rules.pick else 0
        index = [self.operand([operands[:fixed] for operands in group.operands])] if fixed else []
        xs = self.operand([operands[fixed:] for operands in group.operands])
        columns = [xs.lanes[:, 0]] if xs.kind != "constant" else []
        to = _target(group)
        order = self.order(to, columns)
        stacked = xs.with_table(xs.table[order].T)
        self.emit(to.of(order), "reduce", [*(taken(each, order) for each in index), stacked], row)

    # --- sums of products ---------------------------------------------------------------------------------------------

    def _linear(self, group: Group) -> None:
        left, right = self.operand(group.left), self._stored(group.right)

        def bias(chosen: Places) -> Operand | None:
            atoms = [group.bias[i] for i in chosen.tolist()]
            if all(type(atom) is float and atom == 0.0 for atom in atoms):
                return None
            return self.operand([(atom,) for atom in atoms])

        self.dots(_target(group), left, right, bias)

    # --- common -------------------------------------------------------------------------------------------------------

    def operand(self, atoms: Sequence[tuple[Atom, ...]]) -> Operand:
        """The lanes of a table of atoms, after steps that copy atoms of the other file there."""
        operand, steps = self.files.operand(atoms)
        for step in steps:
            self.append(step)
        return operand

    def _stored(self, atoms: Sequence[tuple[Atom, ...]]) -> Operand:
        """The same, with constants in lanes too."""
        operand = self.operand(atoms)
        if operand.kind != "constant":
            return operand
        lanes = [self.files.constant(number, False) for number in operand.numbers.ravel().tolist()]
        return Operand("shared", np.array(lanes, np.intp).reshape(operand.shape))

    def finished(self) -> VectorProgram:
        files = self.files
        direct = {i for step in self.steps if step.results is not None for i in step.results.ravel().tolist()}
        outputs = [("result", i) if i in direct else self._source(atom) for i, atom in enumerate(self.given.outputs)]
        guards = [
            (guard.relation, self._lane(guard.left), self._lane(guard.right), guard.outcome)
            for guard in self.given.program.guards
        ]
        sizes = (files.sizes[0], files.sizes[1])
        return VectorProgram(self.given.program, tuple(self.steps), sizes, files.fixed, tuple(outputs), tuple(guards))

    def _source(self, atom: Atom) -> tuple[str, float]:
        if type(atom) is float:
            return "constant", atom
        return KINDS[self.given.batched[int(atom)]], int(self.files.lane[int(atom)])

    def _lane(self, atom: Atom) -> Atom:
        if type(atom) is float:
            return atom
        return int(self.files.lane[self.given.moved[int(atom)]])


def _target(group: Group) -> Target:
    means = group.operation in (MEAN, MEAN_DOT)
    return Target(np.array(group.places, np.intp), group.batched, means, group.last)


def _adjoints(steps: Sequence[Step], given: Scalars) -> dict[Key, Key]:
    """Steps that compute the adjoints of other steps."""
    adjoint = {
        given.moved[delta]: given.moved[x]
        for delta, x in given.program.adjoints
        if type(delta) is int and delta in given.moved and given.moved.get(x, 0) >= given.first
    }
    if not adjoint:
        return {}
    owner = {place: step.key for step in steps for place in step.places.ravel().tolist()}
    found: dict[Key, Key] = {}
    for step in steps:
        keys = {owner.get(adjoint.get(place, -1)) for place in step.places.ravel().tolist()}
        if len(keys) == 1 and (key := keys.pop()):
            found[step.key] = key
    return found
