"""An engine of arrays: a number is an index into lists of values, gradients, parents and local derivatives."""

import math

values, gradients, parents, partials = [], [], [], []


class Number:
    def __init__(self, number, edges=()):
        self.index = len(values)
        values.append(number)
        gradients.append(0.0)
        parents.append([x.index for x, _ in edges])
        partials.append([partial for _, partial in edges])

    @property
    def d(self):
        return values[self.index]

    @property
    def g(self):
        return gradients[self.index]

    def __add__(self, other):
        x, y = self, wrap(other)
        return Number(x.d + y.d, [(x, 1.0), (y, 1.0)])

    def __sub__(self, other):
        x, y = self, wrap(other)
        return Number(x.d - y.d, [(x, 1.0), (y, -1.0)])

    def __mul__(self, other):
        x, y = self, wrap(other)
        return Number(x.d * y.d, [(x, y.d), (y, x.d)])

    def __truediv__(self, other):
        x, y = self, wrap(other)
        return Number(x.d / y.d, [(x, 1.0 / y.d), (y, -x.d / (y.d * y.d))])

    def __pow__(self, n):
        return Number(self.d**n, [(self, n * self.d ** (n - 1))])

    def __neg__(self):
        return Number(-self.d, [(self, -1.0)])

    def __abs__(self):
        return Number(abs(self.d), [(self, (self.d > 0) - (self.d < 0))])

    def __radd__(self, other):
        return wrap(other) + self

    def __rsub__(self, other):
        return wrap(other) - self

    def __rmul__(self, other):
        return wrap(other) * self

    def __rtruediv__(self, other):
        return wrap(other) / self

    def sin(self):
        return Number(math.sin(self.d), [(self, math.cos(self.d))])

    def cos(self):
        return Number(math.cos(self.d), [(self, -math.sin(self.d))])

    def sqrt(self):
        return Number(math.sqrt(self.d), [(self, 0.5 / math.sqrt(self.d))])

    def backward_pass(self):
        """Every pass starts from zero."""
        gradients[:] = [0.0] * len(gradients)
        gradients[self.index] = 1.0
        for i in range(self.index, -1, -1):
            if gradients[i]:
                for parent, partial in zip(parents[i], partials[i], strict=True):
                    gradients[parent] += partial * gradients[i]


def wrap(x):
    return x if isinstance(x, Number) else Number(x)
