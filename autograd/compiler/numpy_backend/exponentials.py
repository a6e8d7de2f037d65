"""Exponentials that a function and its derivative share, computed once: logsumexp and the softmax, σ(x) and σ(−x)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograd import rules
from autograd.compiler.vector.steps import Lanes, Operand, Step


class Known(NamedTuple):
    """What a softmax has computed of numbers: the largest of each, and the exponentials of the differences to it."""

    largest: Operand
    shifted: Operand


def shared_first(steps: Sequence[Step]) -> tuple[list[Step], dict[Step, Known]]:
    """The steps with those that a logsumexp can use moved in front of it, and what that is."""
    order = list(steps)
    known: dict[Step, Known] = {}
    for step in steps:
        if step.row is rules.logsumexp and (found := _softmax(steps, step.operands[0])):
            pivot, exponentials, known[step] = found
            for each in (pivot, exponentials):  # never later than they were: others may look at them as well
                if order.index(each) > order.index(step):
                    order.remove(each)
                    order.insert(order.index(step), each)
    return order, known


def opposites(steps: Sequence[Step]) -> dict[Step, Step]:
    """The later step that computes σ(−x), by the one that computes σ(x): σ′(x) is their product."""
    negative = {_key(step.operands[0]): step for step in steps if step.row is rules.neg and step.results is None}
    sigmoids = {_key(step.operands[0]): step for step in steps if step.row is rules.sigmoid and step.results is None}
    found = {}
    for x, step in sigmoids.items():
        minus = negative.get(x)
        later = minus and sigmoids.get(_key(Operand(minus.kind, minus.lanes)))
        if later and (later.kind, later.shape) == (step.kind, step.shape) and later.start > step.start:
            found[step] = later
    return found


def _key(x: Operand) -> tuple[str, tuple[int, ...], bytes]:
    return x.kind, x.shape, x.table.tobytes()


def _softmax(steps: Sequence[Step], xs: Operand) -> tuple[Step, Step, Known] | None:
    """The steps that compute pivot and exponentials of the same numbers, which depend on nothing else."""
    for pivot in steps:
        if pivot.row is rules.pivot and pivot.results is None and _equal(pivot.operands[0], xs):
            largest = pivot.lanes
            for step in steps:
                if step.row is rules.exp_shift and step.results is None:
                    lanes = _shifted(step, xs, largest, pivot.batched)
                    if lanes is not None:
                        return pivot, step, Known(Operand(xs.kind, largest), Operand(xs.kind, lanes))
    return None


def _equal(x: Operand, y: Operand) -> bool:
    return x.kind == y.kind != "constant" and np.array_equal(x.lanes, y.lanes)


def _shifted(step: Step, xs: Operand, largest: Lanes, batched: bool) -> Lanes | None:
    """Where the exponentials of xs are, if this step computes them all, and from these largest ones."""
    x, shift = step.operands
    if x.kind != xs.kind or shift.kind != xs.kind or step.batched is not batched:
        return None
    given = {lane: place for place, lane in enumerate(x.lanes.ravel().tolist())}
    places = [given.get(lane, -1) for lane in xs.lanes.ravel().tolist()]
    if min(places) < 0:
        return None
    wanted = np.broadcast_to(largest, xs.lanes.shape).ravel()
    if not np.array_equal(shift.lanes.ravel()[places], wanted):
        return None
    return (step.start + np.array(places, np.intp)).reshape(xs.lanes.shape)
