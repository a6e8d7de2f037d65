"""Neurons, layers and multi-layer perceptrons; a neuron is one node z = w·x + b and its activation a = σ(z).

Because z is a single node, the engine's gradients are those of the textbook: after `loss.backward()`, `z.grad` is δ,
`w.grad` is δ times the input (BP3), `b.grad` is δ (BP4), and the gradient of the inputs is Wᵀδ (BP2).
Names follow the article: layers count from 1, neurons and inputs from 0, and `w2[1,0]` leads into neuron 1 of layer 2.
"""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Value, affine, dot
from nn.layers.activations import PRELU_START, ActivationLike, get_activation
from nn.layers.initializers import InitializerLike, given, random_source, start_weights
from nn.layers.inputs import as_inputs, as_size, as_sizes, check_numbers
from nn.layers.module import Module

Vector = NDArray[np.float64]

if TYPE_CHECKING:

    class Output(Value, list[Value]):  # type: ignore[misc]
        """What a layer gives, as type checkers see it: its size, a number, says which of the two it is."""

else:
    Output: TypeAlias = Value | list[Value]


def _choose_activation(nonlin: bool, activation: ActivationLike | None) -> ActivationLike:
    """`nonlin` is micrograd's spelling: True for relu, False for linear."""
    if activation is None:
        return "relu" if nonlin else "linear"
    if not nonlin and activation != "linear":
        raise ValueError(f"nonlin=False contradicts activation={activation!r}; omit nonlin")
    return activation


class Neuron(Module):
    """a = σ(z), z = w·x + b, with n_in weights `w` and the bias `b`.

    n_in        how many numbers it takes
    activation  by name, as an object or as a function of z
    nonlin      micrograd's spelling of it: True is relu, False linear
    init        of the weights; by default what suits the activation
    bias        the initial b
    rng, seed   as for `MLP`
    place       (layer, neuron), for the names

    >>> neuron = Neuron(2, activation="tanh", seed=0)
    >>> a = neuron([1.0, -1.0])
    >>> a is neuron.a, neuron.z.op, len(neuron.parameters())
    (True, 'dot', 3)

    `z` and `a` are the Values of the last pass; AttributeError before any. ValueError for a wrong number of inputs.
    McCulloch & Pitts 1943, Rosenblatt 1958.
    """

    z: Value
    a: Value

    def __init__(
        self,
        n_in: int,
        nonlin: bool = True,
        *,
        activation: ActivationLike | None = None,
        init: InitializerLike | None = None,
        bias: float = 0.0,
        rng: random.Random | None = None,
        seed: int | None = None,
        place: tuple[int, int] | None = None,
    ) -> None:
        self.n_in = as_size(n_in, "n_in")
        self.activation = get_activation(_choose_activation(nonlin, activation))
        if self.activation.vector:
            raise ValueError(f"{self.activation.name} applies to all z of a layer: use it as the activation of a Layer")
        self.place = place
        [row] = start_weights(init or self.activation.initializer, 1, self.n_in, random_source(rng, seed))
        self.w = [Value(w, label=self.name("w", j)) for j, w in enumerate(row)]
        self.b = Value(bias, label=self.name("b"))
        learns = self.activation.learns_slope
        self.slope = Value(PRELU_START, label=self.name("slope")) if learns else None
        self._learned = () if self.slope is None else (self.slope,)

    def name(self, letter: str, *inputs: int) -> str:
        """The article's name: `letter`, layer, neuron and `inputs`, as in `w2[1,0]`; `w[0]` in a single neuron.

        >>> Neuron(1, place=(2, 1)).name("w", 0), Neuron(1).name("z")
        ('w2[1,0]', 'z')
        """
        layer, indices = ("", inputs) if self.place is None else (self.place[0], (self.place[1], *inputs))
        return f"{letter}{layer}[{','.join(map(str, indices))}]" if indices else letter

    def __call__(self, x: Any) -> Value:
        inputs = as_inputs(x, self.n_in)
        try:
            self.z = dot(self.w, inputs, self.b)
        except TypeError:
            check_numbers(inputs)
            raise
        self.a = self.activation.function(self.z, *self._learned)
        return self.a

    if not TYPE_CHECKING:  # else no name would be a mistake

        def __getattr__(self, name: str) -> Any:
            if name in ("z", "a"):
                raise AttributeError(f"{name} is not available: this neuron has not been called yet")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def parameters(self) -> list[Value]:
        return [*self.w, self.b, *self._learned]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        for j, w in enumerate(self.w):
            yield self.name("w", j), w
        yield self.name("b"), self.b
        if self.slope is not None:
            yield self.name("slope"), self.slope

    def __repr__(self) -> str:
        return f"Neuron({self.n_in}, activation={self.activation.name!r})"


class Layer(Module):
    """n_out neurons that see the same n_in inputs: z = W x + b, a = σ(z).

    n_in                how many numbers it takes
    n_out               how many neurons it has
    activation, nonlin  as for `Neuron`; with "softmax" the outputs sum to 1
    init, bias          as for `Neuron`
    rng, seed           as for `MLP`
    number              the layer's number in a network, for the names

    A call with one sample returns the list of outputs, or the Value itself if there is one neuron.

    >>> layer = Layer(3, 2, activation="tanh", seed=0)
    >>> outputs = layer([1.0, 0.0, -1.0])
    >>> layer.W.shape, layer.b.shape, layer.z.shape, layer.a.shape, layer.delta.shape
    ((2, 3), (2,), (2,), (2,), (2,))

    `W` and `b` are the parameters as arrays; `z`, `a`, `delta` belong to the last pass (AttributeError before it).
    ValueError for sizes below 1, and for a softmax of one output.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        nonlin: bool = True,
        *,
        activation: ActivationLike | None = None,
        init: InitializerLike | None = None,
        bias: float = 0.0,
        rng: random.Random | None = None,
        seed: int | None = None,
        number: int = 1,
    ) -> None:
        self.n_in, self.n_out, self.number = as_size(n_in, "n_in"), as_size(n_out, "n_out"), number
        self.activation = get_activation(_choose_activation(nonlin, activation))
        if self.activation.vector and self.n_out == 1:
            raise ValueError(f"{self.activation.name} of one output is always 1; use 'sigmoid', or two outputs")
        rng = random_source(rng, seed)
        rows = start_weights(init or self.activation.initializer, self.n_out, self.n_in, rng)
        alone = "linear" if self.activation.vector else self.activation
        self.neurons = [
            Neuron(self.n_in, activation=alone, init=given([row]), bias=bias, rng=rng, place=(number, i))
            for i, row in enumerate(rows)
        ]

    def __call__(self, x: Any) -> Output:
        inputs = as_inputs(x, self.n_in)
        try:
            signals = affine([neuron.w for neuron in self.neurons], inputs, [neuron.b for neuron in self.neurons])
        except TypeError:
            check_numbers(inputs)
            raise
        outputs = self._activate(signals)
        for neuron, z, a in zip(self.neurons, signals, outputs, strict=True):
            neuron.z, neuron.a = z, a
        return outputs[0] if len(outputs) == 1 else outputs  # type: ignore[return-value]

    def _activate(self, signals: list[Value]) -> list[Value]:
        function = self.activation.function
        if self.activation.vector:
            return function(signals)  # type: ignore[no-any-return]
        if self.activation.learns_slope:
            return [function(z, neuron.slope) for neuron, z in zip(self.neurons, signals, strict=True)]
        return [function(z) for z in signals]

    @property
    def W(self) -> NDArray[np.float64]:  # noqa: N802 (the article's letter)
        """The weights, shape (n_out, n_in): row i leads into neuron i."""
        return np.array([[w.data for w in neuron.w] for neuron in self.neurons])

    @property
    def b(self) -> Vector:
        """The biases, shape (n_out,)."""
        return np.array([neuron.b.data for neuron in self.neurons])

    @property
    def z(self) -> Vector:
        """The input signals W x + b of the last pass, shape (n_out,)."""
        return np.array([neuron.z.data for neuron in self.neurons])

    @property
    def a(self) -> Vector:
        """The output signals σ(z) of the last pass, shape (n_out,)."""
        return np.array([neuron.a.data for neuron in self.neurons])

    @property
    def delta(self) -> Vector:
        """δ = ∂L/∂z of the last pass, shape (n_out,): zeros until `loss.backward()` has run."""
        return np.array([neuron.z.grad for neuron in self.neurons])

    def name_nodes(self) -> None:
        """Label z and a of the last pass (`z2[1]`, `a2[1]`) for pictures and the debugger.

        >>> layer, x = Layer(1, 2, seed=0), Value(1.0)
        >>> _ = layer([x]); layer.name_nodes(); x.label, layer.neurons[1].a.label
        ('a0[0]', 'a1[1]')

        If a is z (a linear layer), the label is that of z. Inputs that are Values without a label become `a0[0]`, … .
        A pass does not set labels by itself, because that would slow it down.
        """
        below = self.number - 1
        for j, value in enumerate(self.neurons[0].z.operands[self.n_in : 2 * self.n_in]):
            if isinstance(value, Value) and not value.label:
                value.label = f"a{below}[{j}]"
        for neuron in self.neurons:
            neuron.a.label = neuron.name("a")
            neuron.z.label = neuron.name("z")

    def parameters(self) -> list[Value]:
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        for neuron in self.neurons:
            yield from neuron.named_parameters()

    def __repr__(self) -> str:
        return f"Layer({self.n_in}, {self.n_out}, activation={self.activation.name!r})"


class Recipe(Protocol):
    """How a table becomes the inputs of a model."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for the file of the model."""


class MLP(Module):
    """A multi-layer perceptron: layers 1…L of sizes n_outs, `hidden` activation in 1…L−1 and `output` activation in L.

    n_in            how many numbers it takes
    n_outs          the numbers of neurons of its layers
    activation      of the hidden layers, by name or as an object (default relu)
    hidden          another name for `activation`
    output          activation of the last layer
    init            of the weights; by default what suits each layer's activation
    bias            the initial b of every neuron
    rng, seed       fix the draws; with neither, the `random` module seeds them, so that `random.seed(…)` at the top of
                    a program fixes them

    Every neuron is `a = σ(w·x + b)`. A network with one hidden layer has two layers: `MLP(2, [16, 1])`; micrograd's
    demo is `MLP(2, [16, 16, 1])`.

    >>> model = MLP(3, [4, 2], hidden="tanh", seed=0)
    >>> model
    MLP(3, [4, 2], hidden='tanh', output='linear')  # 26 parameters
    >>> outputs = model([0.5, -1.0, 2.0])
    >>> len(outputs), model.layers[0].W.shape
    (2, (4, 3))

    A call returns a list of Values, or the Value itself if the last layer has one neuron. ValueError for sizes below 1,
    for softmax in hidden layers, and for both `activation` and `hidden`. After training on a data frame,
    `feature_names` has the names of the inputs, and `recipe` what is saved with the model to read other frames.
    """

    feature_names: tuple[str, ...] = ()
    recipe: Recipe | None = None

    def __init__(
        self,
        n_in: int,
        n_outs: Sequence[int],
        *,
        activation: ActivationLike | None = None,
        hidden: ActivationLike | None = None,
        output: ActivationLike = "linear",
        init: InitializerLike | None = None,
        bias: float = 0.0,
        rng: random.Random | None = None,
        seed: int | None = None,
    ) -> None:
        self.n_in, self.n_outs = as_size(n_in, "n_in"), as_sizes(n_outs)
        if activation is not None and hidden is not None:
            raise ValueError(f"activation={activation!r} and hidden={hidden!r} are the same option: give one of them")
        self.hidden = get_activation(next((each for each in (activation, hidden) if each is not None), "relu"))
        self.output = get_activation(output)
        if self.hidden.vector:
            raise ValueError(f"{self.hidden.name} is for the output layer; choose another hidden activation")
        rng, last = random_source(rng, seed), len(self.n_outs)
        self.layers: list[Layer] = []
        for number, (fan_in, fan_out) in enumerate(zip([self.n_in, *self.n_outs], self.n_outs, strict=False), start=1):
            chosen = self.output if number == last else self.hidden
            self.layers.append(Layer(fan_in, fan_out, activation=chosen, init=init, bias=bias, rng=rng, number=number))

    def __call__(self, x: Any) -> Output:
        for layer in self.layers:
            x = layer(x)
        return x  # type: ignore[no-any-return]

    def name_nodes(self) -> None:
        """Label every z and a of the last pass for pictures and the debugger: see `Layer.name_nodes`.

        >>> model = MLP(1, [2, 1], seed=0)
        >>> y = model([1.0]); model.name_nodes(); y.label
        'z2[0]'
        """
        for layer in self.layers:
            layer.name_nodes()

    def parameters(self) -> list[Value]:
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        for layer in self.layers:
            yield from layer.named_parameters()

    def __repr__(self) -> str:
        shape = f"{self.n_in}, {self.n_outs}, hidden={self.hidden.name!r}, output={self.output.name!r}"
        return f"MLP({shape})  # {len(self.parameters())} parameters"
