"""Derivatives of each sample of a batch: of functions of one sample, one after the other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.tracing import Argnums, eager, own


def per_sample(
    name: str, take: Callable[..., Any], f: Callable[..., Any], by: Argnums, batch: Sequence[str]
) -> Callable[..., Any]:
    """(x, …) ↦ what `take(f, by)` gives for each sample; see `functional.map_jacobian`, which is `name`.

    A compiled function that has a batch does all samples at once.
    """
    if isinstance(batch, str):
        raise TypeError(f'batch={batch!r}: give the names of arguments, as in batch=("{batch}",)')

    def derivative(*args: Any, **named: Any) -> Any:
        args = in_order(f, args, named)
        if not batch:
            found = own(f, name, args, by)
            if found is not NotImplemented:
                return found
            raise TypeError(
                f"{name} needs a batch; name the arguments of {_name(eager(f))} that hold samples in batch="
            )
        chosen = _places(f, batch, len(args))
        one = take(f, by)
        return [one(*_sample(args, chosen, i)) for i in range(_count(args, chosen))]

    return derivative


def argument_names(f: Callable[..., Any] | None) -> tuple[str, ...]:
    """The names of the positional arguments of a function; () of one that does not tell.

    >>> argument_names(lambda x, y: x)
    ('x', 'y')
    """
    try:
        found = inspect.signature(f).parameters.values() if f else ()
    except ValueError:  # a function written in C may have no signature
        return ()
    return tuple([each.name for each in found if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)])


def in_order(f: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """The arguments of a call of f in order, those given by name in their places, with defaults between them.

    >>> in_order(lambda x, y=2.0, z=3.0: x, (1.0,), {"z": 5.0})
    (1.0, 2.0, 5.0)
    """
    if not named:
        return args
    try:
        bound = inspect.signature(f).bind(*args, **named)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{_name(f)}: {error}") from None
    alone = [name for name in named if name not in argument_names(f)]
    if alone:
        raise TypeError(
            f"{_name(f)} takes {', '.join(alone)} by keyword only, and a derivative or a compiled function has its "
            f"arguments in order; close over it: lambda x: f(x, {alone[0]}=...)"
        )
    if bound.kwargs:
        bound.apply_defaults()
    return bound.args


def _places(f: Any, batch: Sequence[str], count: int) -> dict[int, str]:
    """The arguments that hold samples, by index."""
    names = argument_names(eager(f))
    for name in batch:
        if name not in names:
            known = ", ".join(names) or "none that has a name"
            raise TypeError(f"batch names {name!r}, which is not an argument of the function; it has {known}")
        if names.index(name) >= count:
            raise TypeError(f"batch names {name!r}, but the function was called with {count} argument(s)")
    return {names.index(name): name for name in batch}


def _count(args: Sequence[Any], chosen: dict[int, str]) -> int:
    """How many samples the arguments hold."""
    found: dict[str, int] = {}
    for i, name in chosen.items():
        try:
            found[name] = len(args[i])
        except TypeError as error:
            raise TypeError(
                f"argument {name} is batched: give a list or array with one entry for each sample, got {args[i]!r}"
            ) from error
    if len(set(found.values())) != 1:
        counts = ", ".join(f"{name} has {count}" for name, count in found.items())
        raise TypeError(f"the batched arguments must have as many samples as each other: {counts}")
    return next(iter(found.values()))


def _sample(args: Sequence[Any], chosen: dict[int, str], place: int) -> list[Any]:
    return [arg[place] if i in chosen else arg for i, arg in enumerate(args)]


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", repr(f))
