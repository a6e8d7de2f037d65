"""Hide the frames of this project from a debugger that steps through a backward pass.

pdb stops where a frame has a trace function, `f_trace`. It sets one on every frame on the stack at `breakpoint()`, and
on the caller of a frame that returns, if it has none: in Python 3.11 and 3.12 only for `step`, from 3.13 for `next`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import call
from sys import _getframe
from types import FrameType
from typing import Any

from autograd.origin import inside

exhaust = deque[object](maxlen=0).extend


def drive(parts: Sequence[Callable[[], object]]) -> None:
    """Call all `parts` from one line of code that is in no file (`<…>`, which other debuggers skip).

    That frame has a trace function, so pdb does not set one; a debugger that stepped into it keeps its own.
    """
    _DRIVER["backward"](exhaust, map(call, parts), _getframe, _ignore)


def _ignore(*_event: object) -> None:
    """A trace function."""


_CODE = "def backward(run, parts, frame, ignore): frame().f_trace = frame().f_trace or ignore; run(parts)"
_DRIVER: dict[str, Any] = {}
exec(compile(_CODE, "<autograd mirror>", "exec"), _DRIVER)


def stop(frame: FrameType) -> Iterator[object]:
    """An iterator that, exhausted by a line of `frame`, calls `breakpoint()` and restores our frames' trace functions.

    All in C, where no debugger can stop. From Python 3.13 on, pdb would stop at the next instruction, and once more
    where the line begins again; so `frame.f_trace_opcodes` is restored too.
    """
    actions: list[Callable[[], object]] = [breakpoint]
    actions += [partial(setattr, frame, "f_trace_opcodes", frame.f_trace_opcodes)]
    actions += [partial(setattr, each, "f_trace", each.f_trace) for each in inside(frame.f_back)]
    return map(call, actions)
