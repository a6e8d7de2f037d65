"""A graph and its backward pass as data: what the page needs to show any box at any moment."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd import origin
from autograd.debugging.naming import Names
from autograd.debugging.walk import Walk
from autograd.drawing.formula import expression_of, head_of
from autograd.drawing.modules import membership
from autograd.drawing.render.animate import zeroed_gradients
from autograd.drawing.text import GLYPHS, clean
from autograd.exploring.accuracy import digits_of
from autograd.exploring.columns import Column, floats, integers, names
from autograd.exploring.tree import tree_of
from autograd.graph import topological
from autograd.notation.chain_rule import Notation, partial
from autograd.origin import Position
from autograd.value import Value

LONGEST_SOURCE = 300  # characters of a source line
FEW = 1000  # values; a page with more has no formulas, to stay small
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


class Film(NamedTuple):
    """A finished pass in numbers and texts; later changes of the graph do not change it.

    `data` is ready for JSON. The others are for comparisons: of each node, in the order of the pass, its name, its
    operation ('' for a leaf), and the numbers of its parents.
    """

    data: Mapping[str, Any]
    names: Sequence[str]
    operations: Sequence[str]
    parents: Sequence[tuple[int, ...]]
    products: int


def film_of(root: Value, variables: Mapping[str, object], digits: bool = False) -> Film:
    """The pass of `root`; `variables` is a namespace in which Values have names; with the correct `digits` of each.

    Nodes are numbered in the order of the pass, the root first, and so are products: those of node i are the next
    `uses[i]`. The page adds up the gradients itself: a product adds `local * grad[node]` to the node `parent`, in
    floats as here, so that it shows the same bits at every moment.
    """
    with fresh_walk(root) as walk:
        nodes, order = walk.nodes, walk.nodes[::-1]
        named = Names(order, variables)
        called = named.of
        number = {node: i for i, node in enumerate(nodes)}
        parents = [tuple(number[parent] for parent in node.parents) for node in nodes]
        texts = [called[node] for node in nodes]
        data = {
            "data": floats(node.data for node in nodes),
            "grad": floats(node.grad for node in nodes),
            "uses": integers([len(each) for each in parents]),
            "parent": integers([parent for each in parents for parent in each]),
            "local": floats(product.local for product in walk.products),
            "name": names(texts),
            "formulas": [_formula(node, called) for node in nodes] if len(nodes) <= FEW else [],
            "glyphs": GLYPHS,
            "notation": _forms(named.notation(root)),
            **({"digits": floats(digits_of(nodes, root))} if digits else {}),
            **_distinct("head", [head_of(node) or "leaf" for node in nodes]),
            **_sources(nodes),
            **_boxes(order, called, nodes),
        }
        return Film(data, texts, [node.op for node in nodes], parents, len(walk))


def _forms(notation: Notation) -> dict[str, str]:
    """What the page writes, with {node} and {parent} for the names."""
    own = notation.loss == notation.root
    return {
        "loss": notation._replace(root=notation.root if own else "{node}").definition,
        "gradient": notation.gradient("{node}"),
        "partial": partial("{node}", "{parent}"),
        "product": notation.product("{node}", "{parent}"),
    }


def _boxes(order: Sequence[Value], called: dict[Value, str], nodes: Sequence[Value]) -> dict[str, Any]:
    tree = tree_of(order, membership(order).scopes, called)
    return {
        "box": integers([tree.of[node] for node in nodes]),
        "outer": integers(tree.parents),
        **_distinct("kind", tree.kinds),
        **_distinct("title", tree.titles),
    }


def _distinct(name: str, texts: Sequence[Any]) -> dict[str, list[Any] | Column]:
    """Texts by their number in a list: `names` and `name`."""
    found: dict[Hashable, int] = {}
    column = integers([found.setdefault(text, len(found)) for text in texts])
    return {f"{name}s": list(found), name: column}


def _formula(node: Value, called: dict[Value, str]) -> str:
    return f"{called[node]} = {expression_of(node, called)}" if node.primitive is not None else ""


def _sources(nodes: Sequence[Value]) -> dict[str, Any]:
    """Where each node was made; source 0 is not known."""
    known: dict[Any, Source | None] = {}
    for node in nodes:
        made = getattr(node, "_origin", None)
        if made not in known:
            place = origin.position(node)
            known[made] = _source(place) if place else None
    return _distinct("source", [known[getattr(node, "_origin", None)] for node in nodes])


def _source(place: Position) -> Source:
    """Without the folder of the file, since the page may be sent to others."""
    where = f"{os.path.basename(place.file)}:{place.line}"
    if not place.function.startswith("<"):
        where += f" in {place.function}"
    return (clean(where), *_marked(place))


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
