"""An engine whose nodes are keyed by the float time of their birth: a heap gives the order, a dict the gradients."""

import heapq
import math

clock = [0.0]


class Value:
    def __init__(self, number, inputs=()):
        clock[0] += 0.5
        self.number, self.inputs, self.born, self.grad = number, inputs, clock[0], 0.0

    def __add__(self, other):
        other = of(other)
        return Value(self.number + other.number, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = of(other)
        return Value(self.number * other.number, [(self, other.number), (other, self.number)])

    def __sub__(self, other):
        return self + of(other) * -1.0

    def __truediv__(self, other):
        return self * of(other) ** -1.0

    def __pow__(self, other):
        return Value(self.number**other, [(self, other * self.number ** (other - 1.0))])

    def __neg__(self):
        return self * -1.0

    def __radd__(self, other):
        return of(other) + self

    def __rsub__(self, other):
        return of(other) - self

    def __rmul__(self, other):
        return of(other) * self

    def __rtruediv__(self, other):
        return of(other) / self

    def log(self):
        return Value(math.log(self.number), [(self, 1.0 / self.number)])

    def backward(self):
        flows, nodes, heap = {self.born: 1.0}, {self.born: self}, [-self.born]
        while heap:
            born = -heapq.heappop(heap)
            node, flow = nodes[born], flows[born]
            node.grad = flow if node.inputs else node.grad + flow
            for parent, partial in node.inputs:
                if parent.born not in nodes:
                    nodes[parent.born] = parent
                    heapq.heappush(heap, -parent.born)
                flows[parent.born] = flows.get(parent.born, 0.0) + partial * flow


def of(x):
    return x if isinstance(x, Value) else Value(x)
