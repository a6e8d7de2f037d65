"""Random graphs whose values and derivatives a person computes by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from autograd.functions import relu
from autograd.graph import topological
from autograd.value import Value

FINEST = 0.25  # every number of a sheet is a multiple of it, so two decimals write it exactly
LARGEST = 99.0
NUMBERS = (-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 5.0)
HALVES = (-1.5, -0.5, 0.5, 1.5)

Unary = Callable[[Value, float], Value]
UNARY: Sequence[Unary] = (
    lambda u, k: u * k,
    lambda u, k: u + k,
    lambda u, k: k - u,
    lambda u, k: u**2,
    lambda u, k: relu(u),
    lambda u, k: u * 0.5,
)
Binary = Callable[[Value, Value], Value]
BINARY: Sequence[Binary] = (lambda u, v: u * v, lambda u, v: u * v, lambda u, v: u + v, lambda u, v: u - v)


def draw_until(make: Callable[[random.Random], Value], fits: Callable[[Value], bool], rng: random.Random) -> Value:
    """The first graph that fits, after its backward pass; the same one for the same `rng`."""
    while True:
        root = make(rng)
        root.backward()
        if _is_nice(root) and fits(root):
            return root


def _is_nice(root: Value) -> bool:
    order = topological(root)
    numbers = [x for node in order for x in (node.data, node.grad, *node.partials)]
    return all(is_nice(x) for x in numbers) and all(node.grad for node in order) and _is_worth_it(order)


def is_nice(x: float) -> bool:
    """Whether two decimals write the number, and a person multiplies it without paper.

    >>> is_nice(-2.25), is_nice(1 / 3), is_nice(128.0)
    (True, False, False)
    """
    return abs(x) <= LARGEST and (x / FINEST).is_integer()


def _is_worth_it(order: Sequence[Value]) -> bool:
    """Not too many local derivatives of 1, and no operation twice in a row."""
    locals_ = [x for node in order for x in node.partials]
    again = any(node.op == parent.op != "mul" for node in order if node.op for parent in node.parents)
    return 2 * sum(x == 1.0 for x in locals_) <= len(locals_) and not again


def named(nodes: Iterable[Value], names: str) -> None:
    """Give the nodes these letters as labels."""
    for node, name in zip(nodes, names, strict=False):
        node.label = name


def leaf(rng: random.Random, name: str) -> Value:
    """A leaf with a small number."""
    return Value(rng.choice(NUMBERS if rng.random() < 0.8 else HALVES), label=name)


def tree(rng: random.Random) -> Value:
    """Four operations on three or four leaves, none of which is used twice."""
    a, b, c = (leaf(rng, name) for name in "abc")
    p = rng.choice(BINARY)(a, b)
    q = rng.choice(BINARY)(p, c)
    r = rng.choice(UNARY)(q, rng.choice((2.0, 3.0, -2.0)))
    root = rng.choice(BINARY)(r, leaf(rng, "d")) if rng.random() < 0.5 else rng.choice(UNARY)(r, rng.choice((2.0, 3.0)))
    named((p, q, r, root), "pqrL")
    return root


def chain(rng: random.Random) -> Value:
    """Four operations of one operand, one after the other."""
    nodes = [leaf(rng, "x")]
    for operation in rng.sample(UNARY, 4):
        nodes.append(operation(nodes[-1], rng.choice((2.0, 3.0, -2.0, 4.0))))
    named(nodes[1:], "uvwL")
    return nodes[-1]


def shared(rng: random.Random) -> Value:
    """Two leaves and four operations; x and p are used twice."""
    x, y = leaf(rng, "x"), leaf(rng, "y")
    p = rng.choice(BINARY)(x, y)
    q = rng.choice(BINARY)(p, x)
    r = rng.choice(UNARY)(p, rng.choice((2.0, 3.0, -2.0)))
    root = rng.choice(BINARY)(q, r)
    named((p, q, r, root), "pqrL")
    return root


def uses(root: Value) -> dict[Value, int]:
    """How often each node is an operand."""
    found = dict.fromkeys(topological(root), 0)
    for node in found:
        for parent in node.parents:
            found[parent] += 1
    return found


def is_chain_of_different_steps(root: Value) -> bool:
    """Whether the values along a chain differ, so that no gradient can be read off a value."""
    order = topological(root)
    return all(one.data != other.data for one, other in pairwise(order))
