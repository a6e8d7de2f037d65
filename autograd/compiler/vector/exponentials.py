"""Exponentials that a function and its derivative share, computed once: logsumexp and the softmax, σ and σ′."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd import rules
from autograd._numpy import np
from autograd.compiler.vector.order import in_order
from autograd.compiler.vector.steps import Lanes, Operand, Step

Key = tuple[str, tuple[int, ...], bytes]


class Known(NamedTuple):
    """Results of a softmax: the largest of the numbers, and the exponentials of their differences from it."""

    largest: Operand
    shifted: Operand


def shared_first(steps: Sequence[Step]) -> tuple[list[Step], dict[Step, Known]]:
    """The steps with σ′ behind σ and every logsumexp behind those that compute what it can use, and what that is."""
    softmaxes = _Softmaxes(steps)
    known: dict[Step, Known] = {}
    after: dict[Step, Sequence[Step]] = {later: [step] for step, later in _sigmoids(steps)}
    for step in steps:
        if step.row is rules.logsumexp and (found := softmaxes.of(step.operands[0])):
            *after[step], known[step] = found
    order = in_order(steps, after) if after else None
    return (list(steps), {}) if order is None else (order, known)


def slopes(steps: Sequence[Step]) -> dict[Step, Step]:
    """The later step that computes σ′(x) = e⁻ˣ σ(x)², by the one that computes σ(x) from e⁻ˣ."""
    at = {step: number for number, step in enumerate(steps)}
    return {step: later for step, later in _sigmoids(steps) if at[step] < at[later]}


def _sigmoids(steps: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """Pairs of steps that compute σ and σ′ of the same numbers."""
    inner = [step for step in steps if step.results is None]
    sigmoids = {_key(step.operands[0]): step for step in inner if step.row is rules.sigmoid}
    for other in inner:
        step = sigmoids.get(_key(other.operands[0])) if other.row is rules.sigmoid_slope else None
        if step and (other.kind, other.shape) == (step.kind, step.shape):
            yield step, other


def _key(x: Operand) -> Key:
    return x.kind, x.shape, x.table.tobytes()


class _Softmaxes:
    """The pivots and exponentials among some steps, by what they are of: each step is looked at once."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._pivots: dict[Key, Step] = {}
        self._with_shift: dict[tuple[str, int], list[Step]] = {}
        self._places: dict[Step, dict[tuple[int, int], int]] = {}
        for step in steps:
            if step.results is not None:
                continue
            if step.row is rules.pivot:
                self._pivots.setdefault(_key(step.operands[0]), step)
            elif step.row is rules.exp_shift and (shift := step.operands[1]).kind != "constant":
                for lane in np.unique(shift.lanes).tolist():
                    self._with_shift.setdefault((shift.kind, lane), []).append(step)

    def of(self, xs: Operand) -> tuple[Step, Step, Known] | None:
        """The steps that compute pivot and exponentials of these numbers, if there are such."""
        pivot = self._pivots.get(_key(xs))
        if pivot is None or xs.kind == "constant":
            return None
        for step in self._exponentials(pivot):
            lanes = self._shifted(step, xs, pivot)
            if lanes is not None:
                return pivot, step, Known(Operand(xs.kind, pivot.lanes), Operand(xs.kind, lanes))
        return None

    def _exponentials(self, pivot: Step) -> Iterator[Step]:
        for step in self._with_shift.get((pivot.kind, pivot.start), []):
            if step.batched is pivot.batched and step.operands[0].kind == pivot.kind:
                yield step

    def _shifted(self, step: Step, xs: Operand, pivot: Step) -> Lanes | None:
        """Where the exponentials of xs are, if this step computes them all, and from these largest ones."""
        if step not in self._places:
            pairs = zip(
                *[np.broadcast_to(each.lanes, step.shape).ravel().tolist() for each in step.operands], strict=True
            )
            self._places[step] = {pair: place for place, pair in enumerate(pairs)}
        given = self._places[step]
        largest = np.broadcast_to(pivot.lanes, xs.shape)
        places = [given.get(pair, -1) for pair in zip(xs.lanes.ravel().tolist(), largest.ravel().tolist(), strict=True)]
        return None if min(places) < 0 else step.start + np.array(places, np.intp).reshape(xs.shape)
