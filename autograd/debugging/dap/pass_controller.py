"""`PassController`: one backward pass that moves by the editor's commands until there is a reason to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd.debugging.breakpoints import Breakpoint
from autograd.debugging.dap.stops import COMPLETE, NAN, RequestedBreakpoints
from autograd.debugging.messages import number
from autograd.debugging.naming import Names, variables_of_caller
from autograd.debugging.walk import Walk
from autograd.expressions.conditions import ConditionError
from autograd.origin import asking
from autograd.value import Value

Until = Callable[[Walk], bool]


class Stop(NamedTuple):
    """Why the pass has stopped: a reason of the protocol, a description for the user, the breakpoints that were met."""

    reason: str
    description: str = ""
    hit: tuple[int, ...] = ()
    node: Value | None = None  # the node to show, if not the one whose products are next

    def event(self, thread: int) -> Mapping[str, Any]:
        """The body of the event `stopped`."""
        body: dict[str, Any] = {"reason": self.reason, "threadId": thread, "allThreadsStopped": True}
        if self.description:
            body |= {"description": self.description, "text": self.description}
        return body | ({"hitBreakpointIds": list(self.hit)} if self.hit else {})


@dataclass(frozen=True)
class Move:
    """A command that moves. `until(walk)`, called first, gives the condition to end at; None: the next stop."""

    until: Callable[[Walk], Until] | None
    backwards: bool = False


def _after_this_value(walk: Walk) -> Until:
    node = walk.node
    return lambda walk: walk.node is not node


def _at_beginning_of_a_value(walk: Walk) -> Until:
    return lambda walk: walk.node is not None and walk.index == walk.outgoing(walk.node).start


def _after_one_product(walk: Walk) -> Until:
    return lambda walk: True


def _at_end(walk: Walk) -> Until:
    return lambda walk: walk.at_end


MOVES: Mapping[str, Move] = {
    "next": Move(_after_this_value),
    "stepIn": Move(_after_one_product),
    "stepOut": Move(_at_end),
    "continue": Move(None),
    "stepBack": Move(_at_beginning_of_a_value, backwards=True),
    "reverseContinue": Move(None, backwards=True),
}
SMALLEST: Mapping[str, Move] = {  # the granularity "instruction"
    "next": Move(_after_one_product),
    "stepBack": Move(_after_one_product, backwards=True),
}


class PassController:
    """The pass of one `backward()`, with names and place from the frame that called it."""

    def __init__(self, walk: Walk, stops: RequestedBreakpoints) -> None:
        self.walk, self.stops = walk, stops
        self.called_from = asking()
        self.names = Names(walk.nodes[::-1], variables_of_caller())
        self.stop = Stop("entry")

    @property
    def here(self) -> Value:
        """The node to show at this moment."""
        last = self.walk.last
        candidates = (self.stop.node, self.walk.node, last.parent if last else None)
        return next((node for node in candidates if node is not None), self.walk.root)

    def begin(self) -> Stop | None:
        """Whether to stop before the first product."""
        return self._met()

    def move(self, move: Move, interrupted: Callable[[], bool]) -> Stop | None:
        """Carry out a command; None if it went past the end of the pass."""
        walk = self.walk
        if walk.at_end and not move.backwards:
            return None
        until = move.until(walk) if move.until else None
        found: Stop | None = None

        def has_stopped(walk: Walk) -> bool:
            nonlocal found
            found = self._met() or (Stop("step") if until and until(walk) else None)
            if found is None and interrupted():
                found = Stop("pause")
            return found is not None

        walk.run(has_stopped, backwards=move.backwards)
        return found or self._at_limit(move)

    def _at_limit(self, move: Move) -> Stop | None:
        if move.backwards:
            return Stop("entry" if self.walk.index == 0 else "step", "the beginning of the pass")
        if move.until is None and COMPLETE not in self.stops.filters:
            return None
        return Stop("step", "the pass is complete")

    def _met(self) -> Stop | None:
        """The reason to stop at this moment, if there is one."""
        last = self.walk.last
        if last and NAN in self.stops.filters and math.isfinite(last.before) and not math.isfinite(last.after):
            name = self.names.of[last.parent]
            text = f"the gradient of {name} becomes {number(last.after)}"
            return Stop("exception", text, node=last.node)
        found = list(self._breakpoints())
        return Stop("breakpoint", found[0][1], tuple(id for id, _, _ in found), found[0][2]) if found else None

    def _breakpoints(self) -> Iterator[tuple[int, str, Value | None]]:
        for wanted in self.stops:
            if wanted.placed is None:
                continue
            try:
                met, text = wanted.placed.is_met(self.walk, self.names), wanted.placed.text
            except ConditionError as error:
                met, text = True, str(error)
            if met:
                yield wanted.id, text, self._node_of(wanted.placed)

    def _node_of(self, breakpoint: Breakpoint) -> Value | None:
        """The node that was reached; of several the one whose products are next."""
        if breakpoint.place is None:
            return None
        reached = [node for node in self.walk.arriving if breakpoint.place(node)]
        return self.walk.node if self.walk.node in reached else reached[-1] if reached else None
