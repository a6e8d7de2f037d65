"""What a model's neurons are doing, layer by layer, and in words what that means for learning."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.layers.mlp import Layer
from nn.layers.module import Module
from nn.train.losses import LossLike, get_loss

Matrix = NDArray[np.float64]

# sigmoid′ <= ¼, so three sigmoid layers already shrink δ by 64; a hundred is past what depth alone should do.
FADING = 100.0
MANY = 0.5
SQUASHING = ("sigmoid", "tanh")
NONE = "none of it arrives in the first layer"


@dataclass(frozen=True)
class LayerReport:
    """One layer over the samples: mean and standard deviation of a, mean |δ|, how many units are saturated or dead.

    `saturated` is the fraction of (unit, sample) pairs where the activation is flat, `dead` lists the units for which
    that holds on every sample (a ReLU that is never active); see `Activation.live`. `identical`: all neurons have the
    same parameters and lead on with the same weights, so that they stay the same forever. `row` is its line of the
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
    """The layers' reports over `samples` samples, and `hints`: what looks wrong, in words. `print` it.

    >>> from nn.layers.mlp import MLP
    >>> report = diagnose(MLP(1, [2, 1], hidden="tanh", seed=0), [[1.0], [-1.0]], [1.0, 0.0])
    >>> report.samples, [layer.units for layer in report.layers], report.hints, report.fading > 1.0
    (2, [2, 1], [], True)
    """

    layers: tuple[LayerReport, ...]
    samples: int

    @property
    def hints(self) -> list[str]:
        """What looks wrong and what to do about it; empty when nothing does."""
        return [hint for look in LOOKS for hint in look(self)]

    @property
    def fading(self) -> float:
        """Mean |δ| of the last layer over that of the first: large when gradients vanish, small when they explode.

        1 when neither layer has any δ, inf when only the first has none, nan when one is not finite.
        """
        first, last = self.layers[0].mean_delta, self.layers[-1].mean_delta
        if first == last == 0.0:
            return 1.0
        return last / first if first else math.inf

    def __str__(self) -> str:
        title = "layer  units  activation     mean a     std a   mean |δ| saturated  dead"
        lines = [title, *[layer.row() for layer in self.layers], f"over {self.samples} sample(s)"]
        return "\n".join([*lines, *[f"- {hint}" for hint in self.hints]])


def diagnose(
    model: Module,
    x: Sequence[Any] | None = None,
    y: Sequence[Any] | None = None,
    *,
    loss: LossLike = "half_squared_error",
) -> Diagnosis:
    """Look at z, a and δ of every layer: of the last pass, or of a pass over each sample of x and y.

    `diagnose(model)` reads what `loss.backward()` left behind; one sample says little about dead units.
    `diagnose(model, x, y, loss=…)` runs the samples itself and leaves the parameters' gradients as they were.

    >>> from nn.layers.mlp import MLP
    >>> model = MLP(2, [3, 1], hidden="sigmoid", init="zeros")
    >>> report = diagnose(model, [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0])
    >>> [hint[:30] for hint in report.hints]
    ['layer 1: sigmoid in a hidden l', 'layer 1: all neurons have the ', 'δ vanishes: none of it arrives']

    TypeError for a model without `Layer`s, ValueError when x and y do not fit, AttributeError before any pass.
    """
    layers = _layers(model)
    if x is None and y is None:
        passes = [_read(layers)]
    elif x is None or y is None or len(x) != len(y) or len(x) == 0:
        counts = [None if each is None else len(each) for each in (x, y)]
        raise ValueError(f"x and y hold the same number of samples, at least one; got {counts[0]} and {counts[1]}")
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
        raise TypeError(f"diagnose reads a Layer, or `model.layers`, a list of Layers; {type(model).__name__} has none")
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


@np.errstate(invalid="ignore", over="ignore")  # a model full of inf is what one may want to look at
def _report(layer: Layer, passes: list[Matrix], following: Layer | None) -> LayerReport:
    """`passes` holds one array (z, a, delta) of shape (3, n_out) per sample."""
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
    """Whether a permutation of the layer's neurons would change nothing: then no gradient can tell them apart."""
    incoming = np.array([[parameter.data for parameter in neuron.parameters()] for neuron in layer.neurons])
    outgoing = following.W.T
    return layer.n_out > 1 and bool((incoming == incoming[0]).all() and (outgoing == outgoing[0]).all())


def _places(layers: Sequence[LayerReport]) -> str:
    numbers = ", ".join(str(layer.number) for layer in layers)
    return f"layer{'s' if len(layers) > 1 else ''} {numbers}"


def _sigmoid_inside(diagnosis: Diagnosis) -> Iterator[str]:
    if found := [layer for layer in diagnosis.layers[:-1] if layer.activation == "sigmoid"]:
        yield (
            f"{_places(found)}: sigmoid in a hidden layer lets at most a quarter of δ through and its outputs are "
            "never centred on 0; use 'relu' (or 'tanh') there and keep sigmoid for the output"
        )


def _only_linear(diagnosis: Diagnosis) -> Iterator[str]:
    if len(diagnosis.layers) > 1 and all(layer.activation == "linear" for layer in diagnosis.layers[:-1]):
        yield "the hidden layers are linear: however deep, the network is one linear map; choose a hidden activation"


def _symmetric(diagnosis: Diagnosis) -> Iterator[str]:
    if found := [layer for layer in diagnosis.layers if layer.identical]:
        yield (
            f"{_places(found)}: all neurons have the same weights and get the same gradient, so they stay one neuron; "
            "start from random weights (leave init out) instead of zeros or a constant"
        )


def _dead(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.samples == 1:
        return  # on one sample about half of all ReLUs are off, and that is fine
    for layer in diagnosis.layers:
        if layer.dead and layer.activation == "relu":
            yield (
                f"layer {layer.number}: {len(layer.dead)} of {layer.units} ReLUs are active on no sample and learn "
                "nothing; try a smaller learning rate, bias=0.1, or 'leaky_relu'"
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
        yield "δ is not finite: lower the learning rate, scale the inputs, and look for the node that first went wrong"
    elif diagnosis.fading > FADING:
        much = (
            "it is {:.3g} times smaller in the first layer than in the last" if diagnosis.layers[0].mean_delta else NONE
        )
        yield (
            f"δ vanishes: {much.format(diagnosis.fading)}, so the layers near the input hardly learn; use random "
            "weights and ReLU with 'he_normal', or fewer layers"
        )
    elif diagnosis.fading < 1.0 / FADING:
        yield (
            f"δ explodes: it is {1.0 / diagnosis.fading:.3g} times larger in the first layer than in the last; start "
            "with smaller weights (leave init out) or lower the learning rate"
        )


LOOKS: tuple[Callable[[Diagnosis], Iterator[str]], ...] = (
    _sigmoid_inside,
    _only_linear,
    _symmetric,
    _dead,
    _saturated,
    _fading,
)
