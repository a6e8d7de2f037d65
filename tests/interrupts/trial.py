"""One interrupt at one bytecode, and what must be as it was afterwards."""

from __future__ import annotations

import gc
import math
import os
import random
import signal
import sys
import threading
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from autograd import PRIMITIVES, Value, backward
from autograd.compiler.llvm import engine, library
from autograd.scopes import PLAIN, active, hooks

LOCKS = (backward._lock, engine._lock, library._lock)


@dataclass
class Task:
    """A function that can be run again and again, with the same result: bits, or what is equal when nothing is lost.

    `parameters` are Values that it uses, `locks` those that it takes, and `folder` is where it writes `files`.
    `prepare` comes before it, undisturbed. `is_whole` says, after an interrupt, whether what it changes step by step is
    as some step has left it.
    """

    work: Callable[[], object]
    parameters: Sequence[Value] = ()
    locks: Sequence[Any] = ()
    folder: Path | None = None
    files: frozenset[str] = frozenset()
    prepare: Callable[[], object] = lambda: None
    is_whole: Callable[[], bool] = lambda: True

    def run(self) -> object:
        """Undisturbed."""
        self.prepare()
        return self.work()


# --- where to stop ----------------------------------------------------------------------------------------------------


class Place:
    """Bytecode number `offset` of the call number `call` that a function makes, itself or by others."""

    def __init__(self, call: int, offset: int) -> None:
        self.call, self.offset = call, offset
        self.where = ""

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        """For `sys.settrace`: only one call is followed bytecode by bytecode, so that the others keep their speed."""
        if not _can_be_stopped(frame):
            return None
        self.call -= 1
        if self.call != -1:
            return None
        _follow_bytecodes(frame, self._step)
        return self._step

    def _step(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "opcode":
            self.offset -= 1
            if self.offset < 0:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
                raise KeyboardInterrupt
        return self._step


def _follow_bytecodes(frame: FrameType, step: Callable[..., Any]) -> None:
    frame.f_trace = step  # Python 3.13.0 takes the wish for bytecodes from a frame that is traced, no other
    frame.f_trace_opcodes, frame.f_trace_lines = True, False


def _can_be_stopped(frame: FrameType) -> bool:
    """Not the import system and this package: everything else, the standard library too."""
    return not frame.f_code.co_filename.startswith("<frozen") and frame.f_globals.get("__name__") != __name__


class Places:
    """All bytecodes of a function, as one run of it goes."""

    def __init__(self, work: Callable[[], object]) -> None:
        counts: list[int] = []

        def call(frame: FrameType, event: str, _: object) -> Any:
            if not _can_be_stopped(frame):
                return None
            number = len(counts)
            counts.append(0)

            def step(frame: FrameType, event: str, _: object) -> Any:
                counts[number] += event == "opcode"
                return step

            _follow_bytecodes(frame, step)
            return step

        with traced(call):
            work()
        self.ends = list(accumulate(counts))

    def choose(self, rng: random.Random) -> Place:
        """Each bytecode with the same chance."""
        return self.at(rng.randrange(self.ends[-1]))

    def at(self, number: int) -> Place:
        """The bytecode of that number."""
        call = bisect_right(self.ends, number)
        return Place(call, number - (self.ends[call - 1] if call else 0))


@contextmanager
def traced(trace: Callable[..., Any]) -> Iterator[None]:
    """`sys.settrace(trace)` for the block."""
    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Python 3.12 asks at `settrace` whether any frame wants bytecodes
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


# --- what must be as it was -------------------------------------------------------------------------------------------


class State:
    """What belongs to the process or the thread, by name."""

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {
            "the garbage collector": gc.isenabled(),
            "the hooks": hooks(),
            "the innermost block": active(),  # after `hooks`, which drops blocks that are closed
            "context variables": {variable: value for variable, value in copy_context().items() if value is not None},
            "switches of backward": (set(backward.callbacks), backward.breakpoints, backward.debug_backward),
            "the table": {name: (id(row), row.partials, row.variadic) for name, row in PRIMITIVES.items()},
            "the recursion limit": sys.getrecursionlimit(),
            "the handler of SIGINT": signal.getsignal(signal.SIGINT),
            "warnings": list(warnings.filters),
            "NumPy's errors": np.geterr(),
            "threads": threading.active_count(),
            "standard streams": (sys.stdin, sys.stdout, sys.stderr),
            "the folder": os.getcwd(),
        }

    def changed(self) -> list[str]:
        """The names of what is different now."""
        now = State().parts
        return [
            f"{name}: {part!r:.200} became {now[name]!r:.200}" for name, part in self.parts.items() if now[name] != part
        ]


def leftovers(task: Task) -> list[str]:
    """What an interrupt has left behind in a task: locks, files, parameters that are not plain leaves."""
    found = [f"{lock!r} is held" for lock in (*LOCKS, *task.locks) if _is_held(lock)]
    for i, parameter in enumerate(task.parameters):
        data = getattr(parameter, "_data", None)
        if type(parameter) is not Value or type(data) is not float or not math.isfinite(data) or parameter.parents:
            found.append(f"parameter {i} is {parameter!r}")
    if task.folder is not None:
        found += [f"the file {name} is left" for name in os.listdir(task.folder) if name not in task.files]
    if not task.is_whole():
        found.append("half of a step is left")
    if len((Value(2.0) * Value(3.0)).parents) != 2 or hooks() != PLAIN:
        found.append("operations are not recorded")
    return found


def _is_held(lock: Any) -> bool:
    """By this thread, if it is an RLock."""
    return bool(lock._is_owned() if hasattr(lock, "_is_owned") else lock.locked())


def interrupted(task: Task, place: Place) -> bool:
    """Run the task until it comes to the place; whether it did.

    A file that is dropped before it was closed, or an interrupt in a callback of a weak reference, is not reported.
    """
    with warnings.catch_warnings(), quiet_callbacks():
        warnings.simplefilter("ignore", ResourceWarning)
        task.prepare()
        try:
            with traced(place.trace):
                task.work()
        except KeyboardInterrupt:
            pass
    return bool(place.where)


@contextmanager
def quiet_callbacks() -> Iterator[None]:
    """Python prints what a callback raises and goes on; not so a KeyboardInterrupt of ours in this block."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda error: None if error.exc_type is KeyboardInterrupt else before(error)
    try:
        yield
    finally:
        sys.unraisablehook = before


def faults(task: Task, place: Place, state: State, expected: object) -> list[str]:
    """What is wrong after an interrupt; the task runs once more."""
    gc.collect(0)  # contextlib.ExitStack keeps an error in a frame that the error's traceback keeps
    found = [*state.changed(), *leftovers(task)]
    try:
        again = task.run()
    except Exception as error:
        return [*found, f"the next run raises {type(error).__name__}: {error}"]
    if again != expected:
        found.append(f"the next run gives {again!r:.300}, not {expected!r:.300}")
    return [*found, *state.changed(), *leftovers(task)]
