"""Faults of the engine, as data: a plain backward pass with one thing changed at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial as bind
from typing import Any

from autograd import derivative
from autograd.backward import use_backward
from autograd.graph import topological
from autograd.testing.replacing import replaced

Edges = Sequence[tuple[Any, float]]


def textbook_pass(
    root: Any,
    order: Callable[[Any], list[Any]] = topological,
    edges: Callable[[Edges], Edges] = list,
    receive: Callable[[float, float], float] = lambda before, contribution: before + contribution,
    resets: bool = True,
    seed: float = 1.0,
) -> None:
    """`backward()` spelled out, with replaceable parts: what `autograd.backward` does when nothing is changed.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> textbook_pass(x * x); x.grad
    6.0
    """
    nodes = order(root)
    for node in nodes:
        if resets and node.primitive is not None:
            node._grad = 0.0
    root._grad += seed
    for node in reversed(nodes):
        for parent, local in edges(list(zip(node.parents, node.partials, strict=True))):
            parent._grad = receive(parent._grad, local * node._grad)


def pre_order(*roots: Any, known: Sequence[Any] = ()) -> list[Any]:
    """The nodes in reverse depth-first pre-order: a node may stand before some of its consumers are through.

    As in `graph.topological`, `known` nodes come first.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> y = x * x
    >>> [node.op for node in pre_order(y + y * 2.0)]
    ['mul', '', 'mul', 'add']
    """
    order: list[Any] = []
    seen: set[Any] = set(known)
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack += reversed(node.parents)
    return [*known, *order[::-1]]


PASSES: dict[str, dict[str, Any]] = {
    "= for +=": {"receive": lambda before, contribution: contribution},
    "pre-order for post-order": {"order": pre_order},
    "missing reset": {"resets": False},
    "lost multiplicity": {"edges": lambda edges: list(dict(edges).items())},
    "lost edge": {"edges": lambda edges: edges[:-1] if len(edges) > 1 else edges},
    "− for +": {"receive": lambda before, contribution: before - contribution},
    "seed 2": {"seed": 2.0},
}
EDGES = derivative.edges  # as they are when nothing is planted

GRAPHS: dict[str, tuple[str, Callable[..., Any]]] = {
    "= for +=": ("_sum_of_products", lambda pairs: pairs[-1][0] * pairs[-1][1]),
    "pre-order for post-order": ("topological", pre_order),
    "lost multiplicity": ("edges", lambda node: list(dict(EDGES(node)).items())),
}


def engine_mutations() -> Iterator[tuple[str, str, Callable[[], AbstractContextManager[Any]]]]:
    """(target, mutation, context manager) for faults of `backward()` and of `grad`, which builds derivatives as graphs.

    >>> [mutation for target, mutation, _ in engine_mutations() if target == "grad"]
    ['= for +=', 'pre-order for post-order', 'lost multiplicity']
    """
    for mutation, change in PASSES.items():
        yield "backward", mutation, bind(use_backward, bind(textbook_pass, **change))
    for mutation, (name, wrong) in GRAPHS.items():
        yield "grad", mutation, bind(replaced, derivative, name, wrong)
