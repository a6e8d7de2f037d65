"""Which inputs of samples are only ever whole sides of products: these are read where they are."""

from __future__ import annotations

from autograd._numpy import np
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.prepare import Prepared
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Operand, Step

SHORTEST = 16  # columns of a run: for fewer, turning the samples around costs less than beginning a kernel


def direct_runs(made: Prepared, kind: Kind) -> list[tuple[int, int]]:
    """(first lane, lanes) of inputs that are only read as the samples' side of products."""
    inputs = len(made.vectors.program.batched)
    if kind.single or inputs < SHORTEST:
        return []
    wanted: set[tuple[int, int]] = set()
    other = np.zeros(made.sizes[1], bool)
    for step in made.steps:
        for place, operand in enumerate(step.operands):
            if operand.kind != "batched":
                continue
            run = _run(step, place, operand, max(SHORTEST, 2 * kind.lanes))
            if run is not None and sum(run) <= inputs:
                wanted.add(run)
            else:
                other[operand.lanes] = True
    other[made.sample_outputs] = True
    return [run for run in sorted(wanted) if _is_alone(run, wanted) and not other[run[0] : sum(run)].any()]


def _run(step: Step, place: int, operand: Operand, least: int) -> tuple[int, int] | None:
    """The run that an operand of a step is, if the step can read it so."""
    lanes = operand.lanes
    if step.form == "product" and place == 1 and step.batched:
        w, _, *bias = step.operands
        steps = strides(w.lanes)
        is_plain = w.kind == "shared" and steps is not None and 1 in steps and lanes.shape[1] == 1
        if not is_plain or any(each.kind != "shared" for each in bias):
            return None
    elif step.form == "mean_product" and place == 1:
        results = step.results
        steps = None if results is None else strides(results)
        if lanes.shape[1] != 1 or (results is not None and (steps is None or steps[1] != 1)):
            return None
    else:
        return None
    first, count = int(lanes[0, 0]), len(lanes)
    return (first, count) if count >= least and (lanes[:, 0] == np.arange(first, first + count)).all() else None


def _is_alone(run: tuple[int, int], others: set[tuple[int, int]]) -> bool:
    """Whether no other run has lanes of this one."""
    return all(each == run or each[0] >= sum(run) or sum(each) <= run[0] for each in others)
