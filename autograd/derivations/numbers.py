"""The adjoints of a graph, as a backward pass computes them, without touching the gradients of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from autograd.value import Value


def adjoints_of(order: Sequence[Value]) -> dict[Value, float]:
    """∂root/∂node for each node of a graph in topological order, root last: products and sums in the order of a pass.

    >>> from autograd.graph import topological
    >>> x = Value(3.0)
    >>> y = x * x
    >>> adjoints_of(topological(y))[x], x.grad
    (6.0, 0.0)
    """
    found = dict.fromkeys(order, 0.0)
    found[order[-1]] = 1.0
    for node in reversed(order):
        upstream = found[node]
        if upstream == 0.0 and isfinite(sum(node.partials)):  # as the pass does: a dead unit
            continue
        for parent, local in zip(node.parents, node.partials, strict=True):
            found[parent] += local * upstream
    return found
