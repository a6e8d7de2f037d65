"""What happens to a new node besides being made: nothing, unless a block asks for it.

An operator reads two switches and goes its fast way while both are off, which is nearly always. `busy` counts the open
`no_graph()` blocks of all threads: if there are any, the context variable says whether this thread is in one. `watch`
is what debuggers set, through `watching`, to see each node when it is made.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

busy = 0
watch: Callable[[Any], None] | None = None  # called on every new node, of any thread; set by `watching`
_lock = Lock()
_off: ContextVar[bool] = ContextVar("recording is off", default=False)


def is_off() -> bool:
    """Whether this thread is inside `no_graph()`."""
    return _off.get()


@contextmanager
def by_the_table() -> Iterator[None]:
    """Let every operator and function go the general way and ask its row, for all threads: rows are about to change.

    >>> from autograd import Value
    >>> with by_the_table():
    ...     Value(2.0) * 3.0
    Value(data=6.0, grad=0.0, op='mul')
    """
    _count(+1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    global busy  # noqa: PLW0603 (a module attribute is the fastest switch there is)
    with _lock:
        busy += change


@contextmanager
def no_graph() -> Iterator[None]:
    """Compute without recording: results are Values without parents, for this thread (or asyncio task) only.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_graph():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())

    Blocks nest, and an exception inside restores what was before.
    """
    token = _off.set(True)
    try:
        with by_the_table():
            yield
    finally:
        _off.reset(token)


@contextmanager
def recorded() -> Iterator[None]:
    """Record in this block, also inside `no_graph()`: a derivative is asked for its number and needs its own graph.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_graph(), recorded():
    ...     y = x * x
    >>> len(y.parents)
    2
    """
    token = _off.set(False)
    try:
        yield
    finally:
        _off.reset(token)


Watchers = tuple[Callable[[Any], None], ...]

_watchers: ContextVar[Watchers] = ContextVar("watchers of new nodes")
_everywhere: Watchers = ()  # for threads and tasks that are in no block
_watching = 0


def _tell_watchers(node: Any) -> None:
    for watcher in _watchers.get(_everywhere):
        watcher(node)


def watchers() -> int:
    """How many see each node that this thread makes.

    >>> with watching(print):
    ...     watchers()
    1
    """
    return len(_watchers.get(_everywhere))


def watch_everywhere(*watchers: Callable[[Any], None]) -> None:
    """Call `watchers` on the new nodes of all threads from now on: for a switch at the start of the process."""
    global watch, _watching, _everywhere  # noqa: PLW0603 (see busy)
    with _lock:
        _watching += 1
        _everywhere = (*_everywhere, *watchers)
        watch = _tell_watchers


@contextmanager
def watching(watcher: Callable[[Any], None]) -> Iterator[None]:
    """Call `watcher(node)` for each node, leaves included, that this thread (or asyncio task) makes in the block.

    Blocks nest: the outer watcher is called first. What a watcher raises, the operator raises.

    >>> from autograd import Value
    >>> with watching(lambda node: print(node.op or "leaf", node.data)):
    ...     y = Value(3.0) * 2.0
    leaf 3.0
    mul 6.0
    """
    global watch, _watching  # noqa: PLW0603 (see busy)
    token = _watchers.set((*_watchers.get(_everywhere), watcher))
    with _lock:
        _watching += 1
        watch = _tell_watchers
    try:
        yield
    finally:
        with _lock:
            _watching -= 1
            watch = _tell_watchers if _watching else None
        _watchers.reset(token)


_gc_lock = Lock()
_gc_pauses = 0
_gc_was_enabled = False


@contextmanager
def paused_gc() -> Iterator[None]:
    """Pause Python's cyclic garbage collector, for the whole process, while a graph is built or walked.

    A graph has no cycles: reference counts alone free it, yet the collector would visit every live node again and
    again (two thirds of the forward time on a graph of 60 000 nodes). Blocks nest, also across threads: the collector
    comes back on with the last one, and only if it was on before the first.

    >>> import gc
    >>> with paused_gc():
    ...     gc.isenabled()
    False
    """
    global _gc_pauses, _gc_was_enabled  # noqa: PLW0603 (the collector is one for the process)
    with _gc_lock:
        if _gc_pauses == 0:
            _gc_was_enabled = gc.isenabled()
            gc.disable()
        _gc_pauses += 1
    try:
        yield
    finally:
        with _gc_lock:
            _gc_pauses -= 1
            if _gc_pauses == 0 and _gc_was_enabled:
                gc.enable()
