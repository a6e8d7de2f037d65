"""Derivatives as graphs: `grad` builds the chain rule out of Values, which can be differentiated again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, TypeVar, overload

from autograd import rules
from autograd.errors import GraphError
from autograd.graph import topological
from autograd.scopes import hooks
from autograd.value import Value


@overload
def grad(output: Value, inputs: Value) -> Value: ...
@overload
def grad(output: Value, inputs: Sequence[Value]) -> list[Value]: ...
def grad(output: Value, inputs: Value | Sequence[Value]) -> Value | list[Value]:
    """∂output/∂input for each input, as Values, which can be differentiated, drawn or compiled again.

    output  the Value that is differentiated
    inputs  one Value, which gives a single Value, or a sequence, which gives a list; an input that `output` does not
            depend on has derivative 0

    The chain rule in the order of `backward()`, with the same bits, but no `grad` attribute changes. The adjoint of a
    node is one `dot` of its consumers' partials and adjoints, so BP2 appears in the graph as W ᵀδ.

    >>> x = Value(3.0)
    >>> dy = grad(x**3, x)
    >>> dy.data, grad(dy, x).data
    (27.0, 18.0)

    TypeError for arguments that are not Values; GraphError where a node is opaque and has no rule,
    or where `data` was changed since the graph was recorded and partials are no longer what they were.
    """
    if callable(output) and not isinstance(output, Value):
        raise TypeError(
            "grad(output, inputs) takes Values; the derivative of a function is autograd.functional.grad(f)(x)"
        )
    wanted = [inputs] if isinstance(inputs, Value) else _listed(inputs)
    for each in (output, *wanted):
        if not isinstance(each, Value):
            more = "; of several outputs, see functional.jacobian and functional.vjp" if each is output else ""
            raise TypeError(f"grad(output, inputs) takes Values, got {each!r} ({type(each).__name__}){more}")
    found = slopes(output, wanted)
    return found[0] if isinstance(inputs, Value) else found


def _listed(inputs: Any) -> list[Any]:
    try:
        return list(inputs)
    except TypeError:
        return [inputs]


Node = TypeVar("Node", bound=Hashable)


class Flow(Protocol[Node]):
    """What the chain rule needs from a graph: the engine answers with Values, the compiler with symbols."""

    def order(self, output: Node) -> Sequence[Node]:
        """The nodes that `output` depends on, parents first, itself last."""
        raise NotImplementedError

    def parents(self, node: Node) -> Sequence[Node]:
        """The operands that gradients flow to."""
        raise NotImplementedError

    def edges(self, node: Node, adjoint: Any) -> list[tuple[Node, Any, Any]]:
        """(parent, partial, adjoint) for each edge of a node."""
        raise NotImplementedError


class Engine(Flow[Value]):
    """The chain rule in Values, from an output to the `wanted` nodes; without these, through the whole graph.

    What one wanted node was computed from cannot depend on it, so the walk stops there. Of several, one may depend on
    another, unless the caller knows that they are `independent`.
    """

    stops: Sequence[Value] = ()
    wanted: Sequence[Value] = ()

    def __init__(self, wanted: Sequence[Value] = (), independent: bool = False) -> None:
        self.wanted = wanted
        if independent or len(set(wanted)) == 1:
            self.stops = wanted

    def order(self, *outputs: Value) -> Sequence[Value]:
        """By the graph's own order, as far as the wanted nodes."""
        return topological(*outputs, known=self.stops)

    def parents(self, node: Value) -> Sequence[Value]:
        """As they were recorded."""
        return node.parents

    def edges(self, node: Value, adjoint: Any) -> list[tuple[Value, Any, Any]]:
        """With partials as Values."""
        return [(parent, partial, adjoint) for parent, partial in edges(node)]

    def answers(self, node: Value) -> tuple[Any, Sequence[Any], Sequence[Any]]:
        """The partials by all operands, twice; with a gate (else None), for both answers: see compiler/gates.py."""
        found = _partials(node)
        return None, found, found


ENGINE = Engine()


def engine(wanted: Sequence[Value], independent: bool = False) -> Engine:
    """The chain rule here and now; a recording has its own.

    >>> x = Value(3.0)
    >>> [node.op for node in engine([x]).order(x * x)]
    ['', 'mul']
    """
    recorder = hooks().recorder
    return Engine(wanted, independent) if recorder is None else recorder.flow(wanted)


def slopes(output: Value, inputs: Sequence[Value], independent: bool = False) -> list[Value]:
    """∂output/∂input for each input; of `independent` ones, none was computed from another.

    >>> x, y = Value(3.0), Value(4.0)
    >>> [slope.data for slope in slopes(x * y, [x, y], independent=True)]
    [4.0, 3.0]
    """
    known = adjoints(output, inputs, engine(inputs, independent))
    return [_value(known.get(each, 0.0)) for each in inputs]


def adjoints(output: Node, wanted: Sequence[Node], flow: Flow[Node]) -> dict[Node, Any]:
    """The adjoint of every node between `wanted` and `output`; other branches are left out.

    >>> x = Value(3.0)
    >>> square = x * x
    >>> {node.op or "x": adjoint for node, adjoint in adjoints(square * 2.0, [x], ENGINE).items()}
    {'mul': 2.0, 'x': Value(data=12.0, grad=0.0, op='dot')}
    """
    order = flow.order(output)
    between = set(wanted)
    for node in order:
        if not between.isdisjoint(flow.parents(node)):
            between.add(node)
    incoming: dict[Node, list[tuple[Any, Any]]] = {output: [(1.0, 1.0)]}
    found: dict[Node, Any] = {}
    for node in reversed(order):
        if node in between and node in incoming:
            found[node] = adjoint = _sum_of_products(incoming.pop(node))
            for parent, partial, arriving in flow.edges(node, adjoint):
                if parent in between:
                    incoming.setdefault(parent, []).append((partial, arriving))
    return found


def edges(node: Value) -> list[tuple[Value, Any]]:
    """(parent, partial) for each edge of a node, the partial as a number where it is constant, else as a Value."""
    return _flowing(node, _partials(node))


def _partials(node: Value) -> Sequence[Any]:
    """The partials of a node by all its operands, as the row gives them."""
    if node.primitive is None:
        return ()
    found = node.primitive.partials_at(node, node.operands)
    _check_fresh(node, _flowing(node, found))
    return found


def _flowing(node: Value, partials: Sequence[Any]) -> list[tuple[Value, Any]]:
    pairs = zip(node.operands, partials, strict=True)
    return [(operand, d) for operand, d in pairs if d is not None and isinstance(operand, Value)]


def _check_fresh(node: Value, found: Sequence[tuple[Value, Any]]) -> None:
    """Raise GraphError if a number that `node` was computed from has been changed since: two graphs would be mixed."""
    for (parent, partial), recorded in zip(found, node.partials, strict=True):
        now = partial._data if isinstance(partial, Value) else partial
        if now != recorded and not (now != now and recorded != recorded):
            raise GraphError(
                f"the graph is stale: ∂{node.op}/∂{parent.label or 'operand'} was {recorded!r} when "
                f"{node._described()} was recorded, and is {now!r} now, because the data of an operand has been "
                "changed; compute the output again before taking its derivative"
            )


def _sum_of_products(pairs: Sequence[tuple[Any, Any]]) -> Any:
    if len(pairs) == 1:
        ((partial, adjoint),) = pairs
        return adjoint if _is_one(partial) else partial if _is_one(adjoint) else partial * adjoint
    return rules.dot(*[p for p, _ in pairs], *[a for _, a in pairs], 0.0)


def _is_one(x: Any) -> bool:
    return isinstance(x, float) and x == 1.0


def _value(x: Any) -> Value:
    """A node of its own: a gradient that happens to be a parameter must not change when the parameter is updated."""
    if not isinstance(x, Value):
        return Value(x)
    return x if x.primitive else x * 1.0
