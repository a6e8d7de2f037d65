"""The editor's breakpoints: kept from pass to pass, and placed in the graph of each."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from autograd.debugging.breakpoints import NODE_NAMES, Breakpoint, attributes, made_in, parse
from autograd.debugging.naming import Names
from autograd.debugging.walk import Walk
from autograd.errors import GraphError
from autograd.expressions.conditions import ConditionError, read
from autograd.primitive import PRIMITIVES

WAITING = "it is placed when a backward pass begins"
NAN, COMPLETE = "nan", "complete"  # the filters: what a pass may stop at without a breakpoint
FILTERS = (
    {"filter": NAN, "label": "Infinite or nan gradient", "default": True},
    {"filter": COMPLETE, "label": "Backward pass complete", "default": False},
)


@dataclass
class RequestedBreakpoint:
    """One breakpoint as the editor asked for it: in a line, or, without a file, at a function's or value's name.

    `placed` is what it became in the graph of this pass, None with the reason in `message`.
    """

    id: int
    place: str
    line: int = 0
    condition: str = ""
    placed: Breakpoint | None = None
    message: str = WAITING
    told: Mapping[str, Any] = field(default_factory=dict)  # what the editor knows of it

    def find(self, walk: Walk, names: Names) -> None:
        """Look for its place in the graph of a pass."""
        try:
            self.placed, self.message = self._in(walk, names), ""
        except (GraphError, ConditionError) as error:
            self.placed, self.message = None, str(error)

    def _in(self, walk: Walk, names: Names) -> Breakpoint:
        if not self.line:
            text = place_of_name(self.place)
            return parse(f"{text} if {self.condition}" if self.condition else text, walk, names)
        known: Mapping[str, Any] = ChainMap(dict.fromkeys(NODE_NAMES), names.nodes)
        condition = read(self.condition, known, attributes(names)) if self.condition else None
        place = made_in(self.place, self.line, walk)
        text = f"{os.path.basename(self.place)}:{self.line}"
        return Breakpoint(text, place=place, condition=condition, once_per_run=condition is None)

    def describe(self, first_line: int) -> Mapping[str, Any]:
        """It as the editor wants to see it, whose lines count from `first_line`."""
        found: dict[str, Any] = {"id": self.id, "verified": self.placed is not None}
        if self.message:
            found["message"] = self.message
        if self.line:
            found["line"] = self.line - 1 + first_line
        self.told = found
        return found


@dataclass
class RequestedBreakpoints:
    """All that the editor wants to stop at; replaced, never changed, while a pass may be looking."""

    by_source: Mapping[str, Sequence[RequestedBreakpoint]] = field(default_factory=dict)
    filters: frozenset[str] = frozenset({NAN})
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def __iter__(self) -> Iterator[RequestedBreakpoint]:
        for wanted in self.by_source.values():
            yield from wanted

    def in_lines(self, path: str, asked: Sequence[tuple[int, str]]) -> Sequence[RequestedBreakpoint]:
        """From now on the breakpoints of a file are these: (line, condition) each."""
        return self._replace(
            path, [RequestedBreakpoint(next(self._ids), path, line, condition) for line, condition in asked]
        )

    def at_names(self, asked: Sequence[tuple[str, str]]) -> Sequence[RequestedBreakpoint]:
        """From now on the breakpoints without a line are these: (name, condition) each; see `place_of_name`."""
        return self._replace(
            "", [RequestedBreakpoint(next(self._ids), name, 0, condition) for name, condition in asked]
        )

    def clear(self) -> None:
        """Stop at nothing more."""
        self.by_source, self.filters = {}, frozenset()

    def _replace(self, source: str, wanted: Sequence[RequestedBreakpoint]) -> Sequence[RequestedBreakpoint]:
        self.by_source = {**self.by_source, source: wanted}
        return wanted


def place_of_name(name: str) -> str:
    """A function breakpoint names a primitive, or is what the stepper's `break` takes.

    >>> place_of_name("tanh"), place_of_name("w2[1,0]")
    ('op tanh', 'w2[1,0]')
    """
    return f"op {name}" if name in PRIMITIVES else name
