"""Blocks that change what operators do, as `with no_graph():` does, for the thread (or task) that is in them.

One context variable holds the innermost open block, or None. An operator reads it before it takes its fast path, if a
block is open in any thread: `open_blocks` is not empty. There is nothing to restore at the end of a block, so nothing
that an interrupt or a suspended generator could leave behind:

- A block is open while its lock exists and is locked. The `with` statement holds the only reference to the lock, by
  its own `__exit__`, which is C (see atomic.py): the block ends when that is called, and also when the statement is
  left in any other way. Nor does a bytecode, and so a Ctrl-C, come between its beginning and the `set` of the context
  variable. Closed blocks in the chain are skipped, and dropped when the chain is read. `open_blocks` holds weak
  references to the locks, which remove themselves when a lock is gone.
- A block in a generator or coroutine counts only while that one runs: its frame must be on the stack. So the caller of
  `next()` is not in the block, and blocks may be closed in any order.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from os import environ
from types import FrameType
from typing import Any
from weakref import ref

from autograd.atomic import Atomic, locked

Watcher = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What happens to operations and passes besides their usual work, in one object.

    off             results are not recorded
    generic         operators ask the row, which a test may have changed, instead of code made from it
    watchers        called with each new node, in this order
    chosen_pass     what `backward()` does with the root
    leaf_watchers   called with each new leaf
    differentiating a derivative of a function is being taken
    recorder        sees every operation instead of the engine: the recording of `compile`
    observer        answers whoever asks a Value for its number, while operations are recorded as ever: a gradient check
    settings        of `autograd.debug`
    """

    off: bool = False
    generic: bool = False
    watchers: tuple[Watcher, ...] = ()
    chosen_pass: Callable[[Any], None] | None = None
    leaf_watchers: tuple[Watcher, ...] = ()
    differentiating: bool = False
    recorder: Any = None
    observer: Any = None
    settings: Any = None


PLAIN = Hooks()


class Reference(ref[Any]):
    """A weak reference that is found in a set by itself, also when what it refers to has gone and cannot be hashed."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__


open_blocks: set[Reference] = set()
"""Empty while no thread is in a block, which is nearly always; then `active()` is None and need not be called.

It is never empty while a block is open; it may be longer, as long as an exception that left the block is kept.
"""

Change = Callable[[Hooks], Hooks]


class _Block:
    """One entry into a scope: how it changes the hooks, what it is nested in, and whether it is still open."""

    __slots__ = ("change", "frame", "key", "known", "outer")

    def __init__(self, change: Change, lock: Any, frame: int | None = None, outer: _Block | None = None) -> None:
        self.change = change
        self.frame = frame
        self.key = Reference(lock, open_blocks.discard)
        open_blocks.add(self.key)
        self.outer = outer
        self.known: Hooks | None = None  # the hooks in it, as long as no block around it can be suspended

    def is_open(self) -> bool:
        """Whether its lock is there and locked."""
        lock = self.key()
        return lock is not None and lock.locked()

    def counts(self) -> bool:
        """Whether it is open and, if it belongs to a generator, that one runs."""
        return self.is_open() and (self.frame is None or _is_running(self.frame))


# With AUTOGRAD_DEBUG all threads are in one block, from the first node on; `change_everywhere` says what it does.
_forever = locked()
_everywhere = _Block(lambda now: now, _forever) if environ.get("AUTOGRAD_DEBUG", "0") != "0" else None
_innermost: ContextVar[_Block | None] = ContextVar("the innermost open block of autograd", default=_everywhere)
active: Callable[[], _Block | None] = _innermost.get
"""None while the hooks are `PLAIN`; a call in C, for operators to ask while there are `open_blocks`."""


def hooks() -> Hooks:
    """The hooks of this thread (or task), now.

    >>> hooks() == PLAIN
    True
    """
    innermost = active()
    if innermost is None:
        return PLAIN
    chain = list(_outwards(innermost))
    if innermost.known is not None and all(block.is_open() for block in chain):
        return innermost.known
    found = PLAIN
    for block in reversed(chain):
        if block.counts():
            found = block.change(found)
    if all(block.frame is None and block.is_open() for block in chain):
        innermost.known = found
    elif _first_open(innermost) is None:
        _innermost.set(None)
    return found


def answering() -> Any:
    """What answers when a Value is asked for its number in this thread: a recording of `compile` or an observer."""
    if not open_blocks or active() is None:
        return None
    now = hooks()
    return now.observer if now.recorder is None else now.recorder


def _outwards(block: _Block | None) -> Iterator[_Block]:
    while block is not None:
        yield block
        block = block.outer


def change_everywhere(change: Change) -> None:
    """Change the hooks of all threads, from now on: for AUTOGRAD_DEBUG, which must have been set at the import."""
    if _everywhere is not None:
        _everywhere.change, _everywhere.known = change, None


def _first_open(block: _Block | None) -> _Block | None:
    while block is not None and not block.is_open():
        block = block.outer
    return block


def _is_running(frame_id: int) -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if id(frame) == frame_id:
            return True
        frame = frame.f_back
    return False


_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def _owner(frame: FrameType | None) -> int | None:
    """The id of the frame that must be running for a block opened in `frame` to count; None for that of a function.

    A frame that can be suspended keeps its id until it ends, and its blocks are closed by then. A function made a
    context manager by `contextlib` opens blocks on behalf of whoever uses it.
    """
    while frame is not None:
        while frame is not None and frame.f_code.co_filename == contextlib.__file__:
            frame = frame.f_back
        if frame is None or not frame.f_code.co_flags & _SUSPENDABLE:
            return None
        if frame.f_back is None or frame.f_back.f_code.co_filename != contextlib.__file__:
            return id(frame)
        frame = frame.f_back
    return None


class Scope(Atomic):
    """A block in which the hooks are `change(hooks)`.

    >>> from dataclasses import replace
    >>> with Scope(lambda now: replace(now, off=True)):
    ...     hooks().off
    True
    >>> hooks().off
    False
    """

    __slots__ = ("change",)

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.change: Change = change

    def _open(self, frame: FrameType, leave: Any) -> Callable[[], Any]:
        """A block, which is open once it is the innermost."""
        block = _Block(self.change, leave.func.__self__, _owner(frame), _first_open(active()))
        return partial(_innermost.set, block)
