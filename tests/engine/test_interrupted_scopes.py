"""Blocks and passes leave nothing behind when Ctrl-C ends them, whichever bytecode it comes at."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from autograd import Value, no_graph, paused_gc
from autograd.backward import _lock as LOCK  # noqa: N812
from autograd.backward import callbacks
from autograd.recording import alone, watching
from autograd.scopes import PLAIN, hooks, open_blocks
from tests.engine.test_scopes import parents

pytestmark = pytest.mark.slow


class _Interrupted(BaseException):
    pass


def _interrupted_everywhere(work: Callable[[], object], handled: bool = False) -> Iterator[int]:
    """Run `work` again and again, each time interrupted one bytecode later, until it comes to its end.

    Not in what the collector calls, as Hypothesis lets it do: an exception there is printed and ignored.
    """
    of_the_collector = {getattr(each, "__code__", None) for each in gc.callbacks}
    for stop in range(100_000):
        left = stop

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            nonlocal left
            if frame.f_code in of_the_collector:
                return None
            frame.f_trace = trace  # Python 3.13.0 takes the wish for bytecodes from a frame that is traced, no other
            frame.f_trace_opcodes = True
            if event == "opcode":
                left -= 1
                if left < 0:
                    sys.settrace(None)
                    raise _Interrupted
            return trace

        before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 asks at `settrace` whether any frame wants bytecodes
        sys.settrace(trace)
        try:
            work()
        except _Interrupted:
            if not handled:
                yield stop
        else:
            return
        finally:
            sys.settrace(before)
        if handled:
            yield stop


def _in_blocks() -> None:
    with no_graph(), paused_gc():
        Value(2.0) * 3.0
    with watching(lambda node: None):
        Value(2.0) * 3.0


def _stacked() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_graph())
        stack.enter_context(paused_gc())
        Value(2.0) * 3.0


def _alone() -> None:
    with alone(LOCK), alone(LOCK):
        Value(2.0) * 3.0


def _with_a_callback() -> None:
    x = Value(2.0)
    with x.on_backward(str):
        (x * x).backward()


def _backward() -> None:
    x = Value(2.0)
    (x * x + x.tanh()).backward()


def _check_nothing_is_changed(stop: int) -> None:
    assert gc.isenabled(), stop
    assert hooks() == PLAIN, stop
    assert parents() == 2, stop
    assert not LOCK._is_owned(), stop  # type: ignore[attr-defined]


@pytest.mark.parametrize("work", [_in_blocks, _alone, _backward])
def test_an_interrupt_at_any_bytecode_changes_nothing(work: Callable[[], object]) -> None:
    """Row F12. Not even while the error is handled, which keeps the frames that it has left."""
    gc.enable()
    stops = 0
    for stop in _interrupted_everywhere(work):
        stops += 1
        _check_nothing_is_changed(stop)
    assert stops > 100
    assert not open_blocks


@pytest.mark.parametrize("work", [_stacked, _with_a_callback])
def test_what_python_code_leaves_is_gone_when_the_interrupt_has_been_handled(work: Callable[[], object]) -> None:
    """Row F12. An ExitStack is left by lines of Python; what they did not end, the end of their frame does.

    That frame refers to the error, whose traceback refers to the frame: it ends when the collector finds it.
    """
    gc.enable()
    stops = 0
    for _ in _interrupted_everywhere(work, handled=True):
        stops += 1
        gc.collect(0)
        _check_nothing_is_changed(stops)
        assert not callbacks, stops
    assert stops > 100
    assert not open_blocks
