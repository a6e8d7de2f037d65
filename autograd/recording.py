"""Blocks that change what happens when a node is made: not recorded, watched, dispatched by its row.

The blocks are scopes: they hold for the thread (or asyncio task) that is in them, and leave nothing to restore. See
scopes.py.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from itertools import chain, compress
from operator import call, methodcaller
from types import FrameType
from typing import Any, TypeVar
from weakref import ref

from autograd.atomic import Atomic
from autograd.scopes import Change, Hooks, Scope, Watcher, hooks

T = TypeVar("T")


class no_graph(Scope):  # noqa: N801 (used like a function)
    """Compute without recording: results are Values without parents, for this thread (or asyncio task) only.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_graph():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())

    Blocks nest, and it decorates functions. In a generator it holds while the generator runs, not while its caller
    does between two `next()`.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_off)


class recorded(Scope):  # noqa: N801 (used like a function)
    """Record in this block, also inside `no_graph()`: what is asked there needs its own graph.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_graph(), recorded():
    ...     y = x * x
    >>> len(y.parents)
    2
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_on)


class generic_dispatch(Scope):  # noqa: N801 (used like a function)
    """Make every operator and function ask its row instead of the code made from it, while rows are changed.

    >>> from autograd import Value
    >>> with generic_dispatch():
    ...     Value(2.0) * 3.0
    Value(data=6.0, grad=0.0, op='mul')
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_generic)


class watching(Scope):  # noqa: N801 (used like a function)
    """Call `watcher(node)` for each node, leaves included, that this thread (or asyncio task) makes in the block.

    Blocks nest: the outer watcher is called first. What a watcher raises, the operator raises.

    >>> from autograd import Value
    >>> with watching(lambda node: print(node.op or "leaf", node.data)):
    ...     y = Value(3.0) * 2.0
    leaf 3.0
    mul 6.0
    """

    __slots__ = ()

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(lambda now: replace(now, watchers=(*now.watchers, watcher)))


class scope(Scope):  # noqa: N801 (used like a function)
    """Name what is computed in this block: pictures draw a frame around it, and collapse it to one box.

    >>> from autograd import Value, draw
    >>> with scope("attention"):
    ...     y = Value(3.0, label="q") * 2.0
    >>> [box.scope for box in draw(y + 1.0).scene.boxes]
    [('attention',), ('attention',), ()]

    Scopes nest, hold for this thread (or asyncio task) and decorate functions, as `no_graph()` does. A leaf made
    outside is drawn in the innermost scope that has all its uses, a module of `nn` in the scope that calls it. Each
    node of the block keeps the names, which are pickled with it; numbers, gradients and compiled functions do not
    change.

    TypeError for a name that is not a str, ValueError for an empty one.
    """

    __slots__ = ()

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"scope takes the name of a frame, got {name!r} ({type(name).__name__}); use str(...)")
        if not name.strip():
            raise ValueError(f"scope({name!r}): a frame needs a name, as in scope('attention')")
        super().__init__(partial(_named, name))


class _Naming:
    """A watcher that writes the names of the open scopes, outermost first, on each node."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __call__(self, node: Any) -> None:
        node._scope = self.names


def _named(name: str, now: Hooks) -> Hooks:
    outer = next((watcher.names for watcher in now.watchers if type(watcher) is _Naming), ())
    others = [watcher for watcher in now.watchers if type(watcher) is not _Naming]
    return replace(now, watchers=(*others, _Naming((*outer, name))))


def scope_of(node: Any) -> tuple[str, ...]:
    """The names of the scopes that a node was made in, outermost first.

    >>> from autograd import Value
    >>> with scope("block"), scope("attention"):
    ...     x = Value(1.0)
    >>> scope_of(x), scope_of(Value(1.0))
    (('block', 'attention'), ())
    """
    names: tuple[str, ...] = getattr(node, "_scope", ())
    return names


def _off(now: Hooks) -> Hooks:
    return replace(now, off=True)


def _on(now: Hooks) -> Hooks:
    return replace(now, off=False)


def _generic(now: Hooks) -> Hooks:
    return replace(now, generic=True)


def is_off() -> bool:
    """Whether this thread is inside `no_graph()`."""
    return hooks().off


def under(change: Change, function: Callable[..., T], *args: Any) -> T:
    """`function(*args)` with the hooks `change(hooks)`: what a block does, in a context that ends with the call.

    >>> under(_off, is_off), is_off()
    (True, False)
    """
    return copy_context().run(_in_block, change, function, args)


def _in_block(change: Change, function: Callable[..., T], args: tuple[Any, ...]) -> T:
    with Scope(change):
        return function(*args)


class paused_gc(Atomic):  # noqa: N801 (used like a function)
    """Pause Python's cyclic garbage collector, for the whole process, while a graph is built or walked.

    A graph has no cycles: reference counts alone free it, yet the collector would visit every live node again and
    again (two thirds of the forward time on a graph of 60 000 nodes). Blocks nest: the collector comes back on with
    the block that paused it, and only if it was on before; a block inside changes nothing.

    >>> import gc
    >>> with paused_gc():
    ...     gc.isenabled()
    False

    However the block ends, also by Ctrl-C at any point, the collector comes back: the `with` statement holds the only
    reference to what leaves the block, and when that goes, a weak reference calls `gc.enable`, all of it in C.
    """

    __slots__ = ()

    def _open(self, frame: FrameType, leave: Any) -> Callable[[], Any]:
        """`gc.disable`; when `leave` is gone the collector is turned on again, if it is on now."""
        if gc.isenabled():
            leave.resume = _Resume(leave, methodcaller("enable"))
        return gc.disable


class _Resume(ref[Any]):
    """A weak reference whose callback turns the collector on."""

    enable = staticmethod(gc.enable)


class alone(paused_gc):  # noqa: N801 (used like a function)
    """Hold `lock`, which may be an RLock, and pause the collector: `with lock:` that Ctrl-C at no bytecode can break.

    >>> from threading import Lock
    >>> lock = Lock()
    >>> with alone(lock):
    ...     lock.locked()
    True
    >>> lock.locked()
    False

    A `with` statement may be left between the call that takes a lock and the lines that give it back, and then other
    threads wait for ever. Here, as in `paused_gc`, it holds the only reference to what leaves the block, and when that
    goes, the lock is free.
    """

    __slots__ = ("acquire", "release")

    def __init__(self, lock: Any) -> None:
        super().__init__()
        self.acquire, self.release = lock.acquire, (lock.release,)

    def _open(self, frame: FrameType, leave: Any) -> Callable[[], Any]:
        """What takes the lock and notes, in the same call in C, how to give it back when `leave` is gone."""
        held: list[Callable[[], None]] = []
        leave.release = ref(leave, partial(next, map(call, held)))
        taken = compress(self.release, map(self.acquire, _ONCE))
        return partial(_DRAIN, chain(map(call, (super()._open(frame, leave),)), map(held.append, taken)))


_ONCE = (True,)
_DRAIN = deque[Any](maxlen=0).extend  # runs an iterator to its end, in C
