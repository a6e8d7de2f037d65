"""An engine that follows every path from the result by recursion: right, but not for deep graphs."""

import math


class Node:
    def __init__(self, data, edges=()):
        self.data, self.edges, self.grad = data, edges, 0.0

    def __add__(self, other):
        other = node(other)
        return Node(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = node(other)
        return Node(self.data * other.data, ((self, other.data), (other, self.data)))

    def __neg__(self):
        return Node(-self.data, ((self, -1.0),))

    def __sub__(self, other):
        return self + (-node(other))

    def __pow__(self, n):
        return Node(self.data**n, ((self, n * self.data ** (n - 1)),))

    def __truediv__(self, other):
        return self * node(other) ** -1

    def __radd__(self, other):
        return node(other) + self

    def __rmul__(self, other):
        return node(other) * self

    def __rsub__(self, other):
        return node(other) - self

    def __rtruediv__(self, other):
        return node(other) / self

    def exp(self):
        e = math.exp(self.data)
        return Node(e, ((self, e),))

    def ln(self):
        return Node(math.log(self.data), ((self, 1 / self.data),))

    def backward(self, flow=1.0):
        self.grad += flow
        for parent, partial in self.edges:
            parent.backward(partial * flow)


def node(x):
    return x if isinstance(x, Node) else Node(x)
