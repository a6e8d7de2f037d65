"""Format the moments of a walk as text: products, gradients, paths, faults."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

from autograd import origin
from autograd.backward import Step
from autograd.debugging.inspection import path_from_root
from autograd.debugging.naming import Names
from autograd.debugging.walk import Walk
from autograd.drawing.formula import expression_of
from autograd.drawing.text import GLYPHS, sign_of
from autograd.io.plural import counted
from autograd.node_names import kind_of
from autograd.notation.chain_rule import DOT, partial
from autograd.value import Value

MOST = 12  # products, nodes or operands in one answer
INDENT = "      "
ALL_FINITE = "every value and every local derivative is finite"


def number(x: float) -> str:
    """Format a number with six digits.

    >>> number(-3.0), number(0.1234567), number(float("nan"))
    ('-3', '0.123457', 'nan')
    """
    return f"{x:.6g}"


class Messages:
    """The texts about one walk."""

    def __init__(self, walk: Walk, names: Names) -> None:
        self.walk, self.names = walk, names
        self.notation = names.notation(walk.root)

    def product(self, step: Step) -> str:
        """`[2/5] ∂L/∂a += ∂d/∂a · ∂L/∂d = -3 × 1 = -3  (0 → -3, complete)`."""
        formula = self.notation.product(self.names.of[step.node], self.names.of[step.parent])
        state = ", complete" if self.walk.is_complete(step.parent) else ""
        return (
            f"[{step.index + 1}/{len(self.walk)}] {formula} = "
            f"{number(step.local)} × {number(step.upstream)} = {number(step.contribution)}"
            f"  ({number(step.before)} → {number(step.after)}{state})"
        )

    def place(self, node: Value) -> str:
        """Where the node was made: the line with carets under the sub-expression; '' if there is no such line."""
        place = origin.position(node)
        if place is None or not place.source:
            return ""
        head = f"{INDENT}{os.path.basename(place.file)}:{place.line}  "
        source, *carets = origin.caret(place).split("\n")
        return "\n".join([f"{head}{source}", *[f"{' ' * len(head)}{line}" for line in carets]])

    def moment(self) -> str:
        """Where the pass is: the node that is next, and how many of its products are left."""
        node, total = self.walk.node, len(self.walk)
        if node is None:
            return f"[{total}/{total}] the backward pass is complete: every gradient is what backward() computes"
        left = self.walk.outgoing(node).stop - self.walk.index
        return f"[{self.walk.index}/{total}] at {self.gradient(node)}, {counted(left, 'product')} still to propagate"

    def gradient(self, node: Value) -> str:
        """`∂L/∂d = 1`, with the number of products that are still pending."""
        missing = self.walk.pending(node)
        pending = f" so far ({missing} pending)" if missing else ""
        return f"{self.gradient_symbol(node)} = {number(node.grad)}{pending}"

    def gradient_symbol(self, node: Value) -> str:
        """`∂L/∂d`."""
        return self.notation.gradient(self.names.of[node])

    def node(self, node: Value) -> Iterator[str]:
        """One node: value and gradient in full, and the products that make up the gradient."""
        done = self.walk.is_complete(node)
        yield self.names.of[node] + (f" = {expression_of(node, self.names.of)}" if node.op else ", a leaf")
        yield f"{INDENT}data {node.data!r}"
        yield f"{INDENT}grad {GLYPHS[sign_of(node.grad)]} {node.grad!r}{'' if done else '  (not complete)'}"
        if place := self.place(node):
            yield place
        incoming = self.walk.incoming(node)
        if node is self.walk.root:
            yield f"{INDENT}the pass starts here, with the seed 1"
        elif incoming:
            yield f"{INDENT}{self.gradient_symbol(node)} is the sum of"
        for index in incoming[:MOST]:
            yield f"{INDENT}  {self.term(index)}"
        if len(incoming) > MOST:
            yield f"{INDENT}  … and {len(incoming) - MOST} more products"

    def term(self, index: int) -> str:
        """One product of a sum: `done     -3 × 1 = -3  through d`."""
        state = "pending" if self.walk.contribution(index) is None else "done"
        node = self.walk.products[index].node
        return f"{state:<7}  {self.contribution(index)}  [{index + 1}] through {self.names.of[node]}"

    def contribution(self, index: int) -> str:
        """`-3 × 1 = -3`; for a product that is pending, `-3 · ∂L/∂d`."""
        node, _, local, _ = self.walk.products[index]
        contribution = self.walk.contribution(index)
        if contribution is None:
            return f"{number(local)}{DOT}{self.gradient_symbol(node)}"
        return f"{number(local)} × {number(node.grad)} = {number(contribution)}"

    def path(self, node: Value) -> Iterator[tuple[str, str]]:
        """The chain rule from the root down to `node`: lines, each with a place in the source."""
        yield self.gradient(self.walk.root), self.place(self.walk.root)
        for index in path_from_root(self.walk, node):
            through, parent, local, _ = self.walk.products[index]
            link = f"{partial(self.names.of[through], self.names.of[parent])} = {number(local)}"
            others = len(self.walk.incoming(parent)) - 1
            more = f"  (the largest of {others + 1} products)" if others else ""
            yield f"  · {link} → {self.gradient(parent)}{more}", self.place(parent)

    def fault(self, node: Value) -> Iterator[str]:
        """What is wrong with a node that has a value or partial that is not finite."""
        name = self.names.of[node]
        if not math.isfinite(node.data):
            made = f" = {expression_of(node, self.names.of)}" if node.op else ""
            yield f"⚠ {name}{made} = {node.data!r}"
        for parent, local in zip(node.parents, node.partials, strict=True):
            if not math.isfinite(local):
                operand = self.names.of[parent]
                yield f"⚠ {partial(name, operand)} = {local!r}, at {operand} = {parent.data!r}"
        if place := self.place(node):
            yield place

    def row(self, node: Value, width: int) -> str:
        """One line of a table of nodes."""
        state = "complete" if self.walk.is_complete(node) else "pending"
        name, op = self.names.of[node], kind_of(node)
        return f"{name:<{width}}  {op:<10} data {number(node.data):>12}  grad {number(node.grad):>12}  {state}"
