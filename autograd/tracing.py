"""What the derivatives of functions share: arguments as nodes of their own, results as the caller should see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from autograd.graph import topological
from autograd.observing import Conversions
from autograd.recording import paused_gc, under
from autograd.scopes import Hooks, hooks
from autograd.structure import flatten, key_of, leaves_of, rebuild
from autograd.value import Value, as_float

Argnums = int | tuple[int, ...]


def derivative_of(take: Callable[[], Any], args: Sequence[Any]) -> Any:
    """The derivative that `take` computes from `args`, as the caller should see it.

    Its numbers are Values inside another derivative or a recording, when a Value was passed, and when the function
    closed over one: that one may be what is being differentiated. Inside `no_graph()` they are Values without parents.
    """
    around = hooks()
    made: list[Any] = []  # leaves of this derivative's own; every other one was closed over
    result = taken(take, made.append)
    keep = around.differentiating or around.recorder is not None
    keep = (
        keep or any(isinstance(leaf, Value) for leaf in leaves_of(list(args))) or _closes_over(leaves_of(result), made)
    )
    if not keep:
        return mapped(float, result)
    return mapped(_detached, result) if around.off else result


def taken(take: Callable[[], Any], see: Callable[[Any], None]) -> Any:
    """What `take` returns, computed as a derivative; `see` is called with each leaf that it makes."""
    observer = hooks().observer or Conversions()
    with paused_gc():
        return under(lambda now: _taking(now, see, observer), take)


def _taking(now: Hooks, see: Callable[[Any], None], observer: Any) -> Hooks:
    return replace(now, off=False, differentiating=True, leaf_watchers=(*now.leaf_watchers, see), observer=observer)


def observed(inputs: Any) -> Any:
    """Inputs, of which it is noticed when a number that depends on them leaves the graph."""
    observer = hooks().observer
    if isinstance(observer, Conversions):
        observer.inputs.update(leaves_of(inputs))
    return inputs


def _closes_over(results: Sequence[Any], made: Sequence[Any]) -> bool:
    """Whether a result depends on a leaf that is not among those that were made meanwhile."""
    known = set(made)
    values = [each for each in results if isinstance(each, Value)]
    return any(node.primitive is None and node not in known for node in topological(*values))


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, Value) else x


def traced(args: tuple[Any, ...], argnum: Argnums) -> tuple[Any, tuple[Any, ...]]:
    """What a derivative is by, as nodes: an argument or a tuple of arguments; and all arguments, with these in them."""
    chosen = argnum if isinstance(argnum, tuple) else (argnum,)
    count, inputs = len(args), list(args)
    for each in chosen:
        if not -count <= each < count:
            raise TypeError(f"argnum={argnum}, but the function was called with {count} argument(s)")
        inputs[each] = observed(mapped(fresh, args[each]))
    if len({each % count for each in chosen}) != len(chosen):
        raise TypeError(f"argnum={argnum} names an argument twice")
    x = tuple([inputs[each] for each in chosen]) if isinstance(argnum, tuple) else inputs[argnum]
    return x, tuple(inputs)


def fresh(x: Any) -> Value:
    """A node of this derivative's own for x, still connected to x if that is a Value."""
    return x * 1.0 if isinstance(x, Value) else Value(x)


def number(
    y: Any, f: Callable[..., Any], must: str = "return a number to have a gradient", hint: str = "see jacobian and vjp"
) -> Value:
    """A number in the result of f as a node; TypeError with these words for anything else.

    An array without axes, as `np.where` makes one of numbers, is the number in it.
    """
    if getattr(y, "shape", None) == ():
        y = y.item()
    if isinstance(y, Value):
        return y
    try:
        return Value(as_float(y))
    except TypeError as error:
        name = getattr(f, "__name__", repr(f))
        raise TypeError(f"{name} must {must}, got {y!r}; {hint}") from error


def direction(v: Any) -> Any:
    """A number of a tangent or cotangent: a Value or a float."""
    return v if isinstance(v, Value) else as_float(v)


# --- compiled functions -----------------------------------------------------------------------------------------------


def own(f: Any, name: str, args: Sequence[Any], argnum: Argnums, along: Any = None) -> Any:
    """The derivative of this name by a compiled function's own program; NotImplemented for other functions.

    So it is where the derivative is to be differentiated or recorded itself, which needs nodes: see `eager`.
    """
    ask = getattr(type(f), "__derivative__", None)
    return NotImplemented if ask is None or _needs_nodes(args) else ask(f, name, args, argnum, along)


def eager(f: Any) -> Callable[..., Any]:
    """The function that was compiled, or f itself."""
    ask = getattr(type(f), "__eager__", None)
    return f if ask is None else ask(f)  # type: ignore[no-any-return]


def _needs_nodes(args: Sequence[Any]) -> bool:
    around = hooks()
    return (
        around.differentiating
        or around.recorder is not None
        or any(isinstance(leaf, Value) for leaf in leaves_of(list(args)))
    )


# --- structures of numbers --------------------------------------------------------------------------------------------


def mapped(function: Callable[[Any], Any], x: Any) -> Any:
    """`function` on every number of a structure."""
    leaves: list[Any] = []
    key = flatten(x, leaves)
    return rebuild(key, map(function, leaves))


def like(x: Any, leaves: Sequence[Any]) -> Any:
    """The structure of x with other numbers (or structures) in it."""
    return rebuild(key_of(x), iter(leaves))
