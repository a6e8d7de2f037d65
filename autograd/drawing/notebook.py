"""The notebook display of a Value: its graph. (value.py does not import the drawing package.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.drawing.graph import draw
from autograd.value import Value

MOST = 30_000  # values; showing a number must not take long


def mimebundle(value: Value, include: Any = None, exclude: Any = None) -> Mapping[str, str]:
    """The picture of the graph; nothing, so that text is shown, if drawing it would take seconds.

    >>> sorted(mimebundle(Value(2.0) * 3.0))
    ['image/svg+xml', 'text/html']
    """
    if _is_larger(value, MOST):
        return {}
    bundle = draw(value)._repr_mimebundle_()
    return {kind: bundle[kind] for kind in ("text/html", "image/svg+xml")}


def _is_larger(value: Value, most: int) -> bool:
    seen, stack = {value}, [value]
    while stack and len(seen) <= most:
        new = set(stack.pop().parents) - seen
        seen |= new
        stack += new
    return len(seen) > most
