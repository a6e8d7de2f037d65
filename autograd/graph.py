"""How a node keeps its edges, and the order of a graph.

A node keeps one or two operands in `_x` and `_y` and their partials in `_dx` and `_dy`; a partial of None says that
the operand is not a parent (a number, or a branch not taken). For any other number of operands, `_x` is the tuple of
the parents, `_dx` that of their partials and `_y` that of the operands. One container per node, not three,
keeps the garbage collector out of the way (decision 2 in DESIGN.md).

`slots` writes this form, and the properties `operands`, `parents` and `partials` of a Value read it. The loops over all
nodes, here and in backward.py, and the operators made by inline.py use the slots directly: a call for each node would
be most of their time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress, filterfalse
from typing import Any


def slots(arity: int | None, operands: tuple[Any, ...], partials: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
    """`_x, _y, _dx, _dy` of a node: only what flows is an edge, so no float among the operands, and no partial of None.

    >>> slots(2, (3.0, 2.0), (1.0, None))
    (3.0, 2.0, None, None)
    """
    if arity == 2:
        (x, y), (dx, dy) = operands, partials
        return x, y, None if type(x) is float else dx, None if type(y) is float else dy
    if arity == 1:
        (x,), (dx,) = operands, partials
        return x, None, None if type(x) is float else dx, None
    flows = [dx is not None and type(x) is not float for x, dx in zip(operands, partials, strict=True)]
    return tuple(compress(operands, flows)), operands, tuple(compress(partials, flows)), None


def number_of(operand: Any) -> float:
    """The number of a node, or of an operand that is one: its slot, where `.data` and `float()` ask a recording first.

    For debuggers, which look at a number that the function being recorded does not use.
    """
    return operand if type(operand) is float else operand._data


def topological(*roots: Any, known: Sequence[Any] = ()) -> list[Any]:
    """Every ancestor of `roots` once, parents before children: the depth-first post-order of the textbook recursion

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents: visit(parent)
                order.append(node)

    computed with a stack, so that depth costs nothing. Each node is expanded once, each edge looked at once: O(V + E).
    `known` nodes come first, and their ancestors only as those of other nodes.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> [node.label or node.op for node in topological(a * b + a)]
    ['a', 'b', 'mul', 'add']
    >>> h = a * b
    >>> [node.label or node.op for node in topological(h + a, known=[h])]
    ['mul', 'a', 'add']
    """
    order: list[Any] = list(dict.fromkeys(known))
    seen: set[Any] = set(order)
    stack: list[Any] = [None, iter(roots)]  # by turns an open node and what is left of its parents: one, many or None
    while stack:
        node = rest = stack.pop()
        if type(rest) is _Many:
            node = next(filterfalse(seen.__contains__, rest), None)
        if node is None or node in seen:  # all parents are in order, now the node itself
            order.append(stack.pop())
            continue
        stack.append(None if node is rest else rest)
        while True:  # down along first parents, until all parents have been seen, as a leaf's have
            seen.add(node)
            dx = node._dx
            if type(dx) is tuple:
                if seen.issuperset(node._x):
                    order.append(node)
                else:
                    stack.append(node)
                    stack.append(iter(node._x))
                break
            if node._dy is None or (second := node._y) in seen:
                second = None
            if dx is not None and (first := node._x) not in seen:
                stack.append(node)
                stack.append(second)
                node = first
            elif second is not None:
                stack.append(node)
                stack.append(None)
                node = second
            else:
                order.append(node)
                break
    order.pop()  # the None that held the roots
    return order


_Many = type(iter(()))


def newer(
    roots: Sequence[Any],
    known: Sequence[Any],
    is_newer: Callable[[Any], bool],
    parents: Callable[[Any], Sequence[Any]],
) -> list[Any]:
    """`known`, and the ancestors of `roots` that are newer, in the order of `topological`.

    What a node was computed from is older than the node.

    >>> from autograd import Value
    >>> h = Value(2.0) * 3.0
    >>> [node.op for node in newer([h * h + h], [h], lambda node: node is not h, lambda node: node.parents)]
    ['mul', 'mul', 'add']
    """
    order, seen = list(known), set(map(id, known))
    stack: list[Any] = [(None, iter(roots))]
    while stack:
        node, rest = stack[-1]
        for parent in rest:
            if id(parent) not in seen and is_newer(parent):
                seen.add(id(parent))
                stack.append((parent, iter(parents(parent))))
                break
        else:
            stack.pop()
            order.append(node)
    order.pop()  # the None that held the roots
    return order
