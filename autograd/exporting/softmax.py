"""logsumexp and the softmax of the same numbers, as a cross-entropy and its gradient have them, from the same exps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd import rules
from autograd._numpy import NDArray, np
from autograd.compiler.vector.steps import Step
from autograd.exporting.formulas import wide
from autograd.exporting.operands import Files, behind
from autograd.exporting.spelling import called
from autograd.exporting.steps import loops
from autograd.exporting.writing import Lines


class Softmax(NamedTuple):
    """Steps that are written together: `powers` are exp(x − pivot), `order[k, …]` is that of operand k of the sum."""

    logsumexp: Step
    pivot: Step
    powers: Step
    order: NDArray[np.intp]

    @property
    def steps(self) -> list[Step]:
        """The steps themselves."""
        return [self.logsumexp, self.pivot, self.powers]


def softmaxes(steps: Sequence[Step]) -> list[Softmax]:
    """Those among some steps."""
    pivots = {_reduced(step): step for step in steps if step.row is rules.pivot and step.form == "reduce"}
    powers = {
        (step.kind, int(step.operands[1].lanes.min())): step
        for step in steps
        if step.row is rules.exp_shift and step.form == "map" and step.operands[1].kind == step.kind
    }
    found = []
    for step in steps:
        if step.row is rules.logsumexp and step.form == "reduce" and (pivot := pivots.get(_reduced(step))):
            power = powers.get((pivot.kind, pivot.start))
            order = None if power is None else _order(step, pivot, power)
            if power is not None and order is not None:
                found.append(Softmax(step, pivot, power, order))
    return found


def _reduced(step: Step) -> tuple[str, tuple[int, ...], bytes]:
    operand = step.operands[-1]
    return operand.kind, operand.shape, operand.table.tobytes()


def _order(step: Step, pivot: Step, powers: Step) -> NDArray[np.intp] | None:
    """Which of the powers is that of each operand; None if there is not exactly one."""
    x, (shifted, by) = step.operands[-1], powers.operands
    if x.kind != shifted.kind or x.lanes.size != powers.size or x.kind != pivot.kind:
        return None
    lanes = np.broadcast_to(shifted.lanes, powers.shape).ravel()
    sorting = np.argsort(lanes)
    order = sorting[np.minimum(np.searchsorted(lanes[sorting], x.lanes), lanes.size - 1)]
    if not (lanes[order] == x.lanes).all() or len(np.unique(order)) < lanes.size:
        return None
    largest = np.broadcast_to(by.lanes, powers.shape).ravel()[order]
    return order if (largest == pivot.lanes).all() else None


def write_softmax(to: Lines, files: Files, found: Softmax) -> None:
    """The largest number, then the powers and their sum, without that of the first largest: see `reductions`."""
    step, axes, file, language = found.logsumexp, len(found.logsumexp.shape), to.file, to.language
    x, powers = (
        behind(each, axes) for each in (files.access(step.operands[-1]), files.result(found.powers, found.order))
    )
    total, largest = files.result(step), files.result(found.pivot)
    count, zero = step.operands[-1].shape[0], language.literal(0.0)
    with to.block(), loops(to, step.shape) as at:
        to.variable("m", language.literal(float("-inf")))
        with to.loop(count) as k:
            to.add(f"m = {called(file, 'pivot_step', ['m', x.at([k, *at])])};")
        to.add(f"{largest.at(at)} = m;")
        to.variable("s", zero)
        to.variable("c", zero)
        with to.loop(count) as k:
            operand = x.at([k, *at])
            to.add(f"{wide(language).constant} e = {called(file, 'exp_shift', [operand, 'm'])};")
            to.add(f"s = s + {called(file, 'other', [operand, 'm', 'c', 'e'])};")
            to.add(f"c = {called(file, 'count', [operand, 'm', 'c'])};")
            to.add(f"{powers.at([k, *at])} = e;")
        to.add(f"{total.at(at)} = {called(file, 'log_of_sum', ['m', 's'])};")
