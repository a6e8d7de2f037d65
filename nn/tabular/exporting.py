"""`nn.export`: a trained net as a file of another language, with its preprocessing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from autograd import compile, sigmoid, softmax
from nn.layers.mlp import MLP
from nn.persistence.storage import load_document
from nn.tabular.preprocessing import Recipe


def export(model: MLP | str | PathLike[str], path: str | PathLike[str]) -> None:
    """Write a net as a file of C, JavaScript, Python or LaTeX; its function is `net_value` in C, else `value`.

    model  a model, or a file that `save` or `python -m nn train` has written
    path   .c (C99), .js (an ES module), .py (NumPy) or .tex

    The function takes features in the user's units, standardises them as the training did, and gives probabilities of
    the classes where the loss makes outputs mean such, numbers in the user's units for a regression, else the outputs.
    A category is a feature that is 1 for it and 0 else. The file lists the names of the features and the classes.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     export(MLP(2, [3, 1], seed=0), f"{folder}/net.c")
    ...     "void net_value(const double *restrict x," in Path(folder, "net.c").read_text()
    True

    StorageError for a file that is not a model; `autograd.CompileError` for another suffix. The file is written
    atomically.
    """
    net, extra = (model, {}) if isinstance(model, MLP) else load_document(model)
    recipe = Recipe.from_json(extra) if "x_scaling" in extra else None
    texts: dict[str, Sequence[str]] = {}
    if recipe is not None:
        recipe.check_model(net, "the model")
        texts["features"] = [name for column in recipe.columns for name in column.feature_names]
        if recipe.class_names:
            texts["classes"] = recipe.class_names
    fast = compile(_answers(net, recipe), parameters=net.parameters())
    fast.export(path, ([0.0] * net.n_in,), functions=["value"], name="net", frozen=True, texts=texts)


def _answers(net: MLP, recipe: Recipe | None) -> Callable[[Sequence[Any]], Any]:
    """What the file computes of a row of features."""
    if recipe is None:
        return net
    mean, std = recipe.x_scaling.mean, recipe.x_scaling.std
    read = _reading(recipe)

    def answers(x: Sequence[Any]) -> Any:
        return read(net([(each - m) / s for each, m, s in zip(x, mean, std, strict=True)]))

    return answers


def _reading(recipe: Recipe) -> Callable[[Any], Any]:
    """Outputs as probabilities, or in the user's units."""
    if recipe.task == "regression":
        [mean], [std] = recipe.y_scaling.mean, recipe.y_scaling.std
        return lambda y: y * std + mean
    if recipe.scheme.probabilities is None:
        return lambda y: y
    if recipe.task == "classification":
        return softmax
    logit = recipe.loss == "binary_cross_entropy_with_logits"

    def both(y: Any) -> list[Any]:
        return [sigmoid(-y), sigmoid(y)] if logit else [1.0 - y, y]

    return both
