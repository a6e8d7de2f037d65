"""How many digits of each number of a graph are right, for the bars of a page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.check.accuracy import correct_digits
from autograd.check.tape import Tape
from autograd.precision.exact import Exact
from autograd.value import Value


def digits_of(nodes: Sequence[Value], root: Value) -> list[float]:
    """The correct digits of the data of each node, of 15.95 that a float has; nan where nothing is known.

    ImportError without mpmath; GraphError for an opaque node.
    """
    exact = Exact(Tape(root), nodes)
    numbers = [exact.number(node) for node in nodes]
    return [
        math.nan if number is None else correct_digits(node.data, number)
        for node, number in zip(nodes, numbers, strict=True)
    ]
