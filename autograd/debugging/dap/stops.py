"""The editor's breakpoints, which are kept from pass to pass and placed in the graph of each."""

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
from autograd.expressions.conditions import ConditionError, parse_condition
from autograd.primitive import PRIMITIVES

WAITING = "placed when a backward pass begins"
NAN, COMPLETE = "nan", "complete"  # exception filters of the protocol: what a pass may stop at without a breakpoint
FILTERS = (
    {"filter": NAN, "label": "Infinite or nan gradient", "default": True},
    {"filter": COMPLETE, "label": "Backward pass complete", "default": False},
)


@dataclass
class RequestedBreakpoint:
    """One breakpoint that the editor requested: in a line, or, with `line` 0, at the name of a primitive or value.

    `placed` is the breakpoint in the graph of this pass, or None, with the reason in `message`.
    """

    id: int
    place: str
    line: int = 0
    condition: str = ""
    placed: Breakpoint | None = None
    message: str = WAITING
    described: Mapping[str, Any] = field(default_factory=dict)  # as the editor last saw it

    def find(self, walk: Walk, names: Names) -> None:
        """Place it in the graph of a pass."""
        try:
            self.placed, self.message = self._in(walk, names), ""
        except (GraphError, ConditionError) as error:
            self.placed, self.message = None, str(error)

    def _in(self, walk: Walk, names: Names) -> Breakpoint:
        if not self.line:
            text = place_of_name(self.place)
            return parse(f"{text} if {self.condition}" if self.condition else text, walk, names)
        known: Mapping[str, Any] = ChainMap(dict.fromkeys(NODE_NAMES), names.nodes)
        condition = parse_condition(self.condition, known, attributes(names)) if self.condition else None
        place = made_in(self.place, self.line, walk)
        text = f"{os.path.basename(self.place)}:{self.line}"
        return Breakpoint(text, place=place, condition=condition, once_per_run=condition is None)

    def describe(self, first_line: int) -> Mapping[str, Any]:
        """The body for the editor, whose lines count from `first_line`."""
        found: dict[str, Any] = {"id": self.id, "verified": self.placed is not None}
        if self.message:
            found["message"] = self.message
        if self.line:
            found["line"] = self.line - 1 + first_line
        self.described = found
        return found


@dataclass
class RequestedBreakpoints:
    """All breakpoints of the editor; the mapping is replaced, never changed, since a pass may be reading it."""

    by_source: Mapping[str, Sequence[RequestedBreakpoint]] = field(default_factory=dict)
    filters: frozenset[str] = frozenset({NAN})
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def __iter__(self) -> Iterator[RequestedBreakpoint]:
        for wanted in self.by_source.values():
            yield from wanted

    def in_lines(self, path: str, asked: Sequence[tuple[int, str]]) -> Sequence[RequestedBreakpoint]:
        """Set the breakpoints of a file: (line, condition) each."""
        return self._replace(
            path, [RequestedBreakpoint(next(self._ids), path, line, condition) for line, condition in asked]
        )

    def at_names(self, asked: Sequence[tuple[str, str]]) -> Sequence[RequestedBreakpoint]:
        """Set the breakpoints without a line: (name, condition) each; see `place_of_name`."""
        return self._replace(
            "", [RequestedBreakpoint(next(self._ids), name, 0, condition) for name, condition in asked]
        )

    def clear(self) -> None:
        """Remove all breakpoints and filters."""
        self.by_source, self.filters = {}, frozenset()

    def _replace(self, source: str, wanted: Sequence[RequestedBreakpoint]) -> Sequence[RequestedBreakpoint]:
        self.by_source = {**self.by_source, source: wanted}
        return wanted


def place_of_name(name: str) -> str:
    """The place of a function breakpoint, for `parse`: a primitive by its name, or any place of its grammar.

    >>> place_of_name("tanh"), place_of_name("w2[1,0]")
    ('op tanh', 'w2[1,0]')
    """
    return f"op {name}" if name in PRIMITIVES else name
