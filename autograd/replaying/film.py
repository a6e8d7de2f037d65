"""A backward pass as data: what the page needs to show any moment of it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autograd import origin
from autograd.debugging.walk import Walk
from autograd.drawing.formula import expression_of
from autograd.drawing.render.animate import zeroed_gradients
from autograd.drawing.text import GLYPHS, clean
from autograd.graph import topological
from autograd.notation import notation_of, partial
from autograd.origin import Position
from autograd.value import Value

LONGEST_SOURCE = 300  # characters of a source line
Number = float | str  # JSON has no infinity and no nan: they are strings, which JavaScript's Number() reads
Source = tuple[str, str, str, str]  # `model.py:12 in loss`, and the line before, in and after the sub-expression


@contextmanager
def fresh_walk(root: Value) -> Iterator[Walk]:
    """The finished pass of `root` from zeroed gradients; at the end of the block the old gradients are restored.

    Callbacks of `on_backward` are called, as in any pass.

    >>> x = Value(3.0)
    >>> x.grad = 5.0
    >>> with fresh_walk(x * x) as walk:
    ...     len(walk), x.grad
    (2, 6.0)
    >>> x.grad
    5.0
    """
    with zeroed_gradients(topological(root)):
        walk = Walk(root)
        walk.finish()
        yield walk


def film_of(walk: Walk, names: dict[Value, str], box_of: Mapping[Any, str], edge_of: Mapping[Any, str]) -> Any:
    """The finished pass as columns of numbers, ready for JSON.

    Nodes are numbered in the order of the pass, the root first. The page adds up the gradients itself: product `i` adds
    `local[i] * grads[node[i]]` to node `parent[i]`, in floats as here, so that it shows the same bits at every moment.
    Boxes and edges of the picture are given by their index in `boxes` and `edges`, -1 for none.
    """
    number_of = {node: i for i, node in enumerate(walk.nodes)}
    boxes, edges = _Numbered(), _Numbered()
    sources: dict[Source | None, int] = {None: -1}
    return {
        "names": [names[node] for node in walk.nodes],
        "notation": _notation(names[walk.root], names),
        "formulas": [_formula(node, names) for node in walk.nodes] if len(walk) <= FEW else [],
        "grads": [_number(node.grad) for node in walk.nodes],
        "box": [boxes[box_of.get(node)] for node in walk.nodes],
        "source": [sources.setdefault(_source(node), len(sources) - 1) for node in walk.nodes],
        "node": [number_of[product.node] for product in walk.products],
        "parent": [number_of[product.parent] for product in walk.products],
        "local": [_number(product.local) for product in walk.products],
        "edge": [edges[edge_of.get((product.node, product.slot))] for product in walk.products],
        "glyphs": GLYPHS,
        "boxes": list(boxes),
        "edges": list(edges),
        "sources": list(sources)[1:],
    }


def _notation(root: str, names: Mapping[Value, str]) -> Mapping[str, str]:
    """What the page writes, with {node} and {parent} for the names."""
    notation = notation_of(root, set(names.values()))
    return {
        "loss": notation.definition,
        "gradient": notation.gradient("{node}"),
        "partial": partial("{node}", "{parent}"),
        "product": notation.product("{node}", "{parent}"),
    }


FEW = 1000  # products; a page with more has no formulas, to stay small


def _formula(node: Value, names: dict[Value, str]) -> str:
    """The formula of a node whose source is not known; '' for a leaf or a node with a source."""
    if node.primitive is None or origin.position(node) is not None:
        return ""
    return f"{names[node]} = {expression_of(node, names)}"


class _Numbered(dict[Any, int]):
    """Numbers ids in the order of their first lookup; None has the number -1 and is not kept."""

    def __missing__(self, id_: Any) -> int:
        if id_ is None:
            return -1
        self[id_] = len(self)
        return self[id_]


def _number(x: float) -> Number:
    if math.isfinite(x):
        return int(x) if x == int(x) and abs(x) < 1e6 and math.copysign(1.0, x) > 0 else x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def _source(node: Value) -> Source | None:
    """Where the node was made; without the folder of the file, since the page may be sent to others."""
    place = origin.position(node)
    if place is None:
        return None
    where = f"{os.path.basename(place.file)}:{place.line}"
    if not place.function.startswith("<"):
        where += f" in {place.function}"
    return (where, *_marked(place))


def _marked(place: Position) -> tuple[str, str, str]:
    """The first line of the source, cut in three at the sub-expression."""
    line = place.source[:LONGEST_SOURCE]
    if place.column is None:
        return clean(line), "", ""
    end = place.end_column if place.end_line == place.line else len(line)
    before, marked, after = line[: place.column], line[place.column : end], line[end:]
    return tuple(map(_printable, (before.lstrip(), marked, after.rstrip())))  # type: ignore[return-value]


def _printable(text: str) -> str:
    """The text with its spaces, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)
