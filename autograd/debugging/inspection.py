"""Queries about a walk: the path that brought the gradient to a node, and the first values that are not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.debugging.walk import Walk
from autograd.value import Value


def path_from_root(walk: Walk, node: Value) -> list[int]:
    """The chain of products that contributed most to the gradient of `node`, from the root down, as indices.

    At each node it takes the product with the largest |contribution| of those that are done, or, if none is, the first.
    If there are several paths, the gradient is the sum over all of them.

    >>> x = Value(3.0)
    >>> small, large = x * 2.0, x * 5.0
    >>> walk = Walk(small + large)
    >>> walk.finish()
    >>> [walk.products[i].local for i in path_from_root(walk, x)]
    [1.0, 5.0]
    """
    path: list[int] = []
    while incoming := walk.incoming(node):
        largest = max(incoming, key=lambda index: _size(walk.contribution(index)))
        path.append(largest)
        node = walk.products[largest].node
    return path[::-1]


def _size(contribution: float | None) -> float:
    """Pending products are the smallest; nan is the largest, since it is what users look for."""
    if contribution is None:
        return -1.0
    return math.inf if math.isnan(contribution) else abs(contribution)


def first_fault(walk: Walk) -> Value | None:
    """The first node in forward order whose value or one of whose partials is infinite or nan; None if there is none.

    >>> from autograd import log
    >>> x = Value(0.0)
    >>> first_fault(Walk(log(x) * 0.0 + 1.0)).op
    'log'
    """
    for node in reversed(walk.nodes):
        if not (math.isfinite(node.data) and all(map(math.isfinite, node.partials))):
            return node
    return None


def bad_gradients(walk: Walk) -> Sequence[Value]:
    """The nodes whose gradient is infinite or nan at this moment, in the order of the pass."""
    return [node for node in walk.nodes if not math.isfinite(node.grad)]
