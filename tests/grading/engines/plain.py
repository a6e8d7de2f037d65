"""An engine without a class: a node is a list [number, gradient, [(parent, local derivative), …]]."""

import math


def var(number):
    return [float(number), 0.0, []]


def combine(number, *edges):
    return [number, 0.0, [(x, partial) for x, partial in edges if isinstance(x, list)]]


def num(x):
    return x[0] if isinstance(x, list) else x


def plus(x, y):
    return combine(num(x) + num(y), (x, 1.0), (y, 1.0))


def times(x, y):
    return combine(num(x) * num(y), (x, num(y)), (y, num(x)))


def power(x, n):
    return combine(num(x) ** num(n), (x, num(n) * num(x) ** (num(n) - 1)))


def tanh(x):
    return combine(math.tanh(num(x)), (x, 1 - math.tanh(num(x)) ** 2))


def grad(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node[2])
    for node in order:
        node[1] = node[1] if not node[2] else 0.0
    root[1] += 1.0
    for node in reversed(order):
        for parent, partial in node[2]:
            parent[1] += partial * node[1]
