"""Pickling and deep copies of graphs without recursion: a graph becomes rows.

`pickle` and `copy` follow references by recursion, and a graph of 10⁵ nodes in a chain is too deep for that. So the
interior nodes above a node are written as rows, parents first, which name one another by index. Leaves stay objects of
their own: two graphs that share a parameter share it afterwards too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from autograd.graph import topological


class _Rows:
    """The interior nodes that one pickled node depends on.

    Whoever pickles keeps this object alive until it is done. A node that is reached again meanwhile, from another root,
    is found in `_alive` and refers to the same rows: it stays one node.
    """

    __slots__ = ("__weakref__", "index", "nodes")

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = nodes
        self.index = {id(node): i for i, node in enumerate(nodes)}

    def encode(self, operand: Any) -> Any:
        """An index for a node of these rows; floats and nodes of other graphs as they are."""
        if type(operand) is tuple:
            return tuple([self.encode(each) for each in operand])
        return self.index.get(id(operand), operand)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any], dict[int, dict[str, Any]]]:
        code = self.encode
        rows = [(type(n), n.data, n.grad, n.primitive, code(n._x), code(n._y), n._dx, n._dy) for n in self.nodes]
        # Attributes hung on nodes go last, since they may refer back to the graph.
        return _restore, (rows,), {i: vars(node) for i, node in enumerate(self.nodes) if vars(node)}

    def __setstate__(self, attributes: dict[int, dict[str, Any]]) -> None:
        for i, names in attributes.items():
            vars(self.nodes[i]).update(names)


_alive: WeakValueDictionary[int, _Rows] = WeakValueDictionary()


def reduce_node(node: Any) -> tuple[Any, ...]:
    """What `Value.__reduce__` returns: a leaf by itself, any other node as a place in rows."""
    if node.primitive is None:
        return _leaf, (type(node), node.data, node.grad), vars(node)
    rows = _alive.get(id(node))
    if rows is None:
        rows = _Rows([n for n in topological(node) if n.primitive is not None and id(n) not in _alive])
        _alive.update(dict.fromkeys(rows.index, rows))
    return _pick, (rows, rows.index[id(node)])


def _leaf(cls: type, data: float, grad: float) -> Any:
    return _node(cls, data, grad, None, None, None, None, None)


def _pick(rows: _Rows, index: int) -> Any:
    return rows.nodes[index]


def _restore(rows: list[tuple[Any, ...]]) -> _Rows:
    nodes: list[Any] = []

    def decode(operand: Any) -> Any:
        if type(operand) is tuple:
            return tuple([decode(each) for each in operand])
        return nodes[operand] if type(operand) is int else operand

    for cls, data, grad, primitive, x, y, dx, dy in rows:
        nodes.append(_node(cls, data, grad, primitive, decode(x), decode(y), dx, dy))
    return _Rows(nodes)


def _node(cls: type, data: float, grad: float, primitive: Any, x: Any, y: Any, dx: Any, dy: Any) -> Any:
    node: Any = object.__new__(cls)
    node.data, node.grad, node.primitive = data, grad, primitive
    node._x, node._y, node._dx, node._dy = x, y, dx, dy
    return node
