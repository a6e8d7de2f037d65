"""Animate the backward pass by CSS alone, so that it plays inside an `<img>` too.

Without the animation, the picture shows the state after the pass; so it does for users who prefer reduced motion.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.backward import Step, backward_steps
from autograd.drawing.scene import Row
from autograd.drawing.text import number, sign_of

BEFORE, AFTER = 2, 5  # moments of rest at the start and at the end
SECONDS_PER_MOMENT, LONGEST_FILM = 0.8, 45.0
STILL = (  # the appearance without animation
    "[class*=while]{opacity:0}",
    ".box rect.now{fill:none;stroke:var(--fg);stroke-width:2.5}",
    ".box rect.pending{fill:var(--none-fill)}",
    ".edge path.ghost{stroke:var(--line);stroke-width:1;stroke-dasharray:none;stroke-opacity:.4}",
)
PENDING = Row("grad", "–", "none")


@contextmanager
def zeroed_gradients(nodes: Sequence[Any]) -> Iterator[None]:
    """Set the gradients of the nodes to 0, and restore them at the end of the block."""
    kept = [node.grad for node in nodes]
    try:
        for node in nodes:
            node.grad = 0.0
        yield
    finally:
        for node, grad in zip(nodes, kept, strict=True):
            node.grad = grad


@contextmanager
def fresh_pass(order: Sequence[Any], root: Any) -> Iterator[list[Step]]:
    """All steps of a backward pass from zeroed gradients; at the end of the block the old ones are restored.

    >>> from autograd import Value
    >>> x = Value(3.0); y = x * x
    >>> with fresh_pass([x, y], y) as steps:
    ...     len(steps), x.grad
    (2, 6.0)
    >>> x.grad
    0.0
    """
    with zeroed_gradients(order):
        yield list(backward_steps(root))


class Timeline:
    """The moments at which each edge appears and the gradient of each box changes."""

    def __init__(self) -> None:
        self.moments = 1
        self.edges: dict[str, int] = {}
        self.gradients: dict[str, list[tuple[int, Row]]] = {}

    def edge_class(self, edge: str) -> str:
        """The CSS class that hides an edge until its moment."""
        return f"from{self.edges[edge]}" if edge in self.edges else ""

    def states(self, box: str, row: Row) -> list[tuple[Row, str]]:
        """The states of a row with their CSS classes; a row that never changes has one, without a class."""
        if row.caption != PENDING.caption:
            return [(row, "")]
        changes = [(0, PENDING), *self.gradients.get(box, [])]
        ends = [moment for moment, _ in changes[1:]]
        passing = [(state, f"while{start}-{end}") for (start, state), end in zip(changes, ends, strict=False)]
        return [*passing, (row, f"from{ends[-1]}" if ends else "")]

    def pending(self, box: str) -> str:
        """The class of the cover of a box until its last change, since its colour shows the final sign."""
        return f"while0-{self.gradients[box][-1][0]}" if box in self.gradients else "while"

    def flashes(self, box: str) -> list[str]:
        """The classes that frame a box while its gradient changes."""
        return [f"while{moment}-{moment + 1}" for moment, _ in self.gradients.get(box, [])]

    @property
    def root_class(self) -> str:
        """A class for this animation: two of them on one page must not share their timing."""
        return f"ag-{zlib.crc32(repr((self.moments, self.edges, self.gradients)).encode()):08x}"

    def stylesheet(self) -> str:
        """The animation, for users who do not prefer reduced motion."""
        root, length = self.root_class, self.moments + BEFORE + AFTER
        seconds = min(SECONDS_PER_MOMENT * length, LONGEST_FILM)

        def percent(moment: float) -> str:
            return f"{100 * (moment + BEFORE) / length:.2f}%"

        starts = sorted({*self.edges.values(), *[m for states in self.gradients.values() for m, _ in states]})
        spans = sorted({span for box in self.gradients for span in self._spans(box)})
        rules, frames = [], []
        for start in starts:
            frames.append(f"@keyframes {root}-{start}{{0%{{opacity:0}}{percent(start)},100%{{opacity:1}}}}")
            rules.append(f".{root} .from{start}{{animation:{root}-{start} {seconds:g}s step-end infinite}}")
        for start, end in spans:
            at = "0%{opacity:1}" if start == 0 else f"0%{{opacity:0}}{percent(start)}{{opacity:1}}"
            frames.append(f"@keyframes {root}-{start}-{end}{{{at}{percent(end)},100%{{opacity:0}}}}")
            rules.append(
                f".{root} .while{start}-{end}{{animation:{root}-{start}-{end} {seconds:g}s step-end infinite}}"
            )
        hidden = "".join(f".{root} {rule}" for rule in STILL)
        return f"{hidden}@media(prefers-reduced-motion:no-preference){{{''.join(frames + rules)}}}"

    def _spans(self, box: str) -> Iterator[tuple[int, int]]:
        moments = [moment for moment, _ in self.gradients[box]]
        yield from zip([0, *moments], moments, strict=False)
        yield from ((moment, moment + 1) for moment in moments)
        yield 0, moments[-1]


def timeline_of(
    steps: Sequence[Step], root: Any, box_of: dict[Any, str], edge_of: dict[tuple[Any, int], str]
) -> Timeline:
    """The timeline of these steps; `box_of` (node) and `edge_of` (node, index of the parent) give ids.

    In a collapsed picture an edge appears with the first step along it, and a box changes with the last one into it.
    """
    timeline = Timeline()
    if root in box_of:
        timeline.gradients[box_of[root]] = [(1, Row("grad", number(1.0), "pos"))]
    members = Counter(box_of.values())
    places: dict[Any, int] = {}
    for step in steps:
        place = places[step.node] = places.get(step.node, -1) + 1
        edge, box = edge_of.get((step.node, place)), box_of.get(step.parent)
        if edge is None or box is None:  # inside a box, or out of the picture
            continue
        if edge not in timeline.edges:
            timeline.moments += 1
            timeline.edges[edge] = timeline.moments
        changes = timeline.gradients.setdefault(box, [])
        if changes and (members[box] > 1 or changes[-1][0] == timeline.moments):
            changes.pop()
        changes.append((timeline.moments, Row("grad", number(step.after), sign_of(step.after))))
    return timeline
