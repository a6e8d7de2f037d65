"""What is known of the lanes of a vector program before it is differentiated: which matter, and which are finite."""

from __future__ import annotations

from collections.abc import Sequence

from autograd._numpy import np
from autograd.compiler.symbols import TAME
from autograd.compiler.vector.program import Operand, Step, VectorProgram
from autograd.compiler.vector.steps import Mask


class Needed:
    """Which lanes depend on an input that a derivative is wanted by."""

    def __init__(self, forward: VectorProgram, wanted: Sequence[Mask]) -> None:
        self._flags = [np.zeros(size, bool) for size in forward.sizes]
        for flags, inputs in zip(self._flags, wanted, strict=True):
            flags[: len(inputs)] = inputs
        for step in forward.steps:
            needs = [self.of(each) for each in step.operands]
            combine = _any_of_product if step.form == "product" else _any_operand
            self._flags[step.batched][step.lanes] = combine(step, needs)

    def of(self, operand: Operand) -> Mask:
        """A flag for each lane of an operand."""
        if operand.kind == "constant":
            return np.zeros(operand.shape, bool)
        found: Mask = self._flags[operand.kind == "batched"][operand.lanes]
        return found


def _any_operand(step: Step, needs: Sequence[Mask]) -> Mask:
    found = np.zeros(step.shape, bool)
    for each in needs:  # the operands of a row or the terms of a sum come first
        found |= np.any(each, axis=tuple(range(each.ndim - len(step.shape)))) if each.ndim > len(step.shape) else each
    return found


def _any_of_product(step: Step, needs: Sequence[Mask]) -> Mask:
    left, right, *bias = needs
    found: Mask = np.any(left, axis=1, keepdims=True) | np.any(right, axis=0, keepdims=True)
    for each in bias:
        found = found | each
    return found


class Tame:
    """Which lanes are finite for all finite inputs, overflow aside; steps may be appended meanwhile."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._count = 0  # steps that have been looked at
        self._flags = [np.ones(64, bool), np.ones(64, bool)]  # of shared and batched lanes

    def of(self, operand: Operand) -> Mask:
        """A flag for each lane of an operand."""
        for step in self._steps[self._count :]:
            tame = (step.row is None or step.row in TAME) and all(bool(self._known(x).all()) for x in step.operands)
            self._flags_up_to(step.batched, step.start + step.size)[step.lanes] = tame
        self._count = len(self._steps)
        return self._known(operand)

    def _known(self, operand: Operand) -> Mask:
        if operand.kind == "constant":
            return np.isfinite(operand.numbers)
        found: Mask = self._flags_up_to(operand.kind == "batched", int(operand.lanes.max(initial=0)) + 1)[operand.lanes]
        return found

    def _flags_up_to(self, side: bool, size: int) -> Mask:
        known = self._flags[side]
        if len(known) < size:
            self._flags[side] = known = np.append(known, np.ones(size, bool))  # inputs and constants are finite
        return known
