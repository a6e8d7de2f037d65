"""The layers of neurons in a graph, found by how it is connected: `dot` nodes that read the same inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograd import rules
from autograd.errors import GraphError
from autograd.primitive import Primitive
from autograd.value import Value

Operand = Value | float
Consumers = Mapping[Value, Sequence[Value]]


@dataclass(eq=False)
class Layer:
    """Neurons z = W a + b that read the same inputs.

    z, weights, bias  of each neuron, its weights a row
    inputs            what all of them read
    a                 their activations; z where they have none
    activation        the row of these, applied to z and to `others`
    below, above      the layer that the inputs are the activations of, and the one that alone reads the activations
    """

    z: list[Value]
    weights: list[list[Value]]
    inputs: list[Operand]
    bias: list[Operand]
    a: list[Value] = field(default_factory=list)
    activation: Primitive | None = None
    number: int = 0
    below: Layer | None = None
    above: Layer | None = None

    @property
    def has_bias(self) -> bool:
        """Whether there is a bias to learn."""
        return all(isinstance(b, Value) for b in self.bias)

    @property
    def parameters(self) -> list[Value]:
        """The weights and biases."""
        biases = [b for b in self.bias if isinstance(b, Value)]
        return [w for row in self.weights for w in row] + biases


def layers_of(order: Sequence[Value], consumers: Consumers) -> list[Layer]:
    """The layers of a graph in topological order, from the input to the output.

    >>> from autograd import affine, tanh
    >>> from autograd.graph import topological
    >>> W, b = [[Value(0.5), Value(1.0)], [Value(2.0), Value(3.0)]], [Value(0.0), Value(0.0)]
    >>> z = affine(W, [1.0, 2.0], b)
    >>> loss = tanh(z[0]) + tanh(z[1])
    >>> order = topological(loss)
    >>> users = {node: [other for other in order if node in other.parents] for node in order}
    >>> [(len(layer.z), layer.activation.name) for layer in layers_of(order, users)]
    [(2, 'tanh')]

    GraphError where weights are used by several neurons, as for several samples, and where there are no layers.
    """
    groups: dict[tuple[object, ...], Layer] = {}
    for node in order:
        parts = _neuron(node)
        if parts is None:
            continue
        weights, inputs, bias = parts
        _check_one_sample(node, weights, consumers)
        if any(len(consumers[w]) > 1 for w in (*weights, *([bias] if isinstance(bias, Value) else []))):
            continue  # its gradient has other parts than BP3
        key = tuple([id(x) if isinstance(x, Value) else x for x in inputs])
        layer = groups.setdefault(key, Layer([], [], inputs, []))
        layer.z.append(node)
        layer.weights.append(weights)
        layer.bias.append(bias)
    layers = list(groups.values())
    if not layers:
        raise GraphError(
            "there are no layers of neurons in this graph: they are found as dot(w, x, b) or affine(W, x, b) with "
            "leaves as weights, as in nn; use level='node'"
        )
    for number, layer in enumerate(layers, 1):
        layer.number = number
        _activate(layer, consumers)
    _connect(layers, consumers)
    _number_as_labelled(layers)
    return layers


def _neuron(node: Value) -> tuple[list[Value], list[Operand], Operand] | None:
    """Weights, inputs and bias of a node that is one neuron: weights and bias are leaves."""
    if node.primitive is not rules.dot:
        return None
    n = len(node.operands) // 2
    first, second, bias = list(node.operands[:n]), list(node.operands[n:-1]), node.operands[-1]
    if isinstance(bias, Value) and bias.primitive is not None:
        return None
    for w, x in ((first, second), (second, first)):
        weights = [each for each in w if isinstance(each, Value) and each.primitive is None]
        if n and len(weights) == n == len(set(weights)):
            return weights, x, bias
    return None


def _check_one_sample(node: Value, weights: Sequence[Value], consumers: Consumers) -> None:
    for w in weights:
        neurons = [user for user in consumers[w] if user.primitive is rules.dot and user is not node]
        if neurons:
            raise GraphError(
                f"the weight {w.label or repr(w)} is used by {len(neurons) + 1} neurons, as in the loss of several "
                "samples; BP1-BP4 are those of one: derive the loss of one sample, or use level='node'"
            )


def _activate(layer: Layer, consumers: Consumers) -> None:
    """Find the activations: one node for each neuron, of the same row, to which nothing else but parameters flows."""
    users = [consumers[z][0] if len(consumers[z]) == 1 else None for z in layer.z]
    rows = {user.primitive for user in users if user is not None}
    layer.a = layer.z
    if None in users or len(rows) != 1 or len(set(users)) != len(users):
        return
    found = [user for user in users if user is not None]
    for z, a in zip(layer.z, found, strict=True):
        rest = [x for x in a.operands if x is not z]
        if len(rest) != len(a.operands) - 1 or a.operands[0] is not z or any(_computed(x) for x in rest):
            return
    row = rows.pop()
    constants = {tuple([x for x in a.operands if not isinstance(x, Value)]) for a in found}
    if row is not None and row.arity in (1, 2) and not _is_infix(row) and len(constants) == 1:
        layer.a, layer.activation = found, row


def _computed(x: Operand) -> bool:
    return isinstance(x, Value) and x.primitive is not None


def _is_infix(row: Primitive) -> bool:
    """A sum or difference of z and a target is a loss, no activation."""
    return row.name in rules.INFIX


def _connect(layers: Sequence[Layer], consumers: Consumers) -> None:
    for layer in layers:
        for below in layers:
            if len(below.a) == len(layer.inputs) and all(x is a for x, a in zip(layer.inputs, below.a, strict=True)):
                layer.below = below
                if all(set(consumers[a]) == set(layer.z) for a in below.a):
                    below.above = layer


_LABEL = re.compile(r"w(\d+)\[\d+,\d+\]")


def _number_as_labelled(layers: Sequence[Layer]) -> None:
    """The numbers that the labels of the weights have, as `w2[1,0]`, if all of them have one."""
    matches = [_LABEL.fullmatch(layer.weights[0][0].label or "") for layer in layers]
    numbers = [int(match[1]) for match in matches if match]
    if len(set(numbers)) == len(layers):
        for layer, number in zip(layers, numbers, strict=True):
            layer.number = number
