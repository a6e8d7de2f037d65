"""Find everything that a function may read besides its arguments, from the names in its code.

Names lead to functions, whose code has more names; to containers; and to objects, of which the attributes count that
any of this code has by name. Code of libraries, this one included, is taken as constant: only what is handed to it is
looked at. What cannot be found: files, clocks, iterators, what a library keeps to itself.
"""

from __future__ import annotations

import random
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from operator import is_
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler.constants import is_library, names_in
from autograd.compiler.program import same
from autograd.value import Value

LIMIT = 10_000  # entries of containers and arrays that are watched, since each call compares them
PLAIN = (int, float, complex, str, bytes, type(None), np.generic)
_SEQUENCES = (list, set, frozenset, deque, array)
_GENERATORS = (random.Random, np.random.Generator, np.random.RandomState)
_IMPLICIT = frozenset(["__call__", "__getitem__", "__iter__", "__len__"])  # methods that code calls without their name
_INNER = ("__func__", "__self__", "__wrapped__", "func", "fget", "args", "keywords")  # of methods, partials, properties


class Content(NamedTuple):
    """What an array held, to be compared with later."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes

    def __repr__(self) -> str:
        return f"an array of shape {self.shape}"


class Watched(NamedTuple):
    """Things that are read together: how to read them again, what they were, and how each is written."""

    read: Callable[[], list[Any]]
    found: list[Any]
    names: list[str]
    is_container: bool = False

    def change(self) -> int | None:
        """The place of the first one that is another now."""
        now = self.read()
        if len(now) == len(self.found):
            if all(map(is_, now, self.found)):
                return None
            return next((i for i, was in enumerate(self.found) if not alike(was, now[i])), None)
        shorter = min(len(now), len(self.found) - 1)
        return next((i for i in range(shorter) if not alike(self.found[i], now[i])), max(shorter, 0))

    def unchanged(self) -> Watched:
        """Those that are the same now; of a container, all or none: whoever keeps one changes any of its entries."""
        now = self.read()
        if all(map(is_, now, self.found)) and len(now) == len(self.found):
            return self
        grown = len(now) != len(self.found)
        kept = [] if grown else [i for i, was in enumerate(self.found) if alike(was, now[i])]
        if self.is_container and len(kept) < len(self.found):
            kept = []
        return Watched(partial(_chosen, self.read, kept), [self.found[i] for i in kept], [self.names[i] for i in kept])


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


# --- reading things again ---------------------------------------------------------------------------------------------


def _chosen(read: Callable[[], list[Any]], places: list[int]) -> list[Any]:
    now = read()
    return [now[place] for place in places if place < len(now)]


def _entries(space: Any, names: list[str]) -> list[Any]:
    return list(map(space.get, names))


def _cell(cell: CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # not assigned yet, or deleted
        return [None]


def _slot(x: Any, name: str) -> list[Any]:
    return [getattr(x, name, None)]


def _items(x: dict[Any, Any]) -> list[Any]:
    return [*x.values(), *x]


def _content(x: Any) -> list[Any]:
    return [Content(x.dtype.str, x.shape, x.tobytes())]


# --- finding them -----------------------------------------------------------------------------------------------------


class Reach:
    """What `function` may read: in `watched`, random generators in `generators`, and what is too large to be watched.

    >>> rate = 0.5
    >>> def scaled(x, rates=[0.5]): return rates[0] * x
    >>> [each.names for each in Reach(scaled).watched if each.found == [0.5]]
    [['a default of scaled[0]']]
    """

    def __init__(self, function: Any) -> None:
        self.watched: list[Watched] = []
        self.generators: list[Any] = []
        self.too_large: dict[str, int] = {}
        self._size = 0
        self._seen: dict[int, Any] = {}  # and kept alive, so that no other thing gets the number
        self._named: set[str] = set()  # attributes that some code has by name
        self._objects: list[tuple[str, Any]] = []
        self._asked: set[tuple[int, str]] = set()
        self._visit(getattr(function, "__name__", "f"), function)
        asked = -1
        while asked != len(self._asked):  # attributes lead to code that names others
            asked = len(self._asked)
            for name, x in self._objects[:]:
                self._attributes(name, x)

    def _visit(self, name: str, x: Any) -> None:
        if isinstance(x, (*PLAIN, Value)) or id(x) in self._seen:
            return
        self._seen[id(x)] = x
        if isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, dict):
            self._container(name, x, list(x.values()))
        elif isinstance(x, _SEQUENCES):
            self._container(name, x, list(x))
        elif isinstance(x, np.ndarray):
            self._array(name, x)
        elif isinstance(x, _GENERATORS):
            self.generators.append(x)
        else:
            self._object(name, x)

    def _watch(self, read: Callable[[], list[Any]], names: list[str], is_container: bool = False) -> None:
        found = read()
        self.watched.append(Watched(read, found, names, is_container))
        for name, x in zip(names, found, strict=True):
            self._visit(name, x)

    def _function(self, function: FunctionType) -> None:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        if is_library(function):  # that of a decorator or of `functional.grad`, which keeps the user's in a cell
            for name, cell in cells.items():
                self._visit(name, _cell(cell)[0])
            return
        names, attributes = names_in(function.__code__)
        self._named |= attributes
        for name, cell in cells.items():
            self._watch(partial(_cell, cell), [name])
        if names:
            self._watch(partial(_entries, function.__globals__, names), names)
        for x in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._visit(f"a default of {function.__name__}", x)
        self._visit(function.__name__, vars(function).get("__wrapped__"))

    def _container(self, name: str, x: Any, entries: list[Any]) -> None:
        if all(isinstance(each, Value) for each in entries) and entries:
            return  # parameters, or the recording refuses them
        if self._is_too_large(name, len(entries)):
            return
        if isinstance(x, dict):
            keys = [f"{name}[{key!r}]" for key in x]
            self._watch(partial(_items, x), keys + [f"the keys of {name}"] * len(keys), True)
        else:
            self._watch(partial(list, x), [f"{name}[{place}]" for place in range(len(entries))], True)

    def _array(self, name: str, x: Any) -> None:
        if x.dtype == object:
            self._visit(name, x.ravel().tolist())
        elif not self._is_too_large(name, x.size):
            self._watch(partial(_content, x), [name])

    def _is_too_large(self, name: str, size: int) -> bool:
        self._size += size
        if self._size > LIMIT:
            self.too_large[name] = size
        return self._size > LIMIT

    def _object(self, name: str, x: Any) -> None:
        if isinstance(x, tuple):
            for place, each in enumerate(x):
                self._visit(f"{name}[{place}]", each)
        elif not isinstance(x, ModuleType | type) or not is_library(x):
            self._objects.append((name, x))
        for inner in _inner(x):
            self._visit(name, inner)

    def _attributes(self, name: str, x: Any) -> None:
        """Watch the attributes of x that some code has by name, in x itself and in its classes."""
        own = _namespace(x)  # watched also for names that only the classes have now
        kinds = [kind for kind in (x.__mro__[1:] if isinstance(x, type) else type(x).__mro__) if not is_library(kind)]
        wanted = self._named if isinstance(x, type | ModuleType) else self._named | _IMPLICIT
        inherited = [(kind, wanted.intersection(vars(kind))) for kind in kinds]  # all of them: `super()` skips some
        if own is not None:
            self._space(name, x, own, wanted.intersection([*own, *chain.from_iterable(keys for _, keys in inherited)]))
        for kind, keys in inherited:
            slots = {key for key in keys if isinstance(vars(kind)[key], MemberDescriptorType)}
            self._space(name, kind, vars(kind), keys - slots)
            for key in slots:
                if self._is_new(x, key):
                    self._watch(partial(_slot, x, key), [f"{name}.{key}"])

    def _space(self, name: str, owner: Any, space: Any, keys: set[str]) -> None:
        new = sorted(key for key in keys if self._is_new(owner, key))
        if new:
            self._watch(partial(_entries, space, new), [f"{name}.{key}" for key in new])

    def _is_new(self, x: Any, key: str) -> bool:
        self._seen[id(x)] = x
        before = len(self._asked)
        self._asked.add((id(x), key))
        return len(self._asked) > before


def _namespace(x: Any) -> Any:
    """The attributes of x itself, without asking it; None if it has slots."""
    try:
        return type.__getattribute__(x, "__dict__") if isinstance(x, type) else object.__getattribute__(x, "__dict__")
    except AttributeError:
        return None


def _inner(x: Any) -> Iterator[Any]:
    """What a method, a partial function, a property or a decorated function calls."""
    for name in _INNER:
        try:
            inner = object.__getattribute__(x, name)
        except AttributeError:
            continue
        if not isinstance(inner, ModuleType):
            yield from inner.values() if isinstance(inner, dict) else [inner]
