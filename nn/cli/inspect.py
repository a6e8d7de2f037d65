"""`python -m nn inspect`: print what a model file contains."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.cli.frame import JSON_HELP
from autograd.io.files import file_name
from autograd.io.json_text import print_json
from autograd.io.plural import counted
from nn.cli.folders import MODEL_HELP, model_file
from nn.cli.terminal import wrapping_stdout
from nn.layers.mlp import MLP
from nn.persistence.storage import load_document
from nn.tabular.preprocessing import Recipe, RecipeError

EXAMPLES = """\
example:
  python -m nn inspect runs/digits/model.json
"""
SHOWN_NAMES = 8


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `inspect`."""
    parser.add_argument("model", metavar="MODEL", help=f"{MODEL_HELP}, or a file written by nn.save")
    parser.add_argument("--json", action="store_true", help=JSON_HELP)


def run(args: argparse.Namespace) -> int:
    """Print the architecture, statistics of the weights, inputs and target, and how the model was trained."""
    path = model_file(args.model)
    model, extra = load_document(path)
    if args.json:
        print_json(_document(model, extra))
        return 0
    lines = [f"model: {model!r}", *_layers(model), *_purpose(model, extra, file_name(path))]
    with wrapping_stdout():
        for line in lines:
            print(line)
    return 0


def _document(model: MLP, extra: dict[str, Any]) -> dict[str, Any]:
    """The same for programs; `recipe` is what `train` has stored."""
    layers = [
        {
            "n_in": layer.n_in,
            "n_out": layer.n_out,
            "activation": layer.activation.name,
            "parameters": len(layer.parameters()),
            "weights": {"mean": mean, "std": std, "min": float(layer.W.min()), "max": float(layer.W.max())},
            "mean_bias": _mean_and_std(layer.b)[0],
        }
        for layer in model.layers
        for mean, std in [_mean_and_std(layer.W)]
    ]
    return {"model": repr(model), "parameters": len(model.parameters()), "layers": layers, "recipe": extra}


def _layers(model: MLP) -> Iterator[str]:
    yield "layer  shape      activation   parameters   mean w     std w     min w     max w    mean b"
    for layer in model.layers:
        W, shape = layer.W, f"{layer.n_in} -> {layer.n_out}"
        numbers = (*_mean_and_std(W), W.min(), W.max(), _mean_and_std(layer.b)[0])
        columns = " ".join(f"{number:>9.3g}" for number in numbers)
        yield f"{layer.number:>5}  {shape:<10} {layer.activation.name:<11} {len(layer.parameters()):>11} {columns}"


def _mean_and_std(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation, computed relative to the largest number: no sum of huge weights overflows.

    >>> _mean_and_std(np.array([1e308, 0.0, 2e-308, 1e308]))
    (5e+307, 5e+307)
    """
    scale = float(np.abs(numbers).max()) or 1.0
    shares = numbers / scale
    return float(shares.mean()) * scale, float(shares.std()) * scale


def _purpose(model: MLP, extra: dict[str, Any], name: str) -> Iterator[str]:
    try:
        recipe = Recipe.from_json(extra, name)
    except RecipeError as error:
        yield f"nothing else is stored: {error}"
        return
    recipe.check_model(model, name)
    yield f"inputs: {_some([column.name for column in recipe.columns])}"
    classes = f", one of {_some(list(recipe.class_names))}" if recipe.class_names else ", a number"
    yield f"predicts: {recipe.target}{classes} ({recipe.task}, {recipe.loss})"
    if recipe.table is not None:
        yield from recipe.table.lines(recipe.columns, recipe.target, recipe.task, recipe.class_names)
    yield from _training(recipe.training)


def _training(training: dict[str, Any]) -> Iterator[str]:
    if not training:
        return
    options = ", ".join(f"{name} {value}" for name, value in training["options"].items() if value is not None)
    yield f"trained on: {training['data']}, {counted(training['samples'], 'sample')}; {options}"
    score = training["score"]
    where = "held-out" if score["held_out"] else "training"
    yield (
        f"stopped after {counted(training['epochs'], 'epoch')} ({training['stopped']}),"
        f" best epoch {training['best_epoch']};"
        f" {where} {score['metric']} {score['value']:.4f} on {counted(score['samples'], 'sample')}"
    )


def _some(names: list[str]) -> str:
    more = f", … ({len(names)})" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more
