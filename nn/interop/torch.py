"""Weights from and to PyTorch's `torch.nn.Sequential`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from autograd._numpy import np
from nn.interop.weights import Weights, check_model, model_of, unsupported, weights_of
from nn.layers.activations import LEAKY_SLOPE, Activation
from nn.layers.mlp import MLP, Layer

if TYPE_CHECKING:
    import torch

# Modules by our name: the class, what its attributes have to be, and what they are where it is made.
_MODULES: dict[str, tuple[str, dict[str, Callable[[Any], bool]], dict[str, Any]]] = {
    "sigmoid": ("Sigmoid", {}, {}),
    "tanh": ("Tanh", {}, {}),
    "relu": ("ReLU", {}, {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": lambda x: x == LEAKY_SLOPE}, {"negative_slope": LEAKY_SLOPE}),
    "prelu": ("PReLU", {}, {}),
    "elu": ("ELU", {"alpha": lambda x: x == 1.0}, {}),
    "gelu": ("GELU", {"approximate": lambda x: x == "none"}, {}),
    "silu": ("SiLU", {}, {}),
    # Above the threshold PyTorch's is z: at 20 that is 2e-9 less than softplus(z), at 40 less than a rounding.
    "softplus": ("Softplus", {"beta": lambda x: x == 1.0, "threshold": lambda x: x >= 20.0}, {"threshold": 40.0}),
    "softmax": ("Softmax", {"dim": lambda x: x in (-1, 1)}, {"dim": -1}),
}
_NAMES = {module: name for name, (module, _, _) in _MODULES.items()}


def from_torch(module: torch.nn.Module) -> MLP:
    """The network of a `torch.nn.Sequential` of `Linear` layers and activations.

    module   the module; a `Linear` counts as one, `Identity` and, after `eval()`, `Dropout` are left out

        model = nn.from_torch(torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)))

    >>> from_torch(3.0)
    Traceback (most recent call last):
        ...
    TypeError: a torch.nn.Sequential is needed, got 3.0

    Weights are converted to float64. TypeError for what is not a module. ValueError for other modules, by name, for
    options of an activation that it does not have here, and where the hidden layers have several activations.
    """
    if not type(module).__module__.startswith("torch.nn.") and not hasattr(module, "state_dict"):
        raise TypeError(f"a torch.nn.Sequential is needed, got {module!r}")
    layers: list[tuple[Weights, str]] = []
    for place, part in _parts(module, ""):
        kind = type(part).__name__
        if kind == "Linear":
            layers.append((_linear(part), "linear"))
        elif kind in _NAMES:
            if not layers or layers[-1][1] != "linear":
                raise ValueError(f"module {place}, {part}, does not follow a Linear layer")
            layers[-1] = _activated(layers[-1][0], part, place), _NAMES[kind]
        elif not (kind == "Identity" or ("Dropout" in kind and not part.training)):
            raise ValueError(_refusal(kind, part, place))
    if not layers:
        raise ValueError("the module has no Linear layer")
    names = [name for _, name in layers]
    if len(several := dict.fromkeys(names[:-1])) > 1:
        raise ValueError(f"an MLP has one activation in its hidden layers, and this module has {', '.join(several)}")
    return model_of([weights for weights, _ in layers], names[0] if len(names) > 1 else "relu", names[-1])


def _parts(module: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The modules in order with their places, those of a Sequential inside another one too."""
    if type(module).__name__ != "Sequential":
        yield place or "0", module
        return
    for name, part in module._modules.items():  # named_children leaves out one that is there twice
        yield from _parts(part, f"{place}.{name}" if place else name)


def _refusal(kind: str, part: Any, place: str) -> str:
    if "Dropout" in kind:
        return f"module {place} is {part}, which drops activations while training; call eval() first"
    return f"module {place} is {part}, which an MLP does not have; supported: Linear, {', '.join(_NAMES)}, Identity"


def _array(tensor: Any) -> Any:
    return np.array(tensor.detach().cpu().double().tolist(), np.float64)


def _linear(part: Any) -> Weights:
    weight = _array(part.weight)
    return Weights(weight, np.zeros(len(weight)) if part.bias is None else _array(part.bias))


def _activated(weights: Weights, part: Any, place: str) -> Weights:
    """The weights of a layer with its activation; ValueError for options that it does not have here."""
    _, checks, _ = _MODULES[_NAMES[type(part).__name__]]
    for name, holds in checks.items():
        if not holds(getattr(part, name)):
            raise ValueError(f"module {place}, {part}: {name}={getattr(part, name)!r} is not supported")
    return weights._replace(slope=_array(part.weight)) if type(part).__name__ == "PReLU" else weights


def to_torch(model: MLP) -> torch.nn.Sequential:
    """The network as a `torch.nn.Sequential` of `Linear` layers and activations, in float64.

    model   an `MLP`; its values and gradients in PyTorch are the same up to rounding

    >>> to_torch(3.0)
    Traceback (most recent call last):
        ...
    TypeError: an nn.MLP is needed, got 3.0

    `to_torch(model).float()` is in PyTorch's usual precision. ImportError where PyTorch is not installed; TypeError for
    another model; ValueError for an activation of your own.
    """
    check_model(model)
    try:
        import torch
    except ImportError as error:
        raise ImportError("this needs torch: pip install 'scalar-autograd[torch]'") from error
    parts: list[Any] = []
    for layer in model.layers:
        weights = weights_of(layer)
        linear = torch.nn.Linear(layer.n_in, layer.n_out, dtype=torch.float64)
        _copy(torch, linear.weight, weights.W)
        _copy(torch, linear.bias, weights.b)
        parts.append(linear)
        parts += _activation(torch, layer, layer.activation, weights)
    return torch.nn.Sequential(*parts)


def _activation(torch: Any, layer: Layer, activation: Activation, weights: Weights) -> list[Any]:
    if activation.name == "linear":
        return []
    if activation.name not in _MODULES:
        raise unsupported(activation.name, "torch.nn", ["linear", *_MODULES])
    kind, _, options = _MODULES[activation.name]
    if weights.slope is None:
        return [getattr(torch.nn, kind)(**options)]
    found = torch.nn.PReLU(layer.n_out, dtype=torch.float64)
    _copy(torch, found.weight, weights.slope)
    return [found]


def _copy(torch: Any, parameter: Any, numbers: Any) -> None:
    with torch.no_grad():
        parameter.copy_(torch.tensor(numbers.tolist(), dtype=torch.float64))
