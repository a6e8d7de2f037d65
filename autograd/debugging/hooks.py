"""`breakpoint_at`: breakpoints in the backward pass that the program sets itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from sys import _getframe
from typing import Any

from autograd import backward
from autograd.debugging.hidden_frames import stop
from autograd.io.suggestions import did_you_mean
from autograd.primitive import PRIMITIVES
from autograd.value import Value

StopCondition = Callable[[Value], object]


@dataclass(frozen=True, eq=False)
class ProgramBreakpoint:
    """What `breakpoint_at` returns; as a context manager it removes itself at the end of the block."""

    holds: StopCondition
    changes: bool  # whether `holds` may become true later, when the gradients are known

    def remove(self) -> None:
        """Remove the breakpoint; a second call does nothing."""
        backward.breakpoints = tuple([each for each in backward.breakpoints if each is not self])

    def __enter__(self) -> ProgramBreakpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def breakpoint_at(target: Value | str | StopCondition) -> ProgramBreakpoint:
    """Call `breakpoint()` in every backward pass that reaches `target`, when the gradient is complete there.

    `target` is a node, the name of a primitive (any node it made), or a condition, a function of the node that says
    whether to stop, such as `lambda node: abs(node.grad) > 1e3`. The debugger stops before the gradient is passed on,
    at the line that made the node, as in mirror mode, and its next steps are the lines before. A node made while
    provenance was off stops at the line that called `backward()`.

    Without breakpoints, passes are as fast as ever. With some, only passes that may stop are slow (in mirror mode); a
    condition may hold at any node, so it makes all of them slow.

    >>> x = Value(2.0)
    >>> with breakpoint_at("tanh") as stop:
    ...     (x * x).backward()  # no tanh in it
    >>> stop.remove()

    ValueError for a name that is not a primitive's, TypeError for anything else.
    """
    found = _breakpoint(target)
    backward.breakpoints = (*backward.breakpoints, found)
    return found


def _breakpoint(target: Value | str | StopCondition) -> ProgramBreakpoint:
    if isinstance(target, Value):
        return ProgramBreakpoint(lambda node: node is target, changes=False)
    if isinstance(target, str):
        if target not in PRIMITIVES:
            hint = did_you_mean(target, PRIMITIVES) or "; autograd.PRIMITIVES lists them"
            raise ValueError(f"breakpoint_at({target!r}): no primitive has this name{hint}")
        return ProgramBreakpoint(lambda node: node.op == target, changes=False)
    if callable(target):
        return ProgramBreakpoint(target, changes=True)
    raise TypeError(
        f"breakpoint_at takes a Value, the name of a primitive or a condition, got {target!r} ({type(target).__name__})"
    )


def can_stop(node: Any) -> bool:
    """Whether a breakpoint may stop at `node` in the coming pass."""
    return any(each.changes or each.holds(node) for each in backward.breakpoints)


def stops(node: Any) -> tuple[Iterator[object], ...]:
    """What makes the caller stop at `node`, if a breakpoint stops there now."""
    return (stop(_getframe(1)),) if any(each.holds(node) for each in backward.breakpoints) else ()
