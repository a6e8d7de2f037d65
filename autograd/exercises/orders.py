"""The problem of level 7: in which order the backward pass visits the nodes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from autograd.exercises import graphs
from autograd.exercises.picture import picture
from autograd.exercises.problems import Group, Problem, Question, backward, formulas, gradient_questions, numeric
from autograd.graph import topological
from autograd.value import Value

MOST = 12  # orders: the page carries a hash of each


def order(rng: random.Random) -> Problem:
    """Level 7: an order of the pass, and what a wrong one computes."""
    root = graphs.draw_until(_two_shared, _is_worth_it, rng)
    interior = [node for node in topological(root) if node.op]
    x = next(node for node in topological(root) if node.label == "x")
    orders = [" ".join(node.label for node in each) for each in possible_orders(root)]
    p = next(node for node in interior if node.label == "p")
    hasty = hasty_gradients(root)[x]
    return Problem(
        "Order of the backward pass",
        "A node may pass its gradient on only when all that use it have contributed. List the operations in an order "
        "in which the pass can visit them, from L on; any order that works is right. Then see what happens without.",
        formulas(root),
        picture(root),
        [
            Group("Order", [Question("the operations, as in: L q p", tuple(orders), is_order=True)]),
            Group(
                "Completeness",
                [numeric("how many contributions p waits for", float(graphs.uses(root)[p]))],
            ),
            Group("With the right order", gradient_questions(root, [p, x])),
            Group(
                "Without",
                [
                    numeric(
                        "∂L/∂x by a pass that goes on from a node at once when its first contribution arrives, "
                        "left operand first, and never comes back to it",
                        hasty,
                    )
                ],
            ),
        ],
        [
            f"possible orders: {'; '.join(orders)}",
            "",
            *backward(root),
            "",
            f"without an order ∂L/∂x = {hasty:g}: p passed its gradient on before the second contribution came",
        ],
    )


def _two_shared(rng: random.Random) -> Value:
    """p is used by q and r; L joins them by way of s."""
    x, y = graphs.leaf(rng, "x"), graphs.leaf(rng, "y")
    p = rng.choice(graphs.BINARY)(x, y)
    q = rng.choice(graphs.UNARY)(p, rng.choice((2.0, 3.0, -2.0)))
    r = rng.choice(graphs.BINARY)(p, graphs.leaf(rng, "z"))
    s = rng.choice(graphs.BINARY)(q, p) if rng.random() < 0.5 else rng.choice(graphs.UNARY)(q, 2.0)
    root = rng.choice(graphs.BINARY)(s, r)
    graphs.named((p, q, r, s, root), "pqrsL")
    return root


def _is_worth_it(root: Value) -> bool:
    right = {node: node.grad for node in topological(root)}
    hasty = hasty_gradients(root)
    x = next(node for node in right if node.label == "x")
    return hasty[x] != right[x] and graphs.is_nice(hasty[x]) and len(list(possible_orders(root))) <= MOST


def possible_orders(root: Value) -> Iterator[Sequence[Value]]:
    """Every order of the operations in which each comes after all that use it.

    >>> x = Value(2.0)
    >>> p = x * 3.0
    >>> [[node.op for node in each] for each in possible_orders(p.exp() + p)]
    [['add', 'exp', 'mul']]
    """
    interior = [node for node in topological(root) if node.op]
    return _orders((), interior)


def _orders(done: tuple[Value, ...], left: Sequence[Value]) -> Iterator[Sequence[Value]]:
    if not left:
        yield done
    waiting = {parent for node in left for parent in node.parents}
    for node in left:
        if node not in waiting:
            yield from _orders((*done, node), [each for each in left if each is not node])


def hasty_gradients(root: Value) -> dict[Value, float]:
    """The gradients by a pass without an order: each node goes on at its first contribution, and only then.

    >>> x = Value(2.0)
    >>> p = x * 3.0
    >>> hasty_gradients(p + p * 4.0)[x]
    3.0
    """
    found = dict.fromkeys(topological(root), 0.0)
    found[root] = 1.0
    visited: set[Value] = set()

    def visit(node: Value) -> None:
        visited.add(node)
        for parent, local in zip(node.parents, node.partials, strict=True):
            found[parent] += local * found[node]
            if parent not in visited:
                visit(parent)

    visit(root)
    return found
