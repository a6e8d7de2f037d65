"""An engine with a class for every operation."""

import math
from graphlib import TopologicalSorter


class Tensor:
    inputs = ()

    def __init__(self, value):
        self.value, self.adjoint = value, 0.0

    def partials(self):
        return ()

    def __add__(self, other):
        return Add(self, other)

    def __radd__(self, other):
        return Add(other, self)

    def __sub__(self, other):
        return Add(self, Negative(other))

    def __rsub__(self, other):
        return Add(other, Negative(self))

    def __mul__(self, other):
        return Multiply(self, other)

    def __rmul__(self, other):
        return Multiply(other, self)

    def __truediv__(self, other):
        return Multiply(self, Power(other, -1))

    def __rtruediv__(self, other):
        return Multiply(other, Power(self, -1))

    def __pow__(self, n):
        return Power(self, n)

    def __neg__(self):
        return Negative(self)

    def relu(self):
        return Relu(self)

    def sigmoid(self):
        return Sigmoid(self)

    def backward(self):
        graph, stack = {}, [self]
        while stack:
            node = stack.pop()
            if node not in graph:
                graph[node] = set(node.inputs)
                stack.extend(node.inputs)
        order = [*TopologicalSorter(graph).static_order()]
        for node in order:
            if node.inputs:
                node.adjoint = 0.0
        self.adjoint = 1.0
        for node in reversed(order):
            for parent, partial in zip(node.inputs, node.partials(), strict=True):
                parent.adjoint += partial * node.adjoint


class Operation(Tensor):
    def __init__(self, *inputs):
        self.inputs = tuple(x if isinstance(x, Tensor) else Tensor(x) for x in inputs)
        super().__init__(self.compute(*[x.value for x in self.inputs]))


class Add(Operation):
    def compute(self, x, y):
        return x + y

    def partials(self):
        return 1, 1


class Multiply(Operation):
    def compute(self, x, y):
        return x * y

    def partials(self):
        x, y = self.inputs
        return y.value, x.value


class Power(Operation):
    def __init__(self, x, n):
        if isinstance(n, Tensor):
            raise NotImplementedError("exponents are numbers")
        self.n = n
        super().__init__(x)

    def compute(self, x):
        return x**self.n

    def partials(self):
        return (self.n * self.inputs[0].value ** (self.n - 1),)


class Negative(Operation):
    def compute(self, x):
        return -x

    def partials(self):
        return (-1,)


class Relu(Operation):
    def compute(self, x):
        return x if x > 0 else 0.0

    def partials(self):
        return (1.0 if self.value > 0 else 0.0,)


class Sigmoid(Operation):
    def compute(self, x):
        return 1 / (1 + math.exp(-x))

    def partials(self):
        return (self.value * (1 - self.value),)
