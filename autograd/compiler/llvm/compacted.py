"""Lanes of samples that nobody writes are left out, so that more samples fit into a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograd._numpy import np
from autograd.compiler.llvm.grouping import Grouping
from autograd.compiler.llvm.prepare import Prepared
from autograd.compiler.vector.program import Lanes, Operand, Step


def compact(made: Prepared) -> None:
    """Renumber the lanes of samples: inputs, constants and what steps compute, in their order."""
    used = np.zeros(made.sizes[1], bool)
    used[: len(made.vectors.program.batched)] = True
    used[list(made.batched_constants)] = True
    for step in made.steps:
        if step.batched:
            used[step.start : step.start + step.size] = True
    if not used.all():
        _renumber(made, np.cumsum(used) - 1)
        made.sizes[1] = int(used.sum())


def leave_out(grouping: Grouping) -> None:
    """Renumber the lanes of samples once more: those that stay in registers are the last ones, and have no memory."""
    made = grouping.made
    stored = np.ones(made.sizes[1], bool)
    for item in grouping.items:
        if item.step.batched and item.form == "loop" and not item.is_stored:
            stored[item.step.start : item.step.start + item.step.size] = False
    if stored.all():
        return
    count = int(stored.sum())
    moved = np.where(stored, np.cumsum(stored) - 1, count + np.cumsum(~stored) - 1)
    steps = _renumber(made, moved)
    for item in grouping.items:
        item.step = steps[item.step]
        item.operands = [(_moved(operand, moved), is_deep) for operand, is_deep in item.operands]
    made.sizes[1] = count


def _moved(operand: Operand, moved: Lanes) -> Operand:
    return replace(operand, lanes=moved[operand.lanes]) if operand.kind == "batched" else operand


def _renumber(made: Prepared, moved: Lanes) -> Mapping[Step, Step]:
    """Everything with other lanes of samples; the new steps by the old ones."""
    steps = {
        step: replace(
            step,
            start=int(moved[step.start]) if step.batched else step.start,
            operands=tuple([_moved(operand, moved) for operand in step.operands]),
        )
        for step in made.steps
    }
    made.steps[:] = steps.values()
    made.powers = {steps[step]: power for step, power in made.powers.items() if step in steps}
    made.sides = {steps[step]: sides for step, sides in made.sides.items()}
    made.batched_constants = {int(moved[lane]): number for lane, number in made.batched_constants.items()}
    made.sample_outputs = moved[made.sample_outputs]
    return steps
