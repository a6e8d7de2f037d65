"""`derivation(loss)`: the chain rule over a recorded graph as a person writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, get_args

from autograd.debugging.naming import held_by, names_in_program, variables_of_caller
from autograd.derivations.backprop import Backprop, names_of
from autograd.derivations.document import Block, Derivation
from autograd.derivations.layers import Layer, layers_of
from autograd.derivations.nodes import Graph
from autograd.graph import topological
from autograd.node_names import unique
from autograd.value import Value

Level = Literal["node", "neuron", "layer"]
LEVELS = get_args(Level)
MAX_STEPS = 40
Step = Callable[[], Block]


def derivation(loss: Value, level: Level = "node", *, max_steps: int = MAX_STEPS, digits: int = 6) -> Derivation:
    r"""The derivatives of a Value by everything that it was computed from, step by step: symbols first, then numbers.

    loss       the Value that is differentiated
    level      "node": a step for each node of the graph; "neuron" and "layer": BP1-BP4 for layers of neurons, in
               components or in matrices, and a step for each other node
    max_steps  how many steps are shown; the middle of a longer derivation is left out, and it says so
    digits     significant digits of numbers; ≈ stands before one that has more

    Names are labels, or those of the program; a node without one is v₁, v₂, …. Each partial is the row of the table
    applied to names, and each number one of the engine's. No `grad` attribute changes.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> print(derivation(c).blocks[-1].latex)
    \begin{aligned}
    \frac{\partial c}{\partial a} & = \frac{\partial c}{\partial a} \cdot \frac{\partial c}{\partial c} \\
     & = b \cdot \frac{\partial c}{\partial c} \\
     & = ( -3 ) \cdot 1 = -3
    \end{aligned}

    TypeError for what is not a Value; ValueError for another level or no steps; GraphError where there are no layers,
    or those of several samples.
    """
    if not isinstance(loss, Value):
        raise TypeError(f"derivation takes a Value, got {loss!r} ({type(loss).__name__}); call the function first")
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(map(repr, LEVELS))}, got {level!r}")
    for name, given in (("max_steps", max_steps), ("digits", digits)):
        if not isinstance(given, int) or given < 1:
            raise ValueError(f"{name} must be a positive integer, got {given!r}")
    order = topological(loss)
    graph = Graph(order, _names(order), digits)
    plan = _node_plan(graph) if level == "node" else _layer_plan(graph, level)
    return Derivation(graph.names[loss], graph.boxes[loss], list(plan.blocks(max_steps)))


def _names(order: Sequence[Value]) -> dict[Value, str]:
    """A name for each node."""
    known = names_in_program(order, held_by(variables_of_caller()))
    taken = set(known.values())
    if order[-1] not in known:
        known[order[-1]] = "L"
    numbered = (f"v{i}" for i in range(1, len(order) + len(taken) + 1))
    free = (name for name in numbered if name not in taken)
    return unique({node: known[node] if node in known else next(free) for node in order}, {})


@dataclass
class _Plan:
    """The blocks of a derivation, made when they are shown."""

    given: list[Value] = field(default_factory=list)
    forward: list[Step] = field(default_factory=list)
    backward: list[Step] = field(default_factory=list)
    graph: Graph | None = None

    def blocks(self, most: int) -> Iterator[Block]:
        """All parts, each with a heading; the middle of a long one is left out."""
        assert self.graph is not None
        leaves = [partial(self.graph.forward, node) for node in self.given]
        parts: list[tuple[str, Sequence[Step]]]
        parts = [("Given", leaves), ("Forward", self.forward), ("Backward", self.backward)]
        for title, steps in parts:
            found = list(_joined(_shown(steps, most)))
            yield from [replace(found[0], title=title), *found[1:]] if found else []


def _shown(steps: Sequence[Step], most: int) -> Iterator[Block]:
    """The first and the last of many."""
    if len(steps) <= most:
        yield from [step() for step in steps]
        return
    last = most // 2
    left_out = len(steps) - most
    yield from [step() for step in steps[: most - last]]
    yield Block(
        text=f"({left_out} step{'s' * (left_out != 1)} left out here; max_steps={len(steps)} shows all of them)"
    )
    yield from [step() for step in steps[len(steps) - last :]]


def _joined(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks that derive nothing, such as those of the forward pass, one block."""
    waiting: list[Block] = []
    for block in blocks:
        if block.equations and not block.name:
            waiting.append(block)
            continue
        yield from _one(waiting)
        waiting = []
        yield block
    yield from _one(waiting)


def _one(blocks: Sequence[Block]) -> list[Block]:
    return [Block(equations=tuple([each for block in blocks for each in block.equations]))] if blocks else []


def _node_plan(graph: Graph) -> _Plan:
    leaves = [node for node in graph.order if node.primitive is None]
    inner = [node for node in graph.order if node.primitive is not None]
    return _Plan(
        leaves,
        [partial(graph.forward, node) for node in inner],
        [partial(graph.backward, node) for node in reversed(graph.order)],
        graph,
    )


def _layer_plan(graph: Graph, level: Level) -> _Plan:
    layers = layers_of(graph.order, graph.consumers)
    graph.boxes.update(names_of(layers))
    position = {node: i for i, node in enumerate(graph.order)}
    begins = {min(layer.z, key=position.__getitem__): layer for layer in layers}
    inside = {node for layer in layers for node in (*layer.z, *layer.a, *layer.parameters)}
    by_nodes = {node for layer in layers if layer.above is None for node in layer.a}
    plan = _Plan(graph=graph)
    for node in graph.order:
        if node in begins:
            plan.forward += _of_layer(graph, begins[node], level, True)
        elif node in inside:
            continue
        elif node.primitive is None:
            plan.given.append(node)
        else:
            plan.forward.append(partial(graph.forward, node))
    for node in reversed(graph.order):
        if node not in inside or node in by_nodes:
            plan.backward.append(partial(graph.backward, node))
        if node in begins:
            plan.backward += _of_layer(graph, begins[node], level, False)
    return plan


def _of_layer(graph: Graph, layer: Layer, level: Level, is_forward: bool) -> list[Step]:
    """The steps of a layer: one, or one for each neuron."""
    backprop = Backprop(graph, layer)
    if level == "layer":
        return [backprop.forward if is_forward else backprop.backward]
    step = backprop.neuron_forward if is_forward else backprop.neuron_backward
    return [partial(step, i) for i in range(len(layer.z))]
