"""Thirty graphs as users draw them, for the comparison of layouts."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import nn
from autograd import Value, dot, draw, exp, log, logsumexp, relu, softmax, sqrt, tanh, total
from autograd.drawing import Scene


def inputs(*numbers: float) -> list[Value]:
    return [Value(x, label=f"a0[{j}]") for j, x in enumerate(numbers)]


def expression() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    return relu(a * b + c)


def network(*widths: int) -> Value:
    model = nn.MLP(2, list(widths), hidden="tanh", seed=0)
    out = model(inputs(0.5, -0.3))
    return nn.half_squared_error(out if isinstance(out, list) else [out], [1.0] * widths[-1])


def batch(samples: int) -> Value:
    model, rng = nn.MLP(2, [4, 1], seed=0), random.Random(0)
    return total([relu(1.0 - model([rng.random(), rng.random()])) for _ in range(samples)]) / samples


def loop(steps: int) -> Value:
    """Row D1."""
    x = Value(0.5, label="x")
    z = Value(1.0, label="z")
    for i in range(steps):
        z = tanh(z * 1.01 + x) if i % 2 else z + i
    return z


def recurrent(steps: int) -> Value:
    w, u, b, h = (Value(x, label=name) for x, name in ((0.5, "w"), (0.3, "u"), (0.1, "b"), (0.0, "h")))
    for t in range(steps):
        h = tanh(w * h + u * Value(0.1 * t, label=f"x[{t}]") + b)
    return h


def residual() -> Value:
    x = inputs(0.1, 0.2, 0.3)
    for number in (1, 2):
        x = [a + b for a, b in zip(x, nn.Layer(3, 3, activation="tanh", seed=number, number=number)(x), strict=True)]
    return total(x)


def attention(length: int) -> Value:
    rng = random.Random(0)
    q, k = (
        [[Value(rng.gauss(0, 1), label=f"{name}[{i},{j}]") for j in (0, 1)] for i in range(length)] for name in "qk"
    )
    v = [Value(rng.gauss(0, 1), label=f"v[{i}]") for i in range(length)]
    return total([dot(softmax([dot(query, key) for key in k]), v) for query in q])


def chain(length: int) -> Value:
    z = Value(0.3, label="z")
    for _ in range(length):
        z = tanh(z) * 1.1
    return z


def horner(degree: int) -> Value:
    x, y = Value(1.5, label="x"), Value(1.0, label="c0")
    for i in range(1, degree + 1):
        y = y * x + Value(float(i), label=f"c{i}")
    return y


def rosenbrock(size: int) -> Value:
    x = [Value(0.5 + i, label=f"x[{i}]") for i in range(size)]
    return total([(1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2 for a, b in pairwise(x)])


def norm(size: int) -> Value:
    return sqrt(total([x * x for x in (Value(1.0 + i, label=f"x[{i}]") for i in range(size))]))


def tree(levels: int) -> Value:
    row = [Value(float(i), label=f"x{i}") for i in range(2**levels)]
    while len(row) > 1:
        row = [a * b for a, b in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def butterfly(levels: int) -> Value:
    row = [Value(float(i), label=f"x{i}") for i in range(2**levels)]
    for level in range(levels):
        row = [row[i] + row[i ^ (1 << level)] for i in range(len(row))]
    return total(row)


def grid(size: int) -> Value:
    """Each cell depends on the one above and the one before, as an edit distance does."""
    row = [Value(float(i), label=f"r{i}") for i in range(size)]
    for i in range(1, size):
        new = [Value(float(i), label=f"c{i}")]
        for above in row[1:]:
            new.append(new[-1] * above)
        row = new
    return row[-1]


def at_random(seed: int, size: int = 40) -> Value:
    rng = random.Random(seed)
    nodes = [Value(rng.random(), label=f"x{i}") for i in range(5)]
    while len(nodes) < size:
        one, other = (nodes[-rng.randint(1, min(len(nodes), 12))] for _ in "ab")
        nodes.append(tanh(one) if one is other else one * other)
    return total(nodes[-5:])


def stable_loss() -> Value:
    z = [Value(x, label=f"z[{i}]") for i, x in enumerate((1.0, -2.0, 0.5))]
    return logsumexp(z) - z[1]


def entropy() -> Value:
    p = [exp(Value(x, label=f"t[{i}]")) for i, x in enumerate((0.1, 0.4, -0.3))]
    s = total(p)
    return -total([each / s * log(each / s) for each in p])


def awkward() -> Value:
    return log(Value(-1.0, label="損失関数")) * Value(
        2.0, label="a_name_of_more_than_forty_characters_in_a_row"
    ) + float("inf")


GRAPHS: dict[str, Callable[[], Value]] = {
    "README": expression,
    "neuron": lambda: network(1),
    "MLP 2-3-2": lambda: network(3, 2),
    "XOR 2-8-1": lambda: network(8, 1),
    "MLP 2-4-4-1": lambda: network(4, 4, 1),
    "batch of 2": lambda: batch(2),
    "batch of 4": lambda: batch(4),
    "loop 10": lambda: loop(10),
    "loop 50": lambda: loop(50),
    "loop 100": lambda: loop(100),
    "RNN 3": lambda: recurrent(3),
    "RNN 10": lambda: recurrent(10),
    "RNN 25": lambda: recurrent(25),
    "residual": residual,
    "attention 2": lambda: attention(2),
    "attention 3": lambda: attention(3),
    "chain 10": lambda: chain(5),
    "chain 60": lambda: chain(30),
    "chain 120": lambda: chain(60),
    "Horner 12": lambda: horner(12),
    "Rosenbrock 5": lambda: rosenbrock(5),
    "norm 12": lambda: norm(12),
    "tree 16": lambda: tree(4),
    "butterfly 8": lambda: butterfly(3),
    "grid 5": lambda: grid(5),
    "random 1": lambda: at_random(1),
    "random 2": lambda: at_random(2),
    "cross entropy": stable_loss,
    "entropy": entropy,
    "awkward": awkward,
}


def scene_of(name: str) -> Scene:
    """The scene after a backward pass."""
    root = GRAPHS[name]()
    root.backward()
    return draw(root, depth="all").scene
