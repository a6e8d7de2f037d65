"""What a workload is: two sides that compute the same thing, a way to measure them, a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from autograd import CheckError

TOLERANCE = 1e-9
"""Largest accepted difference, relative to the largest reference entry.

A gradient of a workload adds at most about 10**5 products. Adding n terms in another order moves the sum by at most
n u sum|terms|, u = 1.1e-16 (Higham 2002, section 4.2), hence 1e-11 of sum|terms|; the factor 100 above that leaves
room for sums that cancel. A wrong rule is off by far more than 1e-9.
"""

Collector = Literal["left alone", "paused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one step computed: the loss, and its gradient in an order that both sides share."""

    loss: float
    gradients: Sequence[float]


@dataclass(frozen=True, slots=True)
class Side:
    """One program of a comparison; ``step`` is what is measured, ``answer`` runs it once and reads the result.

    ``remark`` says, once it ran, what has to be known about its figures.
    """

    name: str
    step: Callable[[], object]
    answer: Callable[[], Answer]
    collector: Collector = "left alone"
    remark: Callable[[], str] = str


@dataclass(frozen=True, slots=True)
class Contest:
    """Our side, and what it is held against: a peer, or an answer known in closed form.

    ``nodes`` divides each figure, for workloads that are stated per node of the graph.
    """

    ours: Side
    peer: Side | None = None
    expected: Answer | None = None
    nodes: int = 1

    def sides(self) -> tuple[Side, ...]:
        """The sides to measure, ours first."""
        return (self.ours,) if self.peer is None else (self.ours, self.peer)

    def reference(self) -> Answer:
        """The answer that ours must agree with; ``CheckError`` when the contest has nothing to compare with."""
        if self.peer is not None:
            return self.peer.answer()
        if self.expected is None:
            raise CheckError("nothing to compare with: give the contest a peer or an expected answer")
        return self.expected

    def check(self) -> tuple[Answer, float]:
        """Our answer and its difference from the reference; ``CheckError`` when that exceeds ``TOLERANCE``."""
        answer = self.ours.answer()
        worst = difference(answer, self.reference())
        if not worst <= TOLERANCE:
            rival = self.peer.name if self.peer is not None else "the reference"
            raise CheckError(
                f"{self.ours.name} differs from {rival} by {worst:.3g} (at most {TOLERANCE:g} is rounding)"
            )
        return answer, worst


def difference(ours: Answer, reference: Answer) -> float:
    """The larger of the relative differences of loss and gradient; infinite when one of them is not a number.

    |g - h| over the components, divided by the largest |h|: rounding errors scale with the terms of a sum, not with
    the sum, so a component that happens to be near 0 is not a reason to reject.

    >>> difference(Answer(1.0, [4.0, 0.0]), Answer(1.0, [4.0, 1.0]))
    0.25
    """
    if len(ours.gradients) != len(reference.gradients):
        raise CheckError(f"{len(ours.gradients)} gradients against {len(reference.gradients)}: not the same parameters")
    return max(
        _relative((ours.loss,), (reference.loss,)),
        _relative(ours.gradients, reference.gradients),
    )


def _relative(ours: Sequence[float], reference: Sequence[float]) -> float:
    worst = max((abs(g - h) for g, h in zip(ours, reference, strict=True)), default=0.0)
    scale = max((abs(h) for h in reference), default=0.0)
    finite = all(map(math.isfinite, (*ours, *reference)))
    if not finite or (worst and not scale):
        return math.inf
    return worst / scale if scale else 0.0
