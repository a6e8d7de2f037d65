"""Pickle and copy graphs without recursion, as rows.

`pickle` and `copy` follow references by recursion, and a graph of 10⁵ nodes in a chain is too deep for that. So the
interior nodes that a node was computed from, also those that no gradient flows to, are written as rows which name one
another by index. Leaves stay objects of their own: two graphs that share a parameter share it afterwards too.

A copy is made in two steps, first the nodes without contents, then the contents. So attributes hung on nodes and leaves
may refer back to the graph in any way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

Contents = tuple[float, float, Any, Any, Any, Any, Any]


class _Rows:
    """The interior nodes that one pickled node depends on.

    The pickler keeps this object alive until it is done. A node that is reached again meanwhile, from another root,
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

    def decode(self, operand: Any) -> Any:
        """What `encode` has encoded; an operand that is a number is a float, never an int."""
        if type(operand) is tuple:
            return tuple([self.decode(each) for each in operand])
        return self.nodes[operand] if type(operand) is int else operand

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any], tuple[list[Contents], dict[int, dict[str, Any]]]]:
        code = self.encode
        contents = [(n._data, n._grad, n.primitive, code(n._x), code(n._y), n._dx, n._dy) for n in self.nodes]
        attributes = {i: vars(node) for i, node in enumerate(self.nodes) if vars(node)}
        return _empty, ([type(node) for node in self.nodes],), (contents, attributes)

    def __setstate__(self, state: tuple[list[Contents], dict[int, dict[str, Any]]]) -> None:
        contents, attributes = state
        for node, (data, grad, primitive, x, y, dx, dy) in zip(self.nodes, contents, strict=True):
            _fill(node, data, grad, primitive, self.decode(x), self.decode(y), dx, dy)
        for i, names in attributes.items():
            vars(self.nodes[i]).update(names)


_alive: WeakValueDictionary[int, _Rows] = WeakValueDictionary()


def reduce_node(node: Any) -> tuple[Any, ...]:
    """What `Value.__reduce__` returns: a leaf by itself, any other node as a place in rows."""
    if node.primitive is None:
        return _leaf, (type(node), node._data, node._grad), vars(node)
    rows = _alive.get(id(node))
    if rows is None:
        rows = _Rows(_interior(node))
        _alive.update(dict.fromkeys(rows.index, rows))
    return _pick, (rows, rows.index[id(node)])


def _interior(root: Any) -> list[Any]:
    """The interior nodes among the ancestors of `root`, without those that are being pickled from another root."""
    found = {root: None}  # a set that keeps its order
    stack = [root]
    while stack:
        for operand in stack.pop().operands:
            if type(operand) is not float and operand.primitive is not None and id(operand) not in _alive:
                if operand not in found:
                    stack.append(operand)
                found[operand] = None
    return list(found)


def _leaf(cls: type, data: float, grad: float) -> Any:
    leaf: Any = object.__new__(cls)
    leaf._data, leaf._grad, leaf.primitive, leaf._dx, leaf._dy = data, grad, None, None, None
    return leaf


def _empty(kinds: list[type]) -> _Rows:
    return _Rows([object.__new__(cls) for cls in kinds])


def _pick(rows: _Rows, index: int) -> Any:
    return rows.nodes[index]


def _fill(node: Any, data: float, grad: float, primitive: Any, x: Any, y: Any, dx: Any, dy: Any) -> None:
    node._data, node._grad, node.primitive = data, grad, primitive
    node._x, node._y, node._dx, node._dy = x, y, dx, dy
