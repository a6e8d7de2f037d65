"""An engine whose pass is a function that returns a dict of gradients; nodes have none."""

import math


class Expression:
    def __init__(self, v, terms=()):
        self.v, self.terms = v, terms

    def __add__(self, other):
        return both(self, other, 1.0, 1.0, self.v + number(other))

    def __sub__(self, other):
        return both(self, other, 1.0, -1.0, self.v - number(other))

    def __mul__(self, other):
        return both(self, other, number(other), self.v, self.v * number(other))

    def __truediv__(self, other):
        return both(self, other, 1.0 / number(other), -self.v / number(other) ** 2, self.v / number(other))

    def __pow__(self, other):
        power = self.v ** number(other)
        by_exponent = power * math.log(self.v) if self.v > 0 else 0.0
        return both(self, other, number(other) * self.v ** (number(other) - 1.0), by_exponent, power)

    def __neg__(self):
        return Expression(-self.v, ((self, -1.0),))

    def __radd__(self, other):
        return Expression(other) + self

    def __rsub__(self, other):
        return Expression(other) - self

    def __rmul__(self, other):
        return Expression(other) * self

    def __rtruediv__(self, other):
        return Expression(other) / self

    def __rpow__(self, other):
        return Expression(other) ** self


def number(x):
    return x.v if isinstance(x, Expression) else x


def both(x, y, by_x, by_y, value):
    return Expression(value, ((x, by_x), (y, by_y)) if isinstance(y, Expression) else ((x, by_x),))


def relu(x):
    return Expression(max(x.v, 0.0), ((x, 1.0 if x.v > 0 else 0.0),))


def tanh(x):
    return Expression(math.tanh(x.v), ((x, 1.0 / math.cosh(x.v) ** 2),))


def backward(root):
    uses, stack = {id(root): 0}, [root]
    while stack:
        for parent, _ in stack.pop().terms:
            if id(parent) not in uses:
                uses[id(parent)] = 0
                stack.append(parent)
            uses[id(parent)] += 1
    gradients, ready = {root: 1.0}, [root]
    while ready:
        node = ready.pop()
        for parent, partial in node.terms:
            gradients[parent] = gradients.get(parent, 0.0) + partial * gradients[node]
            uses[id(parent)] -= 1
            if not uses[id(parent)]:
                ready.append(parent)
    return gradients
