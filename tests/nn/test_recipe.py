"""The recipe that is stored with a model: scaling, and every part that can be missing or invalid."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nn.layers.mlp import MLP
from nn.persistence.documents import StorageError
from nn.tabular.preprocessing import ADDED, Recipe, RecipeError, Scaling
from tests.nn.recipes import RECIPE


@given(arrays(np.float64, (5, 2), elements=st.floats(-1e6, 1e6)))
def test_scaling_is_undone(x: np.ndarray[Any, Any]) -> None:
    scaling = Scaling.of(x)
    # Three roundings of numbers no larger than |x| + |mean| <= 2e6.
    np.testing.assert_allclose(scaling.undo(scaling.apply(x)), x, rtol=0, atol=3 * 2e6 * 2.3e-16)


@given(arrays(np.float64, (6,), elements=st.integers(-1000, 1000), unique=True))
def test_scaled_columns_have_mean_0_and_deviation_1(x: np.ndarray[Any, Any]) -> None:
    scaled = Scaling.of(x[:, None]).apply(x[:, None])
    # Integers up to 1000 with a deviation of at least 1: the mean is off by at most 6 roundings of 1000.
    assert abs(scaled.mean()) < 1e-11
    assert scaled.std() == pytest.approx(1.0, abs=1e-11)


def test_a_recipe_survives_json() -> None:
    stored = RECIPE.to_json()
    assert json.loads(json.dumps(stored)) == stored
    assert Recipe.from_json(stored) == RECIPE


def test_e2_files_of_earlier_versions_say_less_of_the_table_and_can_be_read() -> None:
    stored = RECIPE.to_json()
    columns = [{"name": each["name"], "categories": each["categories"]} for each in stored["columns"]]
    older = {key: value for key, value in stored.items() if key != "table"} | {"columns": columns}
    assert Recipe.from_json(older) == dataclasses.replace(RECIPE, table=None)
    assert Recipe.from_json(stored | {"added later": 1}) == RECIPE


@pytest.mark.parametrize("part", RECIPE.to_json())
def test_a_recipe_with_a_part_missing_or_damaged_is_refused(part: str) -> None:
    stored = RECIPE.to_json()
    if part not in ADDED:
        with pytest.raises(RecipeError, match=f"'{part}' is missing"):
            Recipe.from_json({key: value for key, value in stored.items() if key != part})
    with pytest.raises(StorageError, match=rf"^m\.json: extra\.{part}: expected .*, got 7; train it again"):
        Recipe.from_json(stored | {part: 7}, "m.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": [{"name": "x"}]}, r"extra.columns\[0\].categories: is missing"),
        ({"columns": []}, "extra.columns: expected a list of at least 1"),
        ({"columns": [{"name": "y", "categories": ["a", "b", "c"]}]}, "extra.columns: two have the same name"),
        ({"columns": [{"name": "x", "categories": ["a", "b", "b"]}]}, r"columns\[0\].categories: two are the same"),
        ({"x_scaling": {"mean": [0.0], "std": [1.0]}}, "extra.x_scaling.mean: expected 3 numbers, got 1"),
        ({"x_scaling": {"mean": [0.0] * 3, "std": [1.0, 0.0, 1.0]}}, r"x_scaling.std\[1\]: expected a positive number"),
        ({"x_scaling": {"mean": [0.0, math.nan, 0.0], "std": [1.0] * 3}}, r"mean\[1\]: expected a finite number"),
        ({"y_scaling": {"mean": [], "std": []}}, "extra.y_scaling.mean: expected 1 number, got 0"),
        ({"class_names": ["a"]}, r"extra.class_names: \['a'\] does not fit the task 'classification'"),
        ({"class_names": ["a", "a"]}, r"extra.class_names: \['a', 'a'\] does not fit the task 'classification'"),
        ({"task": "binary"}, r"extra.class_names: \['a', 'b', 'c'\] does not fit the task 'binary'"),
        ({"loss": "mae"}, "extra.loss: loss 'mae' does not fit"),
        ({"training": {"data": "t"}}, "extra.training.best_epoch: is missing"),
    ],
)
def test_f19_parts_of_a_recipe_that_do_not_fit_are_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(StorageError, match=words):
        Recipe.from_json(RECIPE.to_json() | change)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (MLP(2, [3]), "architecture.n_in: is 2, but the recipe in extra is for a model with 3"),
        (MLP(3, [4, 2]), r"architecture.n_outs\[-1\]: is 2, but the recipe in extra is for a model with 3"),
        (MLP(3, [3], output="tanh"), "architecture.output: 'tanh' does not fit the loss 'cross_entropy'"),
    ],
)
def test_f19_the_recipe_of_another_model_is_refused(model: MLP, words: str) -> None:
    RECIPE.check_model(MLP(3, [4, 3]), "m.json")
    with pytest.raises(StorageError, match=f"m.json: {words}"):
        RECIPE.check_model(model, "m.json")
