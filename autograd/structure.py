"""Structures of numbers: nested lists, tuples and dicts become a list of leaves and a key that remembers the nesting.

Two structures whose keys are equal are nested alike. A named tuple and a list of a class of its own keep their types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from math import prod
from typing import Any


class Structure(tuple[Any, ...]):
    """(type, names or None, the keys of the parts). It keeps its hash: a compiled function asks for it at each call."""

    shape: tuple[int, ...] | None = None  # of an array

    @cached_property
    def list_shape(self) -> tuple[int, ...] | None:
        """The shape of nested lists that are as long as their neighbours and hold numbers; None for all else."""
        kind, _, parts = self
        if kind is not list or not any(parts):
            return (len(parts),) if kind is list else None
        shapes = {part and part.list_shape for part in {id(part): part for part in parts}.values()}
        inner = shapes.pop()
        return None if shapes or inner is None else (len(parts), *inner)

    @cached_property
    def size(self) -> int:
        """The number of leaves."""
        shape = self.list_shape if self.shape is None else self.shape
        return sum(map(size_of, self[2])) if shape is None else prod(shape)

    @cached_property
    def holds_array(self) -> bool:
        """Whether any part is an array."""
        return any(part.holds_array for part in filter(None, self[2]))

    def __hash__(self) -> int:
        found: int | None = self.__dict__.get("hash")
        if found is None:
            found = self.__dict__["hash"] = super().__hash__()
        return found

    def __reduce__(self) -> tuple[Callable[..., Key], tuple[Any, ...]]:
        return Structure, (tuple(self),)  # hashes of text differ between processes


class ArrayStructure(Structure):
    """The key of an array: equal to that of nested lists of its shape, since the two can share a recording."""

    list_shape = None
    holds_array = True

    def __reduce__(self) -> tuple[Callable[..., Key], tuple[Any, ...]]:
        return key_of_array, (self.shape,)


NUMBER = None  # the key of a number
Key = Structure | None


def _keep(x: Any, leaves: list[Any]) -> Key:
    leaves.append(x)
    return NUMBER


def flatten(x: Any, leaves: list[Any], other: Callable[[Any, list[Any]], Key] = _keep) -> Key:
    """Append the leaves of x to `leaves`, dicts in their own order, and return the key of its structure.

    What is neither a float nor a list, tuple or dict is a leaf, unless `other(x, leaves)` is given, which appends
    what it takes x for and returns its key. The key is hashable.

    >>> leaves = []
    >>> flatten([1.0, (2.0, {"w": 3.0})], leaves) == key_of([0.0, (0.0, {"w": 0.0})]), leaves
    (True, [1.0, 2.0, 3.0])
    """
    if type(x) is float:
        leaves.append(x)
        return NUMBER
    if type(x) is list and x and type(x[0]) is float and set(map(type, x)) == {float}:
        leaves += x
        return key_of_shape((len(x),))
    if isinstance(x, list | tuple):
        return Structure((type(x), None, tuple([flatten(each, leaves, other) for each in x])))
    if isinstance(x, dict):
        return Structure((dict, tuple(x), tuple([flatten(each, leaves, other) for each in x.values()])))
    return other(x, leaves)


def key_of(x: Any) -> Key:
    """The key of the structure of x."""
    return flatten(x, [])


def leaves_of(x: Any) -> list[Any]:
    """The leaves of x in order.

    >>> leaves_of({"w": [1.0, 2.0], "b": 3.0})
    [1.0, 2.0, 3.0]
    """
    leaves: list[Any] = []
    flatten(x, leaves)
    return leaves


def matching(x: Any, v: Any, words: str = "tangents must have the structure of the primals") -> Iterator[Any]:
    """The leaves of v in the order of x; a list may stand for a tuple. TypeError with these words where they differ.

    >>> list(matching({"w": (1.0, 2.0), "b": 3.0}, {"b": 0.0, "w": [1.0, -1.0]}))
    [1.0, -1.0, 0.0]
    """
    if isinstance(x, dict) and isinstance(v, dict) and x.keys() == v.keys():
        for key in x:
            yield from matching(x[key], v[key], words)
    elif isinstance(x, list | tuple) and isinstance(v, list | tuple) and len(x) == len(v):
        for each, other in zip(x, v, strict=True):
            yield from matching(each, other, words)
    elif isinstance(x, dict | list | tuple) or isinstance(v, dict | list | tuple):
        raise TypeError(f"{words}: got {v!r} for {x!r}")
    else:
        yield v


def per_argument(given: Any, name: str) -> Sequence[Any]:
    """What has an entry for each argument of a function; TypeError for anything else."""
    if not isinstance(given, list | tuple):
        raise TypeError(f"{name} must be a tuple with an entry for each argument, as in ({name}[0],), got {given!r}")
    return given


def rebuild(key: Key, leaves: Iterator[Any]) -> Any:
    """The structure that `key` remembers, filled with `leaves` in order.

    >>> rebuild(key_of({"w": [1.0, 2.0]}), iter([3.0, 4.0]))
    {'w': [3.0, 4.0]}
    """
    if key is NUMBER:
        return next(leaves)
    return assembled(key, [rebuild(part, leaves) for part in key[2]])


def assembled(key: Structure, built: list[Any]) -> Any:
    """The structure of `key` with these parts."""
    kind, names, _ = key
    if kind is dict:
        return dict(zip(names, built, strict=True))
    return kind(*built) if hasattr(kind, "_fields") else kind(built)


def size_of(key: Key) -> int:
    """The number of leaves of a structure.

    >>> size_of(key_of({"w": [1.0, 2.0], "b": 3.0})), size_of(key_of_array((2, 3)))
    (3, 6)
    """
    return 1 if key is NUMBER else key.size


def places(key: Key, name: str) -> Iterator[str]:
    """The expression for each leaf, as one would write it.

    >>> list(places(key_of([1.0, {"w": 2.0}]), "x"))
    ['x[0]', "x[1]['w']"]
    """
    if key is NUMBER:
        yield name
        return
    _, names, parts = key
    for index, part in zip(names or range(len(parts)), parts, strict=True):
        yield from places(part, f"{name}[{index!r}]")


@lru_cache(maxsize=1024)
def key_of_shape(shape: tuple[int, ...]) -> Key:
    """The key of nested lists of that shape.

    >>> key_of_shape((2, 1)) == key_of([[0.0], [0.0]])
    True
    """
    return Structure((list, None, (key_of_shape(shape[1:]),) * shape[0])) if shape else NUMBER


@lru_cache(maxsize=1024)
def key_of_array(shape: tuple[int, ...]) -> Key:
    """The key of an array of that shape; a single number is none.

    >>> key = key_of_array((2, 1))
    >>> key == key_of_shape((2, 1)), key.shape, key_of_shape((2, 1)).shape
    (True, (2, 1), None)
    """
    if not shape:
        return NUMBER
    found = ArrayStructure(key_of_shape(shape) or ())
    found.shape = shape
    return found
