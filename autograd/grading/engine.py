"""A scalar engine in which one thing or another can be done wrongly: what a faulty submission is compared with.

The engine is the textbook's: nodes with parents and local derivatives from the rules of `autograd.rules`, a topological
order, one product per edge. A `Fault` replaces one of its settings; the faults themselves are rows in `faults.py`.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from autograd.grading.program import DEEP, Program, Ref
from autograd.primitive import lookup

EVERY = "every operation"  # in place of one
Rule = Callable[..., Sequence[float]]  # (out, *operands) -> one derivative per operand


class Answer(NamedTuple):
    """What an engine gives for a program: the number in every slot, the gradient of every input; or an error."""

    values: tuple[float, ...] = ()
    gradients: tuple[float, ...] = ()
    error: str = ""
    line: int = 0  # of the submission's file, where the error came from


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be wrong with an engine, and what it may do in one way or another. The defaults are right."""

    values: Mapping[str, Callable[..., float]] = field(default_factory=dict)
    partials: Mapping[str, Rule] = field(default_factory=dict)
    assigns: frozenset[str | tuple[str, int]] = (
        frozenset()
    )  # operations, or operands of them, whose gradient is set by =
    without_chain: frozenset[str] = frozenset()  # operations that forget the factor of the output's gradient
    mutates: frozenset[str] = frozenset()  # operations that write the result into their operand
    missing: frozenset[str] = frozenset()  # reflected operators that raise TypeError
    swapped: frozenset[str] = frozenset()  # reflected operators that exchange the operands
    composed: frozenset[str] = frozenset()  # operations made of others, which is right
    order: str = "topological"
    counts: str = "each"  # how often a repeated operand gets its gradient: "each", "first", "last"
    merges: bool = False  # nodes of equal value are taken for one
    resets: str = "interior"  # gradients that a pass clears first: "interior", "all", "none"
    seed: str = "one"
    recursive: bool = False
    visits: str | int = "left"  # which operand first: "left", "right", or by chance with this seed, as in a set

    @property
    def sees_order(self) -> bool:
        """Whether the order among nodes that may stand in any order matters."""
        return bool(self.assigns) or self.merges or self.order != "topological"


class Node:
    """One number of the graph; `operation` is '' for an input or a constant."""

    __slots__ = ("data", "gradient", "operands", "operation", "parents")

    def __init__(self, data: float, operation: str = "", parents: tuple[Node, ...] = ()) -> None:
        self.data, self.operation, self.parents = data, operation, parents
        self.operands = tuple([parent.data for parent in parents])
        self.gradient = 0.0


Visits = Callable[[Node], Sequence[Node]]


def run(program: Program, settings: Settings) -> Answer:
    """What an engine with these settings gives for a program.

    >>> from autograd.grading.program import Line
    >>> square = Program((3.0,), (Line("mul", (Ref(0), Ref(0))),))
    >>> run(square, Settings()).gradients, run(square, Settings(assigns=frozenset([EVERY]))).gradients
    ((6.0,), (3.0,))
    """
    if settings.recursive and len(program.lines) > DEEP:
        return Answer(error="RecursionError")
    nodes = [Node(float(x)) for x in program.inputs]
    try:
        for operation, operands in program.lines:
            nodes.append(_applied(settings, operation, [nodes[x.slot] if isinstance(x, Ref) else x for x in operands]))
        for root in program.roots:
            _backward(settings, nodes[root])
    except (ArithmeticError, ValueError, TypeError) as error:
        return Answer(error=type(error).__name__)
    inputs = nodes[: len(program.inputs)]
    return Answer(tuple([node.data for node in nodes]), tuple([node.gradient for node in inputs]))


# --- forward ----------------------------------------------------------------------------------------------------------


def _applied(settings: Settings, operation: str, operands: Sequence[Node | float]) -> Node:
    if operation == "sum":
        total: Node | float = 0
        for operand in operands:
            total = _applied(settings, "add", [total, operand])
        assert isinstance(total, Node)
        return total
    if len(operands) == 2 and not isinstance(operands[0], Node):
        if operation in settings.missing:
            raise TypeError
        if operation in settings.swapped:
            operands = operands[::-1]
    if operation in settings.composed:
        return _composed(settings, operation, operands)
    return _node(settings, operation, [x if isinstance(x, Node) else Node(float(x)) for x in operands])


def _composed(settings: Settings, operation: str, operands: Sequence[Node | float]) -> Node:
    """An operation made of others, as most engines have it; of a constant no node is made before it is needed."""
    if operation == "neg":
        return _applied(settings, "mul", [operands[0], -1.0])
    first, second = operands
    if operation == "sub":
        return _applied(
            settings, "add", [first, _applied(settings, "neg", [second]) if isinstance(second, Node) else -second]
        )
    return _applied(
        settings, "mul", [first, _applied(settings, "pow", [second, -1.0]) if isinstance(second, Node) else 1 / second]
    )


def _node(settings: Settings, operation: str, nodes: list[Node]) -> Node:
    value = settings.values.get(operation) or lookup(operation).value
    out = Node(float(value(*[node.data for node in nodes])), operation, tuple(nodes))
    if operation in settings.mutates:
        nodes[-1].data = out.data
    return out


# --- backward ---------------------------------------------------------------------------------------------------------


def _backward(settings: Settings, root: Node) -> None:
    nodes = _post_order(settings, root)
    for node in nodes:
        if settings.resets == "all" or (settings.resets == "interior" and node.operation):
            node.gradient = 0.0
    if settings.seed == "added":
        root.gradient += 1.0
    else:
        root.gradient = {"one": 1.0, "missing": root.gradient, "value": root.data, "two": 2.0}[settings.seed]
    for node in ORDERS[settings.order](root, nodes, _visits(settings)):
        _push(settings, node)


def _push(settings: Settings, node: Node) -> None:
    """Send the gradient of a node to its parents."""
    if not node.operation:
        return
    edges: Iterable[tuple[Node, float]] = zip(node.parents, _partials(settings, node), strict=True)
    if settings.counts != "each":
        listed = list(edges)
        edges = dict(listed if settings.counts == "last" else listed[::-1]).items()
    forgets = not settings.without_chain.isdisjoint((node.operation, EVERY))
    assigns = not settings.assigns.isdisjoint((node.operation, EVERY))
    for place, (parent, partial) in enumerate(edges):
        flow = partial if forgets else partial * node.gradient
        parent.gradient = flow if assigns or (node.operation, place) in settings.assigns else parent.gradient + flow


def _partials(settings: Settings, node: Node) -> Sequence[float]:
    rule = settings.partials.get(node.operation)
    if rule is not None:
        return rule(node.data, *node.operands)
    out = node.data
    if node.operation in settings.values and len(node.operands) == 2:  # a wrong value, with derivatives of the operands
        out = lookup(node.operation).value(*node.operands)
    if node.operation == "pow" and not node.parents[1].operation and node.operands[0] <= 0.0:
        return node.operands[1] * node.operands[0] ** (node.operands[1] - 1.0), 0.0  # a constant exponent
    return [0.0 if flow is None else float(flow) for flow in lookup(node.operation).partials_at(out, node.operands)]


def _post_order(settings: Settings, root: Node) -> list[Node]:
    """Every node after its parents; where equal nodes are merged, only the first of them."""
    order: list[Node] = []
    seen: set[object] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    visits = _visits(settings)
    while stack:
        node, done = stack.pop()
        key = node.data if settings.merges else id(node)
        if done:
            order.append(node)
        elif key not in seen:
            seen.add(key)
            stack.append((node, True))
            stack += [(parent, False) for parent in visits(node)]
    return order


def _visits(settings: Settings) -> Visits:
    """The parents of a node as they are put on a stack: what is put last is visited first."""
    if settings.visits == "left":
        return lambda node: node.parents[::-1]
    if settings.visits == "right":
        return lambda node: node.parents
    chance = Random(settings.visits)
    return lambda node: node.parents[:: 1 if chance.random() < 0.5 else -1]


def _depth_first(root: Node, nodes: Sequence[Node], visits: Visits) -> Iterator[Node]:
    """Each node when it is first met: parents are pushed before all of their consumers have been."""
    seen, stack = set(), [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            yield node
            stack += visits(node)


def _breadth_first(root: Node, nodes: Sequence[Node], visits: Visits) -> Iterator[Node]:
    seen, queue = {root}, deque([root])
    while queue:
        node = queue.popleft()
        yield node
        for parent in visits(node)[::-1]:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)


def _every_path(root: Node, nodes: Sequence[Node], visits: Visits) -> Iterator[Node]:
    """Each node as often as there are paths to it: its gradient so far is sent on each time."""
    stack, steps = [root], 0
    while stack:
        node = stack.pop()
        yield node
        stack += visits(node)
        steps += 1
        if steps > LONGEST_WALK:
            raise TypeError("too many paths")


LONGEST_WALK = 100_000
ORDERS: Mapping[str, Callable[[Node, Sequence[Node], Visits], Iterable[Node]]] = {
    "topological": lambda root, nodes, visits: nodes[::-1],
    "not reversed": lambda root, nodes, visits: nodes,
    "depth first": _depth_first,
    "breadth first": _breadth_first,
    "every path": _every_path,
}


def close(x: float, y: float, tolerance: float = 1e-7) -> bool:
    """Whether two numbers are the same but for rounding; two nans and two equal infinities are.

    >>> close(0.1 + 0.2, 0.3), close(1.0, 1.001)
    (True, False)
    """
    if x == y or (math.isnan(x) and math.isnan(y)):
        return True
    return abs(x - y) <= tolerance * max(abs(x), abs(y), 1.0) < sys.float_info.max


def same(x: Answer, y: Answer) -> bool:
    """Whether two engines gave the same answer: the same numbers, or the same kind of error."""
    if x.error or y.error:
        return x.error.partition(":")[0] == y.error.partition(":")[0]
    return all(map(close, x.values, y.values)) and all(map(close, x.gradients, y.gradients))
