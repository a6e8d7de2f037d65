"""The peer of the GPT workload: a scalar Value reduced to slots and two tuples.

A node stores its children and the local derivative for each; operations on numbers wrap them in nodes first; the
backward pass sorts the graph and applies the chain rule in one line. This is our own re-implementation of the idea
behind the Value of Karpathy's microgpt (2026), kept as plain as the idea is: it is a yardstick, not a product.
"""

from __future__ import annotations

import math
from typing import Any


class Value:
    """A number, the nodes it came from, and its derivative with respect to each of them.

    >>> x = Value(3.0)
    >>> (x * x + 1).backward()
    >>> x.grad
    6.0
    """

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data: float, children: tuple[Value, ...] = (), local_grads: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self) -> Value:
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0.0),))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Value | float) -> Value:
        return self + -other

    def __truediv__(self, other: Value | float) -> Value:
        return self * other**-1

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rsub__(self, other: float) -> Value:
        return -self + other

    def __rtruediv__(self, other: float) -> Value:
        return self**-1 * other

    def backward(self) -> None:
        """Add d self / d node to the ``grad`` of every node below."""
        self.grad = 1.0
        for node in reversed(sorted_nodes(self)):
            for child, local in zip(node._children, node._local_grads, strict=True):
                child.grad += local * node.grad


def sorted_nodes(root: Value) -> list[Any]:
    """Every node below ``root`` once, children before parents, by the textbook recursion."""
    order: list[Value] = []
    seen: set[Value] = set()

    def visit(node: Value) -> None:
        if node not in seen:
            seen.add(node)
            for child in node._children:
                visit(child)
            order.append(node)

    visit(root)
    return order
