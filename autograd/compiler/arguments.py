"""Structures of numbers: nested lists, tuples and dicts become numbers and a key that remembers the shape.

Two calls whose arguments have equal keys can share one recording. Arrays count as lists, and stay arrays all the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.foreign import as_numpy, has_protocol
from autograd.errors import CompileError
from autograd.value import Value, as_float


class Structure(tuple[Any, ...]):
    """(type, names or None, the keys of the parts). It knows its hash, since a call asks for it."""

    def __hash__(self) -> int:
        found: int | None = self.__dict__.get("hash")
        if found is None:
            found = self.__dict__["hash"] = super().__hash__()
        return found

    def __reduce__(self) -> tuple[type[Structure], tuple[tuple[Any, ...]]]:
        return Structure, (tuple(self),)  # hashes of text differ between processes


NUMBER = None  # the key of a number
Key = Structure | None


def flatten(x: Any, numbers: list[Any], leaf: Callable[[Any], Any] = as_float) -> Key:
    """Append the numbers of x to `numbers`, each as `leaf` makes it, and return the key of its structure.

    Arrays of any library count as lists, and so does a range. The key is hashable.

    >>> numbers = []
    >>> flatten([1, (2.0, {"w": 3.0})], numbers) == key_of([0.0, (0.0, {"w": 0.0})]), numbers
    (True, [1.0, 2.0, 3.0])

    What is neither a structure nor accepted by `leaf` raises what `leaf` raises.
    """
    if type(x) is float:
        numbers.append(x)
        return NUMBER
    if isinstance(x, list | tuple):
        return Structure((type(x), None, tuple([flatten(each, numbers, leaf) for each in x])))
    if isinstance(x, dict):
        return Structure((dict, tuple(x), tuple([flatten(each, numbers, leaf) for each in x.values()])))
    if isinstance(x, range):
        return flatten(list(x), numbers, leaf)
    found = as_numpy(x)
    if found is not None and found.shape != ():
        return flatten(found.tolist(), numbers, leaf)
    numbers.append(leaf(x if found is None else found.item()))
    return NUMBER


def key_of(x: Any) -> Key:
    """The key of the structure of x."""
    return flatten(x, [])


def rebuild(key: Key, numbers: Iterator[Any]) -> Any:
    """The structure that `key` remembers, filled with `numbers` in order.

    >>> rebuild(key_of({"w": [1.0, 2.0]}), iter([3.0, 4.0]))
    {'w': [3.0, 4.0]}
    """
    if key is NUMBER:
        return next(numbers)
    kind, names, parts = key
    built = [rebuild(part, numbers) for part in parts]
    if kind is dict:
        return dict(zip(names, built, strict=True))
    return kind(*built) if hasattr(kind, "_fields") else kind(built)


def places(key: Key, name: str) -> Iterator[str]:
    """Where each number stands, as one would write it.

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


def is_array(x: Any) -> bool:
    """Whether x is a plain NumPy array of real numbers, not a single one; any other array goes the way of lists."""
    return type(x) is np.ndarray and x.dtype.kind in "fiu" and x.shape != ()


def plain(x: Any, name: str) -> Any:
    """The argument `name`, with the array of another library as NumPy's; CompileError for one that has no numbers.

    >>> plain(memoryview(b"ab"), "x")
    array([97, 98], dtype=uint8)
    """
    if type(x) is list:
        return x
    try:
        found = as_numpy(x)
    except TypeError as error:
        raise CompileError(f"argument {name}: {error}") from error
    return x if found is None else found


class Argument(NamedTuple):
    """An argument: its key, and its numbers as a list or a float64 vector; with a batch as an array, a sample a row."""

    key: Key
    numbers: Any
    is_batched: bool = False

    @property
    def example(self) -> list[float]:
        """The numbers of one sample, to record with."""
        numbers = self.numbers[0] if self.is_batched else self.numbers
        return numbers if isinstance(numbers, list) else list(map(float, numbers))


def argument(x: Any, name: str) -> Argument:
    """The argument `name` of a compiled function; CompileError names what is no number.

    >>> argument([1, [2.0]], "x").numbers
    [1.0, 2.0]
    >>> argument(["a"], "x")
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: argument x: a number is needed, got 'a' (str); convert it with float(...), at ...
    """
    if type(x) is float:
        return Argument(NUMBER, [x])
    if is_array(x):
        return Argument(key_of_shape(x.shape), x.ravel().astype("float64", copy=False))
    numbers: list[float] = []
    try:
        return Argument(flatten(x, numbers), numbers)
    except (TypeError, OverflowError):
        place, wrong = _first_wrong(x, name)
        at = f", at {place}" if place != name else ""
        raise CompileError(
            f"argument {name}: {wrong}{at}; a compiled function takes numbers, lists, tuples, dicts and arrays of them "
            "(whatever else the function needs, let it close over)"
        ) from None


def _first_wrong(x: Any, name: str) -> tuple[str, str]:
    """Where in x the first part stands that is no number, and what is wrong with it."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "O" and x.shape:
        x = x.tolist()
    if isinstance(x, dict | list | tuple):
        for key, part in x.items() if isinstance(x, dict) else enumerate(x):
            try:
                flatten(part, [])
            except (TypeError, OverflowError):
                return _first_wrong(part, f"{name}[{key!r}]")
    return name, _wrong(x)


def _wrong(x: Any) -> str:
    """What is wrong with what is no number, and what to write instead."""
    if isinstance(x, Value):
        return f"a number is needed, got {x!r}; pass x.data, or list it in parameters= and let the function use it"
    try:
        flatten(x, [])
    except OverflowError:
        return f"this {type(x).__name__} is larger than any float; scale it, or use its logarithm"
    except TypeError as error:
        if isinstance(x, Iterable) and not isinstance(x, str | bytes | bytearray | np.ndarray) and not has_protocol(x):
            order = "sorted" if isinstance(x, Set) else "dict" if isinstance(x, Mapping) else "list"
            return f"numbers are needed, got a {type(x).__name__}; pass {order}(x)"
        return str(error).replace("a Value holds a real number", "a number is needed")
    return "it changed while it was read"


def samples(x: Any, name: str) -> Argument:
    """The batched argument `name`: a sequence or array of samples, which all have the same structure.

    >>> samples([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "x").numbers.shape
    (3, 2)
    >>> samples([[1.0, 2.0], [3.0]], "x")
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: argument x: sample 1 has 1 number(s) in another structure than sample 0, which has 2
    """
    if is_array(x):
        if not len(x):
            raise CompileError(f"argument {name}: a batch needs at least one sample, got an array of shape {x.shape}")
        rows = x if x.ndim == 2 else x.reshape(len(x), math.prod(x.shape[1:]))
        return Argument(key_of_shape(x.shape[1:]), rows if x.dtype == "float64" else rows.astype("float64"), True)
    if isinstance(x, np.ndarray) and x.shape:
        x = x.tolist()
    if not isinstance(x, Sequence) or isinstance(x, str | bytes | bytearray) or not len(x):
        raise CompileError(
            f"argument {name} is batched: give a list or array with one entry for each sample, got {x!r}"
        )
    rows = [argument(each, f"{name}[{place}]") for place, each in enumerate(x)]
    first = rows[0]
    for place, row in enumerate(rows):
        if row.key != first.key:
            raise CompileError(
                f"argument {name}: sample {place} has {len(row.numbers)} number(s) in another structure than sample 0, "
                f"which has {len(first.numbers)}"
            )
    return Argument(first.key, as_array([row.numbers for row in rows]).reshape(len(rows), len(first.numbers)), True)


def whole(x: Any) -> list[bool]:
    """For each number of an argument whether it is an integer: such a number may be an index.

    >>> whole([1, 2.0])
    [True, False]
    """
    if is_array(x):
        return [x.dtype.kind in "iu"] * int(x.size)
    found: list[Any] = []
    flatten(x, found, lambda each: isinstance(each, int) or getattr(getattr(each, "dtype", None), "kind", "") in "iu")
    return [each is True for each in found]  # `flatten` keeps floats as they are


def as_array(numbers: Any) -> NDArray[np.float64]:
    """A NumPy array of floats."""
    return np.asarray(numbers, dtype=np.float64)
