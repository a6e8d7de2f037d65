"""What a notebook shows for a Value: its graph. (value.py cannot say so itself: it knows nothing of pictures.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.drawing.graph import draw
from autograd.value import Value

MOST = 30_000  # values; to look at a number must not take long


def mimebundle(value: Value, include: Any = None, exclude: Any = None) -> Mapping[str, str]:
    """The picture of the graph, unless it is so large that drawing would take seconds; then only text is shown.

    >>> sorted(mimebundle(Value(2.0) * 3.0))
    ['image/svg+xml', 'text/html']
    """
    if _is_larger(value, MOST):
        return {}
    svg = draw(value).svg
    return {"text/html": svg, "image/svg+xml": svg}


def _is_larger(value: Value, most: int) -> bool:
    seen, stack = {value}, [value]
    while stack and len(seen) <= most:
        new = set(stack.pop().parents) - seen
        seen |= new
        stack += new
    return len(seen) > most
