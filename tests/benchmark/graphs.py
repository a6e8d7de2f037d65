"""Workloads about the graph itself: what a node weighs, and how deep a graph may be."""

from __future__ import annotations

from typing import Any

import autograd
from tests.benchmark import tuples
from tests.benchmark.contest import Answer, Contest, Side


def binary_nodes(quick: bool) -> Contest:
    """The memory of many nodes x * y, ours against slots and tuples; x and y themselves are not counted."""
    nodes = 1_000 if quick else 100_000

    def side(name: str, value: Any) -> Side:
        x, y = value(1.5), value(-2.5)
        return Side(name, lambda: [x * y for _ in range(nodes)], lambda: product_answer(value))

    return Contest(side("autograd", autograd.Value), side("slots and tuples", tuples.Value), nodes=nodes)


def product_answer(value: Any) -> Answer:
    """One node of the kind that is weighed, differentiated."""
    x, y = value(1.5), value(-2.5)
    product = x * y
    product.backward()
    return Answer(product.data, [x.grad, y.grad])


def deep_chain(quick: bool) -> Contest:
    """The backward pass of one long chain x * 2 * 0.5 * 2 ...: value and gradient are exactly those of x."""
    nodes = 10_000 if quick else 1_000_000
    x = autograd.Value(3.0)
    end = x
    for _ in range(nodes // 2):
        end = end * 2.0 * 0.5

    def step() -> float:
        x.grad = 0.0
        end.backward()
        return end.data

    ours = Side("autograd", step, lambda: Answer(step(), [x.grad]))
    return Contest(ours, expected=Answer(3.0, [1.0]), nodes=nodes)
