"""Statistics of a model's activations and gradients, layer by layer, and hints about problems in training."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from autograd._numpy import NDArray, need_numpy, np
from autograd.io.plural import counted
from nn.layers.mlp import Layer
from nn.layers.module import Module
from nn.train.losses import LossLike, get_loss

Matrix = NDArray[np.float64]

# sigmoid′ <= ¼, so three sigmoid layers already shrink δ 64 times; a hundred is more than depth alone explains.
FADING = 100.0
MANY = 0.5
SQUASHING = ("sigmoid", "tanh")
NONE = "none of it reaches the first layer"


@dataclass(frozen=True)
class LayerReport:
    """One layer over the samples: mean and standard deviation of a, mean |δ|, the saturated and dead units.

    `saturated` is the fraction of (unit, sample) pairs where the activation is flat, `dead` lists the units that are
    flat on every sample (such as a ReLU that is never active); see `Activation.live`. `identical`: all neurons have the
    same parameters and the same outgoing weights, so that training cannot make them differ. `row` is its line of the
    table that a `Diagnosis` prints.

    >>> print(LayerReport(1, 4, "relu", 0.5, 0.25, 0.125, 0.5, (3,), False).row())
        1      4  relu              0.5      0.25      0.125       50%     1
    """

    number: int
    units: int
    activation: str
    mean_a: float
    std_a: float
    mean_delta: float
    saturated: float
    dead: tuple[int, ...]
    identical: bool

    def row(self) -> str:
        """One line of the table."""
        return (
            f"{self.number:>5}  {self.units:>5}  {self.activation:<11} {self.mean_a:>9.3g} {self.std_a:>9.3g} "
            f"{self.mean_delta:>10.3g} {self.saturated:>9.0%} {len(self.dead):>5}"
        )


@dataclass(frozen=True)
class Diagnosis:
    """The reports of all layers over `samples` samples, and `hints` about problems. `print` shows all.

    >>> from nn.layers.mlp import MLP
    >>> report = diagnose(MLP(1, [2, 1], hidden="tanh", seed=0), [[1.0], [-1.0]], [1.0, 0.0])
    >>> report.samples, [layer.units for layer in report.layers], report.hints, report.fading > 1.0
    (2, [2, 1], [], True)
    """

    layers: tuple[LayerReport, ...]
    samples: int

    @property
    def hints(self) -> list[str]:
        """Problems and their remedies, one sentence each; empty if there are none."""
        return [hint for find in CHECKS for hint in find(self)]

    @property
    def fading(self) -> float:
        """Mean |δ| of the last layer over that of the first: large when gradients vanish, small when they explode.

        1 when both are 0, inf when only the first is 0, nan when one is not finite.
        """
        first, last = self.layers[0].mean_delta, self.layers[-1].mean_delta
        if first == last == 0.0:
            return 1.0
        return last / first if first else math.inf

    def __str__(self) -> str:
        title = "layer  units  activation     mean a     std a   mean |δ| saturated  dead"
        lines = [title, *[layer.row() for layer in self.layers], f"over {counted(self.samples, 'sample')}"]
        return "\n".join([*lines, *[f"- {hint}" for hint in self.hints]])


def diagnose(
    model: Module,
    x: Sequence[Any] | None = None,
    y: Sequence[Any] | None = None,
    *,
    loss: LossLike = "half_squared_error",
) -> Diagnosis:
    """Summarise z, a and δ of every layer, from the last pass or from a pass over each sample of x and y.

    model  a model made of `Layer`s
    x, y   samples and targets to run, which restores the parameters' gradients; without them, the report is of what the
           last `loss.backward()` left, and one sample says little about dead units
    loss   by name or as a function of (prediction, target)

    >>> from nn.layers.mlp import MLP
    >>> model = MLP(2, [3, 1], hidden="sigmoid", init="zeros")
    >>> report = diagnose(model, [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0])
    >>> [hint[:30] for hint in report.hints]
    ['layer 1: sigmoid in a hidden l', 'layer 1: all neurons have the ', 'δ vanishes: none of it reaches']

    TypeError for a model without `Layer`s, ValueError when x and y do not match, AttributeError before any pass.
    """
    need_numpy("nn.diagnose")
    layers = _layers(model)
    if x is None and y is None:
        passes = [_read(layers)]
    elif x is None or y is None or len(x) != len(y) or len(x) == 0:
        counts = [None if each is None else len(each) for each in (x, y)]
        raise ValueError(f"x and y must have the same number of samples, at least one; got {counts[0]} and {counts[1]}")
    else:
        passes = _run(model, layers, x, y, loss)
    reports = [
        # In a context of its own: an interrupt at the beginning of `np.errstate` would leave NumPy silent.
        copy_context().run(_report, layer, [one[i] for one in passes], layers[i + 1] if i + 1 < len(layers) else None)
        for i, layer in enumerate(layers)
    ]
    return Diagnosis(tuple(reports), len(passes))


def _layers(model: Module) -> list[Layer]:
    found = [model] if isinstance(model, Layer) else getattr(model, "layers", None)
    if not isinstance(found, list | tuple) or not found or not all(isinstance(layer, Layer) for layer in found):
        raise TypeError(
            f"diagnose takes a Layer, or a model whose `layers` is a list of Layers; {type(model).__name__} is neither"
        )
    return list(found)


def _read(layers: Sequence[Layer]) -> list[Matrix]:
    return [np.array([layer.z, layer.a, layer.delta]) for layer in layers]


def _run(
    model: Module, layers: Sequence[Layer], x: Sequence[Any], y: Sequence[Any], loss: LossLike
) -> list[list[Matrix]]:
    parameters = model.parameters()
    kept, measure, passes = [parameter.grad for parameter in parameters], get_loss(loss), []
    try:
        for inputs, target in zip(x, y, strict=True):
            measure(model(inputs), target).backward()
            passes.append(_read(layers))
    finally:
        for parameter, gradient in zip(parameters, kept, strict=True):
            parameter.grad = gradient
    return passes


def _report(layer: Layer, passes: list[Matrix], following: Layer | None) -> LayerReport:
    """`passes` holds one array (z, a, delta) of shape (3, n_out) per sample."""
    with np.errstate(invalid="ignore", over="ignore"):  # a model full of inf is worth diagnosing
        return _measured(layer, passes, following)


def _measured(layer: Layer, passes: list[Matrix], following: Layer | None) -> LayerReport:
    z, a, delta = np.stack(passes, axis=1)
    low, high = layer.activation.live
    flat = ~((low < z) & (z < high))
    return LayerReport(
        number=layer.number,
        units=layer.n_out,
        activation=layer.activation.name,
        mean_a=float(a.mean()),
        std_a=float(a.std()),
        mean_delta=float(np.abs(delta).mean()),
        saturated=float(flat.mean()),
        dead=tuple(np.flatnonzero(flat.all(axis=0)).tolist()),
        identical=following is not None and _identical(layer, following),
    )


def _identical(layer: Layer, following: Layer) -> bool:
    """Whether permuting the layer's neurons changes nothing: then their gradients are equal."""
    incoming = np.array([[parameter.data for parameter in neuron.parameters()] for neuron in layer.neurons])
    outgoing = following.W.T
    return layer.n_out > 1 and bool((incoming == incoming[0]).all() and (outgoing == outgoing[0]).all())


def _numbered(layers: Sequence[LayerReport]) -> str:
    numbers = ", ".join(str(layer.number) for layer in layers)
    return f"layer{'s' if len(layers) > 1 else ''} {numbers}"


def _sigmoid_inside(diagnosis: Diagnosis) -> Iterator[str]:
    if found := [layer for layer in diagnosis.layers[:-1] if layer.activation == "sigmoid"]:
        yield (
            f"{_numbered(found)}: sigmoid in a hidden layer lets at most a quarter of δ through and its outputs are "
            "never centred on 0; use 'relu' (or 'tanh') there and keep sigmoid for the output"
        )


def _only_linear(diagnosis: Diagnosis) -> Iterator[str]:
    if len(diagnosis.layers) > 1 and all(layer.activation == "linear" for layer in diagnosis.layers[:-1]):
        yield "the hidden layers are linear, so the whole network is one linear map; choose a hidden activation"


def _symmetric(diagnosis: Diagnosis) -> Iterator[str]:
    if found := [layer for layer in diagnosis.layers if layer.identical]:
        yield (
            f"{_numbered(found)}: all neurons have the same weights and get the same gradients, so they stay equal; "
            "start from random weights (omit init) instead of zeros or a constant"
        )


def _dead(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.samples == 1:
        return  # on one sample it is normal for ReLUs to be inactive
    for layer in diagnosis.layers:
        if layer.dead and layer.activation == "relu":
            yield (
                f"layer {layer.number}: {len(layer.dead)} of {layer.units} ReLUs are active on no sample and do not "
                "learn; try a smaller learning rate, bias=0.1, or 'leaky_relu'"
            )


def _saturated(diagnosis: Diagnosis) -> Iterator[str]:
    for layer in diagnosis.layers:
        if layer.activation in SQUASHING and layer.saturated > MANY:
            yield (
                f"layer {layer.number}: {layer.saturated:.0%} of the {layer.activation} outputs are saturated, where "
                "the slope is almost 0; scale the inputs to about ±1 and start with smaller weights ('xavier_uniform')"
            )


def _fading(diagnosis: Diagnosis) -> Iterator[str]:
    if any(not math.isfinite(layer.mean_delta) for layer in diagnosis.layers):
        yield "δ is not finite: lower the learning rate, scale the inputs, and find the first node that is not finite"
    elif diagnosis.fading > FADING:
        much = (
            "it is {:.3g} times smaller in the first layer than in the last" if diagnosis.layers[0].mean_delta else NONE
        )
        yield (
            f"δ vanishes: {much.format(diagnosis.fading)}, so the first layers hardly learn; use random "
            "weights and ReLU with 'he_normal', or fewer layers"
        )
    elif diagnosis.fading < 1.0 / FADING:
        yield (
            f"δ explodes: it is {1.0 / diagnosis.fading:.3g} times larger in the first layer than in the last; start "
            "with smaller weights (omit init) or lower the learning rate"
        )


CHECKS: tuple[Callable[[Diagnosis], Iterator[str]], ...] = (
    _sigmoid_inside,
    _only_linear,
    _symmetric,
    _dead,
    _saturated,
    _fading,
)
