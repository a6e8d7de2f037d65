"""NumPy without its warnings about floats, in a way that an interrupt cannot leave switched off."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from autograd._numpy import np

T = TypeVar("T")


def silently(function: Callable[..., T], *args: Any) -> T:
    """`function(*args)` in a context of its own, where NumPy says nothing of what is too large or no number.

    `with np.errstate(…)` alone may be left by Ctrl-C between its beginning and its first line, and then all that the
    thread does later is silent too.

    >>> float(silently(np.float32, 1e300))
    inf
    """
    return copy_context().run(_in_silence, function, args)


def _in_silence(function: Callable[..., T], args: tuple[Any, ...]) -> T:
    with np.errstate(all="ignore"):
        return function(*args)
