"""Structures of numbers: nested lists, tuples and dicts become a list of floats and a key that remembers the shape.

Two calls whose arguments have equal keys can share one recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograd.errors import CompileError
from autograd.value import as_float

NUMBER = None  # the key of a number
Key = tuple[Any, ...] | None


def flatten(x: Any, numbers: list[Any], leaf: Callable[[Any], Any] = as_float) -> Key:
    """Append the numbers of x to `numbers`, each as `leaf` makes it, and return the key of its structure.

    NumPy arrays count as lists. The key is hashable.

    >>> numbers = []
    >>> flatten([1, (2.0, {"w": 3.0})], numbers) == key_of([0.0, (0.0, {"w": 0.0})]), numbers
    (True, [1.0, 2.0, 3.0])

    What is neither a structure nor accepted by `leaf` raises what `leaf` raises.
    """
    if type(x) is float:
        numbers.append(x)
        return NUMBER
    if isinstance(x, list | tuple):
        return (type(x), None, tuple([flatten(each, numbers, leaf) for each in x]))
    if isinstance(x, dict):
        return (dict, tuple(x), tuple([flatten(each, numbers, leaf) for each in x.values()]))
    if getattr(x, "shape", ()) != () and hasattr(x, "tolist"):
        return flatten(x.tolist(), numbers, leaf)
    numbers.append(leaf(x))
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


def argument(x: Any, name: str, numbers: list[Any]) -> Key:
    """`flatten` for the argument `name` of a compiled function; CompileError names what is no number.

    >>> argument(["a"], "x", [])
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: argument x: a Value holds a real number, got 'a' (str); convert it ...
    """
    try:
        return flatten(x, numbers)
    except TypeError as error:
        raise CompileError(
            f"argument {name}: {error}; a compiled function takes numbers, lists, tuples, dicts and arrays of them "
            "(whatever else the function needs, let it close over)"
        ) from error
