"""The graph of a gradient, with the node of the function that each of its nodes is a derivative of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.derivative import Engine, adjoints
from autograd.derivative import edges as edges_of
from autograd.recording import watching
from autograd.value import Value


class Gradient:
    """∂root/∂input for each input as nodes, and what they are made of.

    of         for a node of a local derivative, the node whose derivative that is
    consumers  for a node that sums what comes back to another, the nodes that sent it, last recorded first
    """

    def __init__(self, root: Value, inputs: Sequence[Value]) -> None:
        self.of: dict[Value, Value] = {}
        self.consumers: dict[Value, list[Value]] = {}
        flow = _Noting(self.of)
        with watching(flow.note):
            found = adjoints(root, inputs, flow)
        self.slopes = [_node(found.get(leaf, 0.0)) for leaf in inputs]
        for node, adjoint in found.items():
            if isinstance(adjoint, Value) and adjoint.op == "dot" and flow.senders.get(node):
                self.consumers.setdefault(adjoint, flow.senders[node])


class _Noting(Engine):
    """The engine's own chain rule; it notes for which node a derivative is being taken."""

    def __init__(self, of: dict[Value, Value]) -> None:
        self.of, self.senders = of, dict[Value, list[Value]]()
        self.now: Value | None = None

    def note(self, made: Value) -> None:
        """A watcher: the node just made belongs to the derivative of the node at hand."""
        if self.now is not None:
            self.of[made] = self.now

    def edges(self, node: Value, adjoint: Any) -> list[tuple[Value, Any, Any]]:
        """As the engine has them."""
        self.now = node
        found = [(parent, partial, adjoint) for parent, partial in edges_of(node)]
        self.now = None
        for parent, _, _ in found:
            self.senders.setdefault(parent, []).append(node)
        return found


def _node(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(x)
