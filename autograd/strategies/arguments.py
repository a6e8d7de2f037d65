"""Validate the arguments of strategies; errors are Hypothesis's `InvalidArgument`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis.errors import InvalidArgument

from autograd.io.suggestions import did_you_mean
from autograd.primitive import PRIMITIVES, Primitive


def check_sizes(what: str, smallest: Any, largest: Any, *, least: int) -> None:
    """Raise InvalidArgument unless `least` <= min_… <= max_… are integers.

    >>> check_sizes("size", 3, 2, least=1)
    Traceback (most recent call last):
        ...
    hypothesis.errors.InvalidArgument: Cannot have max_size=2 < min_size=3
    """
    for name, size in ((f"min_{what}", smallest), (f"max_{what}", largest)):
        if not isinstance(size, int) or isinstance(size, bool):
            raise InvalidArgument(f"Expected int but got {name}={size!r} (type={type(size).__name__})")
        if size < least:
            raise InvalidArgument(f"Invalid size {name}={size!r} < {least}")
    if largest < smallest:
        raise InvalidArgument(f"Cannot have max_{what}={largest!r} < min_{what}={smallest!r}")


def rows_of(primitives: Iterable[str | Primitive] | None, default: tuple[Primitive, ...]) -> tuple[Primitive, ...]:
    """The rows that `primitives=` names or holds; InvalidArgument for anything else and for an empty choice.

    >>> rows_of(["tanh", "mull"], ())
    Traceback (most recent call last):
        ...
    hypothesis.errors.InvalidArgument: no primitive is named 'mull' in primitives=['tanh', 'mull']; did you mean 'mul'?
    """
    if primitives is None:
        return default
    if isinstance(primitives, str):
        raise InvalidArgument(f"Expected a list of names but got primitives={primitives!r}; write [{primitives!r}]")
    chosen = list(primitives)
    if not chosen:
        raise InvalidArgument(f"Cannot draw a graph from primitives={chosen!r}: name at least one")
    return tuple(_row(each, chosen) for each in chosen)


def _row(each: Any, chosen: list[Any]) -> Primitive:
    name = each.name if isinstance(each, Primitive) else each
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    hint = did_you_mean(str(name), PRIMITIVES) or "; autograd.PRIMITIVES lists them"
    raise InvalidArgument(f"no primitive is named {name!r} in primitives={chosen!r}{hint}")
