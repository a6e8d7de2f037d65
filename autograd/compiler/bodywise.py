"""The entries of a sparse Jacobian by a program for all outputs that are computed alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from autograd._numpy import NDArray, np
from autograd.compiler.bodies import Body
from autograd.compiler.compressed import entries, jacobian_plan
from autograd.compiler.lower import SAMPLES, Lowered, Part
from autograd.compiler.program import compute, interpret
from autograd.compiler.specialization import check_pure
from autograd.sparse.pattern import Pattern


def parts_of(
    found: Lowered, bodies: Sequence[Body], pattern: Pattern, wanted: Sequence[int], where: Callable[[], str]
) -> tuple[Part, ...]:
    """The programs of bodies, each with the entries of `pattern` that it computes, by the inputs `wanted`.

    `found` is the recording of the whole program. CompileError where bodies do not compute its numbers.
    """
    point, layout = np.array(found.at), _Layout(pattern, wanted, len(found.at))
    check_pure(found, _numbers(found, bodies, point))
    made = []
    for body in bodies:
        sample = [*point[body.inputs[0]].tolist(), *body.constants[0].tolist()]
        columns = np.flatnonzero((layout.column_of[body.inputs] >= 0).any(axis=0)).tolist()
        plan = jacobian_plan(body.program, columns)
        if plan.count:
            program = entries(body.program, plan, columns, sample, where)
            numbers = interpret(program, sample)
            outputs = tuple([numbers[each] if type(each) is int else float(each) for each in program.outputs])
            lowered = replace(found, recorded=program, kind=SAMPLES, wanted=(), at=tuple(sample), found=outputs)
            rows = [i for i, row in enumerate(plan.pattern.rows) for _ in row]
            by = [columns[j] for row in plan.pattern.rows for j in row]
            made.append(
                Part(lowered, body.inputs, body.constants, layout.places(body.rows[:, rows], body.inputs[:, by]))
            )
    return tuple(made)


def _numbers(found: Lowered, bodies: Sequence[Body], point: NDArray[np.float64]) -> list[float]:
    """What the bodies give as the outputs of the whole program."""
    numbers = list(found.found)
    for body in bodies:
        columns = [*point[body.inputs].T.tolist(), *body.constants.T.tolist()]
        compute(body.program.equations, columns, len(body.rows))
        for output, rows in zip(body.program.outputs, body.rows.T.tolist(), strict=True):
            for row, number in zip(rows, columns[int(output)], strict=True):
                numbers[row] = number
    return numbers


class _Layout:
    """Where the entries of a pattern stand: row by row, in the order of their columns.

    column_of  the column of an input of the program; −1 of one that is not wanted
    """

    def __init__(self, pattern: Pattern, wanted: Sequence[int], inputs: int) -> None:
        self.column_of = np.full(inputs, -1, dtype=np.int64)
        self.column_of[list(wanted)] = np.arange(len(wanted))
        self.width = pattern.width
        rows = np.repeat(np.arange(len(pattern.rows)), [len(row) for row in pattern.rows])
        columns = np.array([j for row in pattern.rows for j in row], dtype=np.int64)
        self.keys = rows * self.width + columns

    def places(self, rows: NDArray[np.intp], inputs: NDArray[np.intp]) -> NDArray[np.intp]:
        """The places of these entries; −1 of those that are not in the pattern."""
        columns = self.column_of[inputs]
        keys = rows * self.width + columns
        found = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where((columns >= 0) & (self.keys[found] == keys), found, -1)
