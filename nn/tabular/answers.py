"""What a trained net answers, as one function for other languages: standardisation, net, and what outputs mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from autograd import sigmoid, softmax
from autograd.io.files import file_name
from nn.layers.mlp import MLP
from nn.persistence.storage import load_document
from nn.tabular.preprocessing import Recipe


def read(source: MLP | str | PathLike[str]) -> tuple[MLP, Recipe | None]:
    """A model and its recipe, if it has one: those of a file, or of a model that `nn.load` or `nn.fit` made.

    >>> read(MLP(2, [1], seed=0))[1] is None
    True

    StorageError for a file that is not a model, or whose recipe is not for it.
    """
    if isinstance(source, MLP):
        recipe = getattr(source, "recipe", None)
        return source, recipe if isinstance(recipe, Recipe) else None
    model, extra = load_document(source)
    if "x_scaling" not in extra:
        return model, None
    recipe = Recipe.from_json(extra, file_name(source))
    recipe.check_model(model, file_name(source))
    return model, recipe


def answers(model: MLP, recipe: Recipe | None) -> Callable[[Sequence[Any]], Any]:
    """From the features of a row to the model's answer; without a recipe that is the model itself.

    >>> model = MLP(2, [1], seed=0)
    >>> answers(model, None) is model
    True
    """
    if recipe is None:
        return model
    mean, std = recipe.x_scaling.mean, recipe.x_scaling.std
    meaning = _meaning(recipe)

    def answer(x: Sequence[Any]) -> Any:
        return meaning(model([(each - m) / s for each, m, s in zip(x, mean, std, strict=True)]))

    return answer


def _meaning(recipe: Recipe) -> Callable[[Any], Any]:
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
