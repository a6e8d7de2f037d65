"""Passes over the steps of a vector program: drop what nothing needs, and write results where they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.vector.lanes import KINDS
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Step, VectorProgram
from autograd.compiler.vector.writer import Places


def without_dead(vectors: VectorProgram) -> VectorProgram:
    """Only the steps that an output or a guard needs."""
    live = {kind: np.zeros(size, bool) for kind, size in zip(KINDS, vectors.sizes, strict=True)}
    for kind in KINDS:
        live[kind][vectors.output_lanes(kind)] = True
    live["shared"][vectors.guard_lanes] = True
    kept: list[Step] = []
    for step in reversed(vectors.steps):
        if step.results is not None or live[step.kind][step.start : step.start + step.size].any():
            kept.append(step)
            for operand in step.operands:
                if operand.kind != "constant":
                    live[operand.kind][operand.lanes] = True
    return replace(vectors, steps=tuple(reversed(kept)))


def with_fused_means(vectors: VectorProgram) -> VectorProgram:
    """Products that only one mean reads are multiplied where these are added up, and not written down."""
    source = np.full(vectors.sizes[1], -1, np.intp)
    readers = np.bincount(vectors.output_lanes("batched"), minlength=vectors.sizes[1])
    for number, step in enumerate(vectors.steps):
        if step.batched:
            source[step.start : step.start + step.size] = number
        for operand in step.operands:
            if operand.kind == "batched":
                readers[np.unique(operand.lanes)] += 1
    steps = [
        _fused(step, [vectors.steps[i] for i in np.unique(source[step.operands[0].lanes]).tolist() if i >= 0], readers)
        if step.form == "mean" and step.operands[0].kind == "batched"
        else step
        for step in vectors.steps
    ]
    return replace(vectors, steps=tuple(steps))


def _fused(mean: Step, sources: Sequence[Step], readers: Places) -> Step:
    """A mean of products as `mean_pairs`, where nothing else reads these."""
    (x,) = mean.operands
    if len(sources) != 1 or (readers[x.lanes] > 1).any():
        return mean
    (step,) = sources
    form = step.form if len(step.operands) == 2 and all(each.kind == "batched" for each in step.operands) else ""
    if not (form == "pairs" or (form == "map" and step.row is rules.mul)):
        return mean
    shape = step.shape if form == "map" else (len(step.operands[1].lanes), *step.shape)
    lead = shape[: len(shape) - len(step.shape)] or (1,)
    at = x.lanes - step.start
    operands = [
        each.with_table(np.broadcast_to(each.lanes, shape).reshape(*lead, step.size)[:, at]) for each in step.operands
    ]
    return replace(mean, form="mean_pairs", operands=tuple(operands))


def with_results(vectors: VectorProgram) -> VectorProgram:
    """Steps that nothing but outputs reads give these directly, where there is an output for each lane.

    Where outputs are means, they are divided by the number of samples all at once: then only means can do that.
    """
    means = bool(vectors.program.batched) and not vectors.program.per_sample
    number = _output_numbers(vectors)
    outputs = list(vectors.outputs)
    steps: list[Step] = []
    for step in vectors.steps:
        results = number[step.lanes] if not step.batched and step.results is None else np.full(step.shape, -1)
        if (results >= 0).all() and strides(results) is not None and (step.form.startswith("mean") or not means):
            steps.append(replace(step, results=results))
            for i in results.ravel().tolist():
                outputs[i] = ("result", i)
        else:
            steps.append(step)
    return replace(vectors, steps=tuple(steps), outputs=tuple(outputs))


def _output_numbers(vectors: VectorProgram) -> Places:
    """For each shared lane the number of the output that it is; −1 where it is none, or is read elsewhere too."""
    number = np.full(vectors.sizes[0], -1, np.intp)
    lanes = vectors.output_lanes("shared")
    number[lanes] = [i for i, (kind, _) in enumerate(vectors.outputs) if kind == "shared"]
    number[np.bincount(lanes, minlength=len(number)) > 1] = -1
    for read in _read(vectors.steps):
        number[read] = -1
    number[vectors.guard_lanes] = -1
    return number


def _read(steps: Sequence[Step]) -> list[Places]:
    return [operand.lanes.ravel() for step in steps for operand in step.operands if operand.kind == "shared"]
