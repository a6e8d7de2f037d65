"""Observe numbers that leave the graph while f runs: `float(x)`, `x.data`, `x.detach()` and the like.

A number that leaves is not an error by itself: many are only printed or compared. `reevaluation.py` finds out whether
the result depends on one, by holding it fixed while f is called at another point.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from autograd.observing import Observer, asking, outside, recorded_instead
from autograd.origin import Instruction, Position, position_of, span
from autograd.recording import under
from autograd.scopes import Hooks, hooks
from autograd.value import Value

T = TypeVar("T")
_REMEDIES = {
    ".data": "compute with the Value itself instead of its .data",
    ".grad": "take derivatives of derivatives with autograd.grad",
    "detach()": "leave detach() out",
    "int()": "if a step function is meant, use autograd.floor",
    "text": "format what f returns, not what it computes with",
    "no_graph()": "compute it outside of no_graph()",
    "a copy": "use the Value itself instead of a copy",
}
_ALLOW = "; if it is meant to be constant, check with detached='allow'"


Place = tuple[Any, ...]
"""A sub-expression: its code and span. Several instructions may belong to one (CPython's PRECALL)."""


class Departure(NamedTuple):
    """One number that left the graph: how, at which instruction of the user's program, and the number."""

    how: str
    at: Instruction
    number: float

    @property
    def place(self) -> Place:
        """The place shared by all departures of one sub-expression."""
        return place_of(self.at)


def place_of(at: Instruction) -> Place:
    """See `Place`."""
    return at[0], *span(at)


class Departures(Observer):
    """Records every number that is read from a Value; where `held` has a number for the place, it is the answer.

    departures  the numbers that left, in order
    outcomes    the results of comparisons, in order
    """

    def __init__(self, held: Mapping[Place, Sequence[float]] | None = None) -> None:
        self.departures: list[Departure] = []
        self.outcomes: list[bool] = []
        self._held: dict[Place, Iterator[float]] = {place: iter(numbers) for place, numbers in (held or {}).items()}

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)`, observed."""
        return under(self._change, function, *args)

    def _change(self, now: Hooks) -> Hooks:
        return replace(now, observer=self, leaf_watchers=(*now.leaf_watchers, self._see_leaf))

    def left(self, number: float, how: str, frame: FrameType | None) -> float:
        """Record it; a number held fixed at that place is returned instead."""
        at = asking(frame)
        if at is None:
            return number
        answer = next(self._held.get(place_of(at), iter(())), number) if self._held else number
        self.departures.append(Departure(how, at, number))
        return answer

    def _see_leaf(self, leaf: Value) -> None:
        """Results inside `no_graph()` have no parents, although no number is read."""
        if hooks().off:
            leaf._data = self.left(leaf._data, "no_graph()", outside(sys._getframe(1)))

    def compare(self, relation: str, left: Value, right: Any) -> bool:
        """Record the outcome."""
        outcome = super().compare(relation, left, right)
        self.outcomes.append(outcome)
        return outcome


def numbers_by_place(departures: Sequence[Departure]) -> dict[Place, list[float]]:
    """The numbers that left at each place, in order."""
    found: dict[Place, list[float]] = {}
    for departure in departures:
        found.setdefault(departure.place, []).append(departure.number)
    return found


def described(departure: Departure) -> tuple[Position, str, str]:
    """Where a number left, how, and what to write instead."""
    place = position_of(departure.at)
    return place, departure.how, _remedy(departure.how, place.text) + _ALLOW


def _remedy(how: str, text: str) -> str:
    return _REMEDIES.get(how) or recorded_instead(text)
