"""A graph at the moments of its backward pass, as the page shows it: picture, numbers, source line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import origin
from autograd.debugging.messages import Messages
from autograd.debugging.naming import Names
from autograd.debugging.walk import Walk
from autograd.drawing.drawing import Drawing, Elements
from autograd.drawing.formula import expression_of
from autograd.drawing.graph import draw
from autograd.drawing.render.animate import zeroed_gradients
from autograd.drawing.text import GLYPHS, clean, number, sign_of
from autograd.graph import topological
from autograd.playground.program import FILE
from autograd.value import Value

MOST_ROWS = 200  # values in the table
SMALL = 150  # values that are drawn whole: to see what would fit a page costs a layout more


class Moments:
    """The backward pass of `root` from zeroed gradients, at any moment; the graph keeps the gradients that it has.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> moments = Moments(a * b, {})
    >>> len(moments), moments.at(1)["message"]
    (2, '[1/2] ∂L/∂a += ∂mul/∂a · ∂L/∂mul = -3 × 1 = -3  (0 → -3, complete)')
    >>> a.grad
    0.0
    """

    def __init__(self, root: Value, variables: Mapping[str, object]) -> None:
        self._root = root
        self._order = topological(root)
        self._names = Names(self._order, variables)
        self._place = {node: i for i, node in enumerate(self._order)}
        self._products = sum(len(node.parents) for node in self._order)
        self._finished: Drawing | None = None

    def __len__(self) -> int:
        """The number of products of the pass."""
        return self._products

    @contextmanager
    def named_leaves(self) -> Iterator[None]:
        """Label the leaves that have no label by their names, in the block: a check reports labels."""
        unnamed = [node for node in self._order if not node.parents and not node.label]
        try:
            for node in unnamed:
                node.label = self._names.of[node]
            yield
        finally:
            for node in unnamed:
                node.label = ""

    def now(self) -> dict[str, Any]:
        """The graph with the gradients that the program has left."""
        return self._shown(self._draw())

    def at(self, index: int) -> dict[str, Any]:
        """The graph after `index` products; an index beyond the end is the end."""
        with zeroed_gradients(self._order):
            walk = Walk(self._root)
            if self._finished is None:
                self._finished = self._drawn_at_end(walk)
            target = min(max(index, 0), len(walk))
            if target:
                walk.run(lambda walk: walk.index == target)
            return {**self._shown(self._drawn()), **self._place_of(walk)}

    def _draw(self) -> Drawing:
        return draw(self._root, depth="all" if len(self._order) <= SMALL else "auto", legend=True)

    def _drawn_at_end(self, walk: Walk) -> Drawing:
        """The picture of the finished pass, whose layout all moments have; the walk is back at the beginning then."""
        walk.finish()
        drawing = self._draw()
        walk.run(lambda walk: False, backwards=True)
        return drawing

    def _drawn(self) -> Drawing:
        """The picture with the gradients of this moment; boxes stay where they are and as wide as they are."""
        assert self._finished is not None
        finished = self._finished
        width = {box.id: box.width for box in finished.scene.boxes}
        drawing = self._draw()
        scene = drawing.scene._replace(boxes=tuple(box._replace(room=width[box.id]) for box in drawing.scene.boxes))
        return Drawing(scene, layout=finished.layout, legend=True)

    def _shown(self, drawing: Drawing) -> dict[str, Any]:
        return {"svg": drawing.svg, "values": self._table(), "more": max(len(self._order) - MOST_ROWS, 0)}

    def _table(self) -> Sequence[Sequence[str]]:
        """A row for each value: name, data, gradient, formula; the result and what is near it last."""
        return [
            (
                clean(self._names.of[node]),
                number(node.data),
                f"{GLYPHS[sign_of(node.grad)]} {number(node.grad)}",
                expression_of(node, self._names.of) if node.primitive is not None else "",
            )
            for node in self._order[-MOST_ROWS:]
        ]

    def _place_of(self, walk: Walk) -> dict[str, Any]:
        """What the last product was: its message, its place in the program, what stands for it in the picture."""
        messages, last = Messages(walk, self._names), walk.last
        if last is None:
            message = f"{messages.notation.definition}: {messages.gradient(walk.root)}, the seed"
            return {"index": 0, "message": message, "edge": None, "box": self._box(walk.root), "place": None}
        product = walk.products[last.index]
        message = messages.product(last) + ("  The pass is complete." if walk.at_end else "")
        return {
            "index": walk.index,
            "message": message,
            "edge": self._elements.edges.get((self._place[product.node], product.slot)),
            "box": self._box(product.parent),
            "place": _place_in_program(product.node),
        }

    def _box(self, node: Value) -> str | None:
        return self._elements.boxes.get(self._place[node])

    @property
    def _elements(self) -> Elements:
        assert self._finished is not None
        return self._finished.elements


def _place_in_program(node: Value) -> dict[str, int] | None:
    """Lines and columns of the sub-expression that made the node, as the editor needs them."""
    place = origin.position(node)
    if place is None or place.file != FILE or place.column is None or place.end_column is None:
        return None
    return {"line": place.line, "column": place.column, "endLine": place.end_line, "endColumn": place.end_column}
