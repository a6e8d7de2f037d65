"""An engine of tuples: a node keeps its parents and local derivatives; methods are made in a loop."""

import math


class Scalar:
    __slots__ = ("gradient", "parents", "partials", "value")

    def __init__(self, value, parents=(), partials=()):
        self.value, self.parents, self.partials, self.gradient = value, parents, partials, 0

    def __add__(self, other):
        return binary(self, other, lambda a, b: (a + b, 1.0, 1.0))

    def __sub__(self, other):
        return binary(self, other, lambda a, b: (a - b, 1.0, -1.0))

    def __mul__(self, other):
        return binary(self, other, lambda a, b: (a * b, b, a))

    def __truediv__(self, other):
        return self * other**-1.0

    def __pow__(self, n):
        assert isinstance(n, int | float), "an exponent must be a number"
        return Scalar(self.value**n, (self,), (n * self.value ** (n - 1),))

    def __rtruediv__(self, other):
        return other * self**-1

    def __rsub__(self, other):
        return -self + other

    def __neg__(self):
        return self * -1

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        return Scalar(math.exp(self.value), (self,), (math.exp(self.value),))

    def tanh(self):
        e = math.exp(2 * self.value)
        t = (e - 1) / (e + 1)
        return Scalar(t, (self,), (1 - t * t,))

    def ln(self):
        return Scalar(math.log(self.value), (self,), (1 / self.value,))

    def backprop(self):
        order, seen = [], set()
        todo = [iter((self,))]
        path = []
        while todo:
            node = next(todo[-1], None)
            if node is None:
                todo.pop()
                if path:
                    order.append(path.pop())
            elif node not in seen:
                seen.add(node)
                path.append(node)
                todo.append(iter(node.parents))
        for node in order:
            if node.parents:
                node.gradient = 0
        self.gradient = 1
        for node in reversed(order):
            for parent, partial in zip(node.parents, node.partials, strict=True):
                parent.gradient += partial * node.gradient


def binary(x, y, rule):
    y = y if isinstance(y, Scalar) else Scalar(y)
    value, *partials = rule(x.value, y.value)
    return Scalar(value, (x, y), tuple(partials))
