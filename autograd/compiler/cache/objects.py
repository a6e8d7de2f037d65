"""The object code of texts: where it is kept while a function is built, and under which key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256

from autograd._version import __version__
from autograd.compiler.cache.directory import directory
from autograd.compiler.cache.store import OBJECT, Store

_option: ContextVar[bool | str | None] = ContextVar("cache option", default=None)


@contextmanager
def using(option: bool | str | None) -> Iterator[None]:
    """Object code that is made in this block is kept where `cache=` says; elsewhere AUTOGRAD_CACHE says where."""
    token = _option.set(option)
    try:
        yield
    finally:
        _option.reset(token)


def object_code(parts: Sequence[str], emit: Callable[[], bytes]) -> bytes:
    """The object code that `parts` determine: the text, the target, the versions. `emit` makes what is missing."""
    place = directory(_option.get())
    if place is None:
        return emit()
    store = Store(place)
    key = sha256("\0".join([__version__, *parts]).encode()).hexdigest()
    code = store.read(key, OBJECT)
    if code is None:
        code = emit()
        store.write(key, OBJECT, code)
    return code
