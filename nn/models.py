"""`nn.load` and `nn.predict`: models that know the columns of the table that they were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from nn.layers.mlp import MLP
from nn.persistence.documents import StorageError
from nn.persistence.storage import load_document
from nn.tabular.frames import in_units_of_the_target, is_frame, rows_by_name, rows_of
from nn.tabular.preprocessing import Recipe
from nn.train import prediction
from nn.train.metrics import Prediction


def load(path: str | PathLike[str]) -> MLP:
    """The model in the file, with exactly the numbers that were saved, and the names of its inputs if it has them.

    StorageError, naming the file and the field, if it is damaged or edited (it has a checksum), of another kind, or
    written by a newer version; FileNotFoundError if it does not exist. Nothing in the file is executed.

    >>> import tempfile
    >>> from nn.persistence.storage import save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [1], seed=0), f"{folder}/model.json")
    ...     load(f"{folder}/model.json")
    MLP(2, [1], hidden='relu', output='linear')  # 3 parameters
    """
    model, extra = load_document(path)
    try:
        recipe = Recipe.from_json(extra)
        recipe.check_model(model, "the model")
    except StorageError:  # an `extra` of the user's own
        return model
    model.recipe, model.feature_names = recipe, recipe.feature_names
    return model


def predict(model: prediction.Model, x: Any) -> list[Prediction]:
    """The model's outputs for the rows of numbers `x`, as plain floats, without recording.

    `x` may be a data frame or a dict of columns, if the model was trained on one: the columns are found by their names,
    and those of a number to predict are in its unit.

    >>> len(predict(MLP(2, [3], seed=0), [[0.0, 1.0], [1.0, 0.0]])[0])
    3

    Raises `ValueError` for what are not rows of numbers, `TableError` for a frame that does not fit the model.
    """
    recipe, names = getattr(model, "recipe", None), getattr(model, "feature_names", ())
    if not is_frame(x):
        return prediction.predict(model, x)
    if not isinstance(recipe, Recipe):
        names = names or (list(x) if isinstance(x, Mapping) else ())
        return prediction.predict(model, rows_by_name(x, names) if names else x)
    return in_units_of_the_target(recipe, prediction.predict(model, rows_of(recipe, x)))
