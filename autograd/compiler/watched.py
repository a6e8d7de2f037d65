"""Things from outside that a compiled function reads: how to read one again, and whether it has changed."""

from __future__ import annotations

import gc
import weakref
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from operator import attrgetter, is_
from types import CellType, FunctionType
from typing import Any, NamedTuple

from autograd._numpy import np
from autograd.compiler.program import same

PLAIN = (int, float, complex, str, bytes, type(None), np.generic)
_IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE
Read = Callable[[], list[Any]]
_SEQUENCES: tuple[Any, ...] = (set, frozenset, deque, array)


class Content(NamedTuple):
    """What an array held, to be compared with later."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes

    def __repr__(self) -> str:
        return f"an array of shape {self.shape}"


class Watched(NamedTuple):
    """Things that are read together: how to read them again, what they were, and how each is written.

    `whole` is the container that they are all of, if they are; each of its entries is then `size` of them.
    """

    read: Read
    found: list[Any]
    names: list[str]
    whole: str = ""
    size: int = 1

    def change(self) -> str | None:
        """A description of the first one that has changed."""
        now = self.read()
        if len(now) != len(self.found):
            return self._differs(f"the length of {self.whole}", len(self.found) // self.size, len(now) // self.size)
        if all(map(is_, now, self.found)):
            return None
        pairs = enumerate(zip(self.found, now, strict=True))
        place = next((i for i, (was, is_now) in pairs if not alike(was, is_now)), None)
        return None if place is None else self._differs(self.names[place], self.found[place], now[place])

    @staticmethod
    def _differs(name: str, was: Any, now: Any) -> str:
        return f"{name} ({short(was)} then, {short(now)} now)"

    def unchanged(self) -> Watched:
        """Those that are the same now; of a container, all or none: code that keeps one changes any entry."""
        now = self.read()
        grown = len(now) != len(self.found)
        kept = [] if grown else [i for i, was in enumerate(self.found) if alike(was, now[i])]
        if len(kept) == len(self.found) and not grown:
            return self
        if self.whole:
            kept = []
        return Watched(partial(_chosen, self.read, kept), [self.found[i] for i in kept], [self.names[i] for i in kept])


def short(x: Any) -> str:
    """Plain data as they are, if that is not long; of everything else its type."""
    if isinstance(x, (*PLAIN, Content)):
        text = repr(x)
        return text if len(text) < 40 else f"{text[:36]}…"
    named = getattr(x, "__qualname__", None)
    return f"the {type(x).__name__} {named}" if named else f"a {type(x).__name__}"


def alike(was: Any, now: Any) -> bool:
    """Whether a program cannot tell the two apart: the same thing, or plain data of one type and equal.

    >>> alike(0.5, 1.0 / 2.0), alike(1, 1.0), alike(0.0, -0.0), alike([1.0], [1.0])
    (True, False, False, False)
    """
    if was is now:
        return True
    if type(was) is not type(now) or not isinstance(was, (*PLAIN, Content)):
        return False
    if isinstance(was, float | np.floating):
        return same(float(was), float(now)) or bool(was != was and now != now)
    return bool(was == now)


# --- parts that have a name -------------------------------------------------------------------------------------------


def _chosen(read: Read, places: list[int]) -> list[Any]:
    now = read()
    return [now[place] if place < len(now) else None for place in places]


def entries(space: Any, names: list[str]) -> list[Any]:
    """Those of a namespace; None for what is not there."""
    return list(map(space.get, names))


def are_absent(space: Any, names: frozenset[str]) -> list[Any]:
    """Whether a namespace has none of them."""
    return [names.isdisjoint(space) if len(space) < len(names) else not any(map(space.__contains__, names))]


def cell_content(cell: CellType) -> list[Any]:
    """None while the name is not assigned yet, or deleted."""
    try:
        return [cell.cell_contents]
    except ValueError:
        return [None]


def attribute(x: Any, name: str) -> list[Any]:
    """As the object gives it; None if it has none."""
    return [getattr(x, name, None)]


def function_parts(functions: list[FunctionType]) -> list[Any]:
    """What can be assigned to functions."""
    return [part for each in functions for part in (each.__code__, each.__defaults__, each.__kwdefaults__)]


ABSENT = (ValueError, AttributeError)
"""What is raised for a cell whose name is not assigned, and for an attribute that is not there."""
_CELL = attrgetter("cell_contents")
_PARTS = tuple(map(attrgetter, ("__code__", "__defaults__", "__kwdefaults__")))


def one_by_one(read: Read) -> list[tuple[Callable[[Any], Any], Any]] | None:
    """For each thing that `read` reads by name, a function in C and its argument, which give that thing.

    Python itself takes most of the time where few are read. None for what else is read, or is not there now.

    >>> space = {"rate": 0.5}
    >>> [get(x) for get, x in one_by_one(partial(entries, space, ["rate", "len"]))]
    [0.5, None]
    """
    if not isinstance(read, partial):
        return None
    calls: list[tuple[Callable[[Any], Any], Any]] = []
    if read.func is entries:
        space, names = read.args
        calls = [(space.get, name) for name in names]
    elif read.func is cell_content:
        calls = [(_CELL, *read.args)]
    elif read.func is function_parts:
        calls = [(get, function) for function in read.args[0] for get in _PARTS]
    elif read.func is attribute and "." not in read.args[1]:
        calls = [(attrgetter(read.args[1]), read.args[0])]
    try:
        return calls if [get(x) for get, x in calls] else None
    except ABSENT:
        return None


# --- parts that have none ---------------------------------------------------------------------------------------------


def container(x: Any) -> tuple[Read, int] | None:
    """How to read the entries of one of Python's own containers, past what a subclass makes of them; their number.

    Keys come after the values. None for what is not a container.
    """
    if isinstance(x, dict):
        kind: Any = OrderedDict if isinstance(x, OrderedDict) else dict
        return partial(_items, kind, x), dict.__len__(x)
    if isinstance(x, list):
        return partial(list.copy, x), list.__len__(x)
    for kind in _SEQUENCES:
        if isinstance(x, kind):
            return partial(_listed, kind.__iter__, x), kind.__len__(x)
    return None


def _items(kind: Any, x: Any) -> list[Any]:
    return [*kind.values(x), *kind.keys(x)]


def _listed(iterate: Callable[[Any], Iterable[Any]], x: Any) -> list[Any]:
    return list(iterate(x))


def content(x: Any) -> list[Any]:
    """All numbers of an array, or of a record, at once."""
    dtype = x.dtype.str if x.dtype.names is None else str(x.dtype)  # the names of fields can be assigned
    return [Content(dtype, x.shape, x.tobytes())]


def array_of(watched: Watched) -> Any:
    """The array whose numbers are watched; None if it is something else, or a record, whose fields can be renamed."""
    read = watched.read
    if not isinstance(read, partial) or read.func is not content or not isinstance(watched.found[0], Content):
        return None
    x = read.args[0]
    is_plain = type(x) is np.ndarray and x.dtype.names is None and x.dtype.str == watched.found[0].dtype
    return x if is_plain else None


def holds(x: Any, dtype: Any, was: Content) -> bool:
    """Whether such an array holds what it did, asked more quickly than by `content`."""
    return x.dtype is dtype and x.shape == was.shape and x.tobytes() == was.content


def objects(x: Any) -> list[Any]:
    """The entries of an array of objects."""
    return list(x.flat)


def fields(x: Any) -> list[Any]:
    """The entries of one record that holds objects, with those of arrays and records in it."""
    parts = (x[name] for name in x.dtype.names)
    return [
        each
        for part in parts
        for each in (
            part.flat if isinstance(part, np.ndarray) else fields(part) if isinstance(part, np.void) else [part]
        )
    ]


def layout(x: Any) -> list[Any]:
    """Of an array of objects, which are compared one by one."""
    return [Content(str(x.dtype), x.shape, b"")]


def has_objects(dtype: Any) -> bool:
    """Whether the bytes of an array are pointers: objects, or texts of any length.

    >>> has_objects(np.dtype(object)), has_objects(np.dtype("f8,O")), has_objects(np.dtype("f8,f8"))
    (True, True, False)
    """
    return bool(dtype.hasobject) or dtype.kind == "T"


def in_bytes(x: Any) -> list[Any]:
    """What a buffer holds: of a bytearray, a memoryview or an array of ctypes; None if it has been released."""
    try:
        with memoryview(x) as view:
            return [view.tobytes()]
    except (TypeError, ValueError, BufferError):
        return [None]


referents = gc.get_referents
"""What an object of a library holds, whatever the names: its attributes and what is kept in C."""


def is_fixed(kind: type) -> bool:
    """Whether what an object of this type refers to stays: a type of Python's own, and without attributes.

    >>> is_fixed(type({}.values())), is_fixed(type(len)), is_fixed(Content)
    (True, True, False)
    """
    return bool(kind.__flags__ & _IMMUTABLE_TYPE) and not kind.__dictoffset__


def behind(x: Any) -> Any:
    """What a weak reference or a proxy refers to; None if it has gone.

    >>> class Node: ...
    >>> node = Node()
    >>> behind(weakref.ref(node)) is node, behind(weakref.proxy(node)) is node
    (True, True)
    """
    try:
        return x() if isinstance(x, weakref.ref) else x.__reduce_ex__.__self__
    except ReferenceError:
        return None


def is_gone(x: Any) -> list[Any]:
    """Whether a weak reference or a proxy is dead; what it refers to is not kept alive by this."""
    return [behind(x) is None]


def in_context(x: ContextVar[Any]) -> list[Any]:
    """What a context variable is here."""
    return [x.get(None)]
