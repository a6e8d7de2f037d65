"""Look up a name in a table, with one error message for unknown names."""

from collections.abc import Mapping
from typing import TypeVar

from autograd.io.suggestions import did_you_mean

T = TypeVar("T")


def look_up(table: Mapping[str, T], name: object, kind: str, also: str = "") -> T:
    """The entry called `name`; the error for an unknown name suggests the closest one and lists all.

    >>> look_up({"tanh": 1, "relu": 2}, "thanh", "activation")
    Traceback (most recent call last):
        ...
    ValueError: unknown activation 'thanh'; did you mean 'tanh'? Known: tanh, relu

    `also` describes what is accepted besides a name. TypeError when `name` is not a string.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    known = ", ".join(table) + (f"; {also}" if also else "")
    if not isinstance(name, str):
        raise TypeError(f"{kind} {name!r} is a {type(name).__name__}; give a name. Known: {known}")
    hint = did_you_mean(name, table) or ";"
    raise ValueError(f"unknown {kind} {name!r}{hint} Known: {known}")
