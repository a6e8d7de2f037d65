"""Record the subject of a check (a function at a point, a graph, or a model with a loss): a root and named inputs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count, islice
from typing import Any, NamedTuple

from autograd.check.formatting import letters
from autograd.errors import GraphError
from autograd.graph import topological
from autograd.recording import is_off
from autograd.structure import key_of, leaves_of, places, rebuild
from autograd.tracing import number
from autograd.value import Value, as_float

USAGE = "check_gradients(f, *numbers), check_gradients(value) or check_gradients(model, x, y, loss=function)"


class Recording(NamedTuple):
    """The result of f for some numbers, and the leaves that hold them, in order."""

    root: Value
    leaves: list[Value]


Again = Callable[[Sequence[float]], AbstractContextManager[Recording]]
"""f called at other numbers, one per input, for as long as a `with` block: parameters then have their own again."""


class Subject(NamedTuple):
    """A recorded root, the leaves whose derivatives are wanted, by name, and f to call again (a graph has none)."""

    root: Value
    inputs: dict[str, Value]
    again: Again | None = None


def subject(f: Any, at: Sequence[Any], loss: Any) -> Subject:
    """Record f. TypeError, with the three ways to call, for anything else.

    GraphError while recording is off.
    """
    if isinstance(f, Value):
        if at or loss is not None:
            raise TypeError(f"a recorded graph is checked where it was recorded, without {at or loss!r}: {USAGE}")
        return _graph(f)
    if is_off():
        raise GraphError("inside no_graph() nothing is recorded that could be checked; check outside the block")
    if not callable(f):
        raise TypeError(f"cannot check the gradients of {f!r} ({type(f).__name__}): {USAGE}")
    if callable(getattr(f, "parameters", None)):
        return _model(f, at, loss)
    if loss is not None:
        raise TypeError(f"loss={loss!r} goes with a model, and {f!r} has no parameters(): {USAGE}")
    return _function(f, at)


def _graph(root: Value) -> Subject:
    leaves = [node for node in topological(root) if node.primitive is None]
    return Subject(root, _named([leaf.label for leaf in leaves], leaves, "leaf"))


def _model(model: Any, at: Sequence[Any], loss: Any) -> Subject:
    if len(at) != 2 or not callable(loss):
        raise TypeError(
            f"a model is checked on one sample with a loss, a function of (prediction, target): {USAGE}; "
            f"got {len(at)} argument(s) and loss={loss!r}"
        )
    x, y = at
    parameters = list(model.parameters())
    named = getattr(model, "named_parameters", None)
    labels = [name for name, _ in named()] if callable(named) else [each.label for each in parameters]

    @contextmanager
    def again(numbers: Sequence[float]) -> Iterator[Recording]:
        before = [parameter._data for parameter in parameters]
        try:
            _set(parameters, numbers)
            yield Recording(_root(loss(model(x), y), loss), parameters)
        finally:
            _set(parameters, before)

    return Subject(_root(loss(model(x), y), loss), _named(labels, parameters, "parameter"), again)


def _set(leaves: Sequence[Value], numbers: Sequence[float]) -> None:
    for leaf, x in zip(leaves, numbers, strict=True):
        leaf._data = x


def _function(f: Callable[..., Any], at: Sequence[Any]) -> Subject:
    key, names = key_of(at), names_of(f, at)

    def recording(numbers: Sequence[float]) -> Recording:
        leaves = [Value(x, label=name) for x, name in zip(numbers, names, strict=True)]
        return Recording(_root(f(*rebuild(key, iter(leaves))), f), leaves)

    @contextmanager
    def again(numbers: Sequence[float]) -> Iterator[Recording]:
        yield recording(numbers)

    root, leaves = recording([x.data if isinstance(x, Value) else as_float(x) for x in leaves_of(at)])
    return Subject(root, dict(zip(names, leaves, strict=True)), again)


def argument_names(f: Callable[..., Any], number: int) -> list[str]:
    """The names of a function's parameters; letters where it has none to give, as a primitive has."""
    try:
        parameters = [*inspect.signature(f).parameters.values()]
    except (TypeError, ValueError):  # a builtin
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    free = (name for i in count(len(names)) if (name := f"x{i}") not in names)
    return [*names[:number], *islice(free, max(number - len(names), 0))] if names else letters(number)


def names_of(f: Callable[..., Any], at: Sequence[Any]) -> list[str]:
    """Names for the leaves of the arguments: `x`, `w[0]`, `p['b']`."""
    pairs = zip(argument_names(f, len(at)), at, strict=True)
    return [each for name, x in pairs for each in places(key_of(x), name)]


def _root(y: Any, f: Callable[..., Any]) -> Value:
    return number(y, f, "return one number to have gradients", "reduce it, as by total")


def _named(labels: Sequence[str], leaves: Sequence[Value], kind: str) -> dict[str, Value]:
    """Leaves by their labels; by their place where a label is empty or taken."""
    found: dict[str, Value] = {}
    for i, (label, leaf) in enumerate(zip(labels, leaves, strict=True)):
        found[label if label and label not in found else f"{kind}[{i}]"] = leaf
    return found
