"""Differences of what is there once with what is there often, computed where they are read instead of written down.

`c - x` for each of k centres and a point has k times as many numbers as the point: to subtract again, with operands in
the first-level cache, is faster than to write all of them to memory and to read them for a distance and its derivative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.llvm.prepare import Prepared
from autograd.compiler.vector.program import Lanes, Operand, Step
from autograd.primitive import Primitive

CHEAP: frozenset[Primitive] = frozenset([rules.add, rules.sub, rules.mul])
LEAST, LARGER = 64, 4  # lanes of such a step; how many times those of each sample that it reads


def recompute(made: Prepared) -> None:
    """Drop cheap steps of samples that only sums of products read, whose operands become those of the steps."""
    owner = np.full(made.sizes[1], -1, np.intp)
    for number, step in enumerate(made.steps):
        if step.batched and _is_cheap(step):
            owner[step.start : step.start + step.size] = number
    owner[_read_otherwise(made, owner)] = -1
    numbers = [number for number in np.unique(owner).tolist() if number >= 0 and _is_whole(made.steps[number], owner)]
    dropped = {number: made.steps[number] for number in numbers}
    if not dropped:
        return
    kept = [step for number, step in enumerate(made.steps) if number not in dropped]
    made.steps[:] = [_with_sides(made, step, dropped, owner) for step in kept]


def _with_sides(made: Prepared, step: Step, dropped: Mapping[int, Step], owner: Lanes) -> Step:
    """A step that reads what the dropped steps of these numbers read."""
    if step.form not in ("pairs", "mean_pairs"):
        return step
    found = [dropped.get(_single(each, owner)) for each in step.operands[:2]]
    if found == [None, None]:
        return step
    sides = [_side(*pair) for pair in zip(step.operands[:2], found, strict=True)]
    written = replace(step, operands=(*[each for side in sides for each in side], *step.operands[2:]))
    made.sides[written] = tuple(
        [(None if each is None else each.row, len(side)) for each, side in zip(found, sides, strict=True)]
    )
    return written


def _is_cheap(step: Step) -> bool:
    if step.form != "map" or step.row not in CHEAP or step.size < LEAST:
        return False
    read = sum([np.unique(each.lanes).size for each in step.operands if each.kind == "batched"])
    return step.size >= LARGER * read


def _read_otherwise(made: Prepared, owner: Lanes) -> Lanes:
    """The lanes that anything reads but one side of a sum of products; of a mean, not both sides."""
    found = [made.sample_outputs]
    for step in made.steps:
        sides = [_single(each, owner) for each in step.operands[:2]] if step.form in ("pairs", "mean_pairs") else []
        if step.form == "mean_pairs" and min(sides) >= 0:  # one side has to be 0 where there is no sample
            sides = []
        for place, each in enumerate(step.operands):
            if each.kind == "batched" and (place >= len(sides) or sides[place] < 0):
                found.append(each.lanes.ravel())
    return np.concatenate(found)


def _single(operand: Operand, owner: Lanes) -> int:
    """The number of the cheap step that computes all lanes of an operand; −1 where there is none."""
    if operand.kind != "batched":
        return -1
    numbers = owner[operand.lanes]
    first = int(numbers.flat[0])
    return first if (numbers == first).all() else -1


def _is_whole(step: Step, owner: Lanes) -> bool:
    """Whether none of its lanes is needed elsewhere."""
    return bool((owner[step.start : step.start + step.size] >= 0).all())


def _side(operand: Operand, step: Step | None) -> Sequence[Operand]:
    """What is read for one side of a sum of products: an operand, or those of the step that computes it."""
    if step is None:
        return [operand]
    at = operand.lanes - step.start
    return [Operand(each.kind, np.broadcast_to(each.lanes, step.shape).ravel()[at]) for each in step.operands]
