"""Hide the frames of this project from a debugger that steps through a backward pass.

pdb stops where a frame has a trace function, `f_trace`. It sets one on every frame on the stack at `breakpoint()`, and
on the caller of a frame that returns, if it has none: in Python 3.11 and 3.12 only for `step`, from 3.13 for `next`.
Its `up` goes through the frames that `Bdb.get_stack` lists, which `hide_frames` replaces.
"""

from __future__ import annotations

from bdb import Bdb
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from operator import call
from sys import _getframe
from types import FrameType, TracebackType
from typing import Any

from autograd.origin import inside, is_library_file

exhaust = deque[object](maxlen=0).extend


def drive(parts: Sequence[Callable[[], object]]) -> None:
    """Call all `parts` from one line of code that is in no file (`<…>`, which other debuggers skip).

    That frame has a trace function, so pdb does not set one; a debugger that stepped into it keeps its own.
    """
    _DRIVER["backward"](exhaust, map(call, parts), _getframe, _ignore)


def _ignore(*_event: object) -> None:
    """A trace function."""


_FILE = "<autograd mirror>"
_CODE = "def backward(run, parts, frame, ignore): frame().f_trace = frame().f_trace or ignore; run(parts)"
_DRIVER: dict[str, Any] = {}
exec(compile(_CODE, _FILE, "exec"), _DRIVER)


def stop(frame: FrameType) -> Iterator[object]:
    """An iterator that, exhausted by a line of `frame`, calls `breakpoint()` and restores our frames' trace functions.

    All in C, where no debugger can stop. From Python 3.13 on, pdb would stop at the next instruction, and once more
    where the line begins again; so `frame.f_trace_opcodes` is restored too.
    """
    actions: list[Callable[[], object]] = [breakpoint]
    actions += [partial(setattr, frame, "f_trace_opcodes", frame.f_trace_opcodes)]
    actions += [partial(setattr, each, "f_trace", each.f_trace) for each in inside(frame.f_back)]
    return map(call, actions)


Stack = tuple[list[tuple[FrameType, int]], int]  # of bdb: frames with their lines, the outermost first, and the current


def hide_frames() -> None:
    """Let pdb, and any debugger that is a `bdb.Bdb`, list no frames of ours below those of a pass.

    So `up` goes to the line that called `backward()`, where `next` stops. Once and for all, on the class: a debugger
    may appear in the middle of a pass, by `breakpoint()`. Other stacks stay as they are.
    """
    get_stack = Bdb.get_stack
    if hasattr(get_stack, "__wrapped__"):
        return

    @wraps(get_stack)
    def shown(debugger: Bdb, frame: FrameType | None, traceback: TracebackType | None) -> Stack:
        stack, current = get_stack(debugger, frame, traceback)
        return _without_ours(debugger, stack, current)

    setattr(Bdb, "get_stack", shown)  # noqa: B010 (mypy refuses the assignment to a method)


def _without_ours(debugger: Bdb, stack: list[tuple[FrameType, int]], current: int) -> Stack:
    drivers = [frame for frame, _ in stack if frame.f_code.co_filename == _FILE]
    hidden = {each for driver in drivers for each in inside(driver)}
    if not hidden or stack[current][0] in hidden:
        return stack, current
    kept = [(frame, line) for frame, line in stack if frame not in hidden]
    for frame, _ in kept:  # as `set_trace` does: `next` in a frame that is not traced would run to the end
        if not is_library_file(frame.f_code.co_filename):
            frame.f_trace = frame.f_trace or debugger.trace_dispatch
    return kept, current - sum(frame in hidden for frame, _ in stack[:current])
