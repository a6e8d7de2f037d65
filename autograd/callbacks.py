"""Callbacks on nodes: `value.on_backward(callback)`.

A node keeps its callbacks itself, so that they go when it goes. While there are any at all, `backward.reached` is set
and passes look for them; while there are none, a pass only sees that it is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import RLock
from typing import Any
from weakref import finalize

from autograd import backward

_lock = RLock()  # a finalizer may run while this thread holds it
if hasattr(os, "register_at_fork"):  # nor may a fork be made while another thread does: it would stay locked there
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
_count = 0


class Callback:
    """A callback on a node, to be removed; as a context manager it removes itself at the end of the block."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function: Callable[[Any], object] | None = function
        _add(+1)
        self._end = finalize(self, _add, -1)
        self._end.atexit = False

    def remove(self) -> None:
        """Call it no more; a second call does nothing."""
        self.function = None
        self._end()

    def __enter__(self) -> Callback:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class _Callbacks(list[Callback]):
    """The callbacks of one node. They stay with it: pickles and deep copies of the node have none."""

    def __reduce__(self) -> tuple[type[_Callbacks], tuple[()]]:
        return _Callbacks, ()


def attach(node: Any, function: Callable[[Any], object]) -> Callback:
    """`node.on_backward(function)`: see `Value.on_backward`."""
    if not callable(function):
        raise TypeError(f"on_backward takes a function of the value, got {function!r} ({type(function).__name__})")
    callback = Callback(function)
    node._callbacks = _Callbacks([each for each in (*_of(node), callback) if each.function])
    return callback


def _of(node: Any) -> _Callbacks:
    callbacks: Any = getattr(node, "_callbacks", _NONE)  # vars(node) would make a dictionary for every node
    return callbacks  # type: ignore[no-any-return]


_NONE = _Callbacks()


def _call_back(node: Any) -> None:
    for callback in _of(node):
        if callback.function is not None:
            callback.function(node)


def _add(change: int) -> None:
    global _count  # noqa: PLW0603 (the switch in backward.py is one for the process)
    with _lock:
        _count += change
        backward.reached = _call_back if _count else None
