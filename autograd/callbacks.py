"""Callbacks on nodes: `value.on_backward(callback)`.

A node keeps its callbacks itself, so that they go when it goes. `backward.callbacks` has a weak reference to each,
which takes itself out, in C: passes look for callbacks while there are any, and no interrupt makes them do so for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import backward
from autograd.scopes import Reference


class Callback:
    """A callback on a node, to be removed; as a context manager it removes itself at the end of the block."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function: Callable[[Any], object] | None = function
        self._known = Reference(self, backward.callbacks.discard)
        backward.callbacks.add(self._known)

    def remove(self) -> None:
        """Stop calling it; a second call does nothing."""
        self.function = None
        backward.callbacks.discard(self._known)

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
