"""Lanes of samples that nothing computes any more are left out, so that more samples fit into a block."""

from __future__ import annotations

from dataclasses import replace

from autograd._numpy import np
from autograd.compiler.llvm.prepare import Prepared
from autograd.compiler.vector.program import Operand, Step


def compact(made: Prepared) -> None:
    """Renumber the lanes of samples: inputs, constants and what steps compute, in their order."""
    used = np.zeros(made.sizes[1], bool)
    used[: len(made.vectors.program.batched)] = True
    used[list(made.batched_constants)] = True
    for step in made.steps:
        if step.batched:
            used[step.start : step.start + step.size] = True
    if used.all():
        return
    moved = np.cumsum(used) - 1

    def of(operand: Operand) -> Operand:
        return replace(operand, lanes=moved[operand.lanes]) if operand.kind == "batched" else operand

    def renumbered(step: Step) -> Step:
        start = int(moved[step.start]) if step.batched else step.start
        return replace(step, start=start, operands=tuple(map(of, step.operands)))

    steps = {step: renumbered(step) for step in made.steps}
    made.steps[:] = steps.values()
    made.powers = {steps[step]: power for step, power in made.powers.items() if step in steps}
    made.sides = {steps[step]: sides for step, sides in made.sides.items()}
    made.sizes[1] = int(used.sum())
    made.batched_constants = {int(moved[lane]): number for lane, number in made.batched_constants.items()}
    made.sample_outputs = moved[made.sample_outputs]
