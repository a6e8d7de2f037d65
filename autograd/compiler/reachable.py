"""Find everything that a function may read besides its arguments, from the names in its code.

Names lead to functions, whose code has more names; to containers; and to objects, of which the attributes count that
any of this code has by name, or that a text names. Code of libraries, this one included, is taken as constant, so of
their objects that can be called, indexed or gone through everything counts. What cannot be found: files, clocks,
iterators, what a library keeps to itself.
"""

from __future__ import annotations

import random
import weakref
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import lru_cache, partial
from itertools import chain
from threading import local
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from autograd._numpy import HAS_NUMPY, np
from autograd.compiler import watched
from autograd.compiler.constants import is_library, is_ours, names_in
from autograd.compiler.watched import PLAIN, Read, Watched
from autograd.value import Value

LIMIT = 10_000  # entries of containers and arrays that are watched, since each call compares them
_EXACT = frozenset(PLAIN)
_GENERATORS = (random.Random, *((np.random.Generator, np.random.RandomState) if HAS_NUMPY else ()))
_USED = ("__call__", "__getitem__", "__iter__", "__len__")  # one of them: an object that is used without any name
_HELD = (tuple, dict, list, set, frozenset, deque, np.ndarray)  # what these hold is known
_INNER = ("__func__", "__self__", "__wrapped__", "func", "fget", "args", "keywords")  # of methods, partials, properties
_WHOLE = frozenset(["vars", "__dict__", "asdict", "astuple"])  # code with one of these names reads every attribute
_PARTS = ("code", "defaults", "keyword defaults")  # of a function, as `function_parts` has them
_TEXT = 100  # characters that the name of an attribute may have, dots included


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
        self._inside: deque[tuple[str, Any]] = deque()  # objects of libraries, last: they may lead far away
        self._functions: list[FunctionType] = []
        self._asked: set[tuple[int, str]] = set()
        self._known_classes: dict[tuple[tuple[int, ...], int], tuple[set[str], set[str], list[str]]] = {}
        self._visit(getattr(function, "__name__", "f"), function)
        while self._ask() or self._look_inside():
            pass
        names = [f"the {part} of {each.__name__}" for each in self._functions for part in _PARTS]
        parts = partial(watched.function_parts, self._functions)
        self.watched.append(Watched(parts, parts(), names))

    def _ask(self) -> bool:
        """Look at the attributes of all objects; whether some were new: they lead to code that names others."""
        asked = len(self._asked)
        for name, x in self._objects[:]:
            self._attributes(name, x)
        return len(self._asked) > asked

    def _look_inside(self) -> bool:
        """Look into the next object of a library, if there is one."""
        if not self._inside:
            return False
        name, x = self._inside.popleft()
        found = watched.referents(x)
        if watched.is_fixed(type(x)):
            for each in found:
                self._visit(name, each)
        elif not self._is_too_large(name, len(found)):
            self._watch(partial(watched.referents, x), [name] * len(found), name)
        return True

    def _visit(self, name: str, x: Any) -> None:
        if isinstance(x, str) and len(x) < _TEXT:
            self._named.update(x.split("."))  # for getattr and attrgetter
        if type(x) in _EXACT or id(x) in self._seen:
            return
        self._seen[id(x)] = x
        if isinstance(x, weakref.ref) or type(x) in weakref.ProxyTypes:  # a proxy pretends to be of another type
            self._watch(partial(watched.is_gone, x), [name])
            self._visit(name, watched.behind(x))
        elif isinstance(x, Value) or (type(x) is not np.void and isinstance(x, np.generic) and is_library(type(x))):
            return
        elif isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, _GENERATORS):
            self.generators.append(x)
        else:
            self._held(name, x)
            self._object(name, x)

    def _watch(self, read: Read, names: list[str], whole: str = "", size: int = 1) -> None:
        found = read()
        self.watched.append(Watched(read, found, names, whole, size))
        for name, x in zip(names, found, strict=True):
            self._visit(name, x)

    def _function(self, function: FunctionType) -> None:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        if is_library(function):  # that of a decorator or of `functional.grad`, which keeps the user's in a cell
            for name, cell in cells.items():
                self._visit(name, watched.cell_content(cell)[0])
            return
        names, attributes = names_in(function.__code__)
        self._named |= attributes
        self._named |= _WHOLE.intersection(names)
        for name, cell in cells.items():
            self._watch(partial(watched.cell_content, cell), [name])
        if names:
            self._watch(partial(watched.entries, function.__globals__, names), names)
        self._functions.append(function)
        for x in function.__defaults__ or ():
            self._visit(f"a default of {function.__name__}", x)
        self._visit(f"a default of {function.__name__}", function.__kwdefaults__)
        self._visit(function.__name__, vars(function).get("__wrapped__"))
        self._objects.append((function.__name__, function))

    # --- what is held without a name ----------------------------------------------------------------------------------

    def _held(self, name: str, x: Any) -> None:
        """Watch the entries of a container, an array or a buffer."""
        if isinstance(x, tuple):
            for place, each in enumerate(tuple.__iter__(x)):
                self._visit(f"{name}[{place}]", each)
        elif isinstance(x, np.ndarray | np.void):
            self._array(name, x)
        elif (found := watched.container(x)) is not None:
            self._container(name, x, *found)
            if isinstance(x, defaultdict):
                self._watch(partial(watched.attribute, x, "default_factory"), [f"{name}.default_factory"])
        elif isinstance(x, np.flatiter):
            self._visit(name, x.base)
        elif isinstance(x, ContextVar):
            self._watch(partial(watched.in_context, x), [name])
        elif not isinstance(x, PLAIN):
            self._buffer(name, x)

    def _container(self, name: str, x: Any, read: Read, count: int) -> None:
        found = read()
        if all(isinstance(each, Value) for each in found[:count]) and found:
            return  # parameters, or the recording refuses them
        if self._is_too_large(name, count):
            return
        if isinstance(x, dict):
            keys = [f"{name}[{key!r}]" for key in found[count:]]
            self._watch(read, keys + [f"the keys of {name}"] * count, name, 2)
        else:
            self._watch(read, [f"{name}[{place}]" for place in range(count)], name)

    def _array(self, name: str, x: Any) -> None:
        if self._is_too_large(name, x.size):
            return
        if not watched.has_objects(x.dtype):
            self._watch(partial(watched.content, x), [name])
        elif isinstance(x, np.void):
            self._watch(partial(watched.fields, x), [f"a field of {name}"] * len(watched.fields(x)), name)
        elif x.dtype.names is not None:
            for field in x.dtype.names:
                self._visit(f"{name}[{field!r}]", x[field])
        else:
            self._watch(partial(watched.layout, x), [name])
            places = [f"{name}[{', '.join(map(str, place))}]" for place in np.ndindex(x.shape)]
            self._watch(partial(watched.objects, x), places, name)

    def _buffer(self, name: str, x: Any) -> None:
        [found] = watched.in_bytes(x)
        if found is not None and not self._is_too_large(name, len(found) // 8):
            self._watch(partial(watched.in_bytes, x), [name])

    def _is_too_large(self, name: str, size: int) -> bool:
        if self._size + size > LIMIT:
            self.too_large[name] = size
            return True
        self._size += size
        return False

    # --- what has a name ----------------------------------------------------------------------------------------------

    def _object(self, name: str, x: Any) -> None:
        kind = type(x)
        if isinstance(x, ModuleType | type):
            if not is_library(x):
                self._objects.append((name, x))
        elif not is_library(kind) or isinstance(x, local):
            self._objects.append((name, x))
        elif not (is_ours(kind) or isinstance(x, _HELD)) and any(hasattr(kind, each) for each in _USED):
            self._inside.append((name, x))
        for inner in _inner(x):
            self._visit(name, inner)

    def _attributes(self, name: str, x: Any) -> None:
        """Watch the attributes of x that some code has by name, in x itself and in its classes."""
        own = _namespace(x)  # watched also for names that only the classes have now
        wanted, inherited, slots = self._classes(name, (*(x.__mro__ if isinstance(x, type) else ()), *type(x).__mro__))
        for key in slots:
            if self._is_new(x, key):
                self._watch(partial(watched.attribute, x, key), [f"{name}.{key}"])
        if own is not None:
            known = inherited.union(own)
            if not isinstance(x, ModuleType | type) and not _WHOLE.isdisjoint(self._named):
                wanted = wanted.union([key for key in own if isinstance(key, str)])
            self._space(name, x, own, wanted & known)
            if not isinstance(x, FunctionType):
                self._absent(name, x, own, wanted - known)

    def _classes(self, name: str, kinds: tuple[type, ...]) -> tuple[set[str], set[str], list[str]]:
        """What code has by name of an object with these classes, and of that what they have, and which are slots.

        Many objects have the same classes: what these have is watched for the first one.
        """
        place = (tuple(map(id, kinds)), len(self._named))
        if place not in self._known_classes:
            wanted = self._named.union(*[_names_of_library(kind) for kind in kinds if is_library(kind)])
            inherited = [(kind, wanted & vars(kind).keys() | _implicit(kind)) for kind in kinds if not is_library(kind)]
            slots = [
                {key for key in keys if isinstance(vars(kind)[key], MemberDescriptorType)} for kind, keys in inherited
            ]
            self._known_classes[place] = wanted, set().union(*[keys for _, keys in inherited]), [*chain(*slots)]
            for (kind, keys), own_slots in zip(inherited, slots, strict=True):  # all: `super()` skips some
                self._space(name, kind, vars(kind), keys - own_slots)
        return self._known_classes[place]

    def _space(self, name: str, owner: Any, space: Any, keys: Iterable[str]) -> None:
        new = sorted(key for key in keys if self._is_new(owner, key))
        if new:
            self._watch(partial(watched.entries, space, new), [f"{name}.{key}" for key in new])

    def _absent(self, name: str, x: Any, own: Any, keys: Iterable[str]) -> None:
        """Watch for attributes that x may get."""
        new = frozenset(key for key in keys if self._is_new(x, key))
        if new:
            self._watch(partial(watched.are_absent, own, new), [f"the attributes of {name}"])

    def _is_new(self, x: Any, key: str) -> bool:
        self._seen[id(x)] = x
        before = len(self._asked)
        self._asked.add((id(x), key))
        return len(self._asked) > before


def _namespace(x: Any) -> Any:
    """The attributes of x itself, without asking it; None if it has slots."""
    if isinstance(x, local):
        return vars(x)  # of this thread
    try:
        return type.__getattribute__(x, "__dict__") if isinstance(x, type) else object.__getattribute__(x, "__dict__")
    except AttributeError:
        return None


def _implicit(kind: type) -> set[str]:
    """The methods of a class that code calls without their names; not those that a data class was given."""
    return {
        key
        for key, each in vars(kind).items()
        if key.startswith("__") and key.endswith("__")
        if isinstance(each, FunctionType) and each.__code__.co_filename != "<string>"
    }


@lru_cache(maxsize=1024)
def _names_of_library(kind: type) -> frozenset[str]:
    """The attributes that the methods of a class have by name."""
    methods = (each.__code__ for each in vars(kind).values() if isinstance(each, FunctionType))
    return frozenset(chain.from_iterable(names_in(code)[1] for code in methods))


def _inner(x: Any) -> Iterator[Any]:
    """What a method, a partial function, a property or a decorated function calls."""
    for name in _INNER:
        try:
            inner = object.__getattribute__(x, name)
        except AttributeError:
            continue
        if not isinstance(inner, ModuleType):
            yield from inner.values() if isinstance(inner, dict) else [inner]
