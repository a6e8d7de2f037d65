"""Networks as ONNX files: onnxruntime predicts as we do, on 10⁴ rows of six trained nets. Needs onnx, onnxruntime."""

from __future__ import annotations

import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile
from nn.tabular.columns import Column
from nn.tabular.preprocessing import Recipe, Scaling
from nn.train.prediction import predict
from nn.train.tasks import Task

ROWS = 10_000
SOURCE = np.random.default_rng(0)
NUMBERS = SOURCE.normal(5.0, 2.0, (ROWS, 2))
COLOURS = SOURCE.choice(["blue", "grün", "red"], ROWS)
MEMBERS = SOURCE.choice(["no", "yes"], ROWS)
COLUMNS = (
    Column("width"),
    Column("colour", ("blue", "grün", "red")),
    Column("height"),
    Column("member", ("no", "yes"), is_boolean=True),
)
PLAIN = (Column("width"), Column("height"))
NETS: dict[str, tuple[Task, str, str, str, tuple[Column, ...]]] = {
    "regression": ("regression", "mse", "tanh", "linear", COLUMNS),
    "regression of numbers": ("regression", "mae", "gelu", "linear", PLAIN),
    "classes": ("classification", "cross_entropy", "relu", "linear", COLUMNS),
    "classes by softmax": ("classification", "mse", "elu", "softmax", PLAIN),
    "two classes": ("binary", "binary_cross_entropy_with_logits", "sigmoid", "linear", COLUMNS),
    "two classes by sigmoid": ("binary", "binary_cross_entropy", "prelu", "sigmoid", PLAIN),
}


def _features(columns: tuple[Column, ...]) -> Any:
    if columns is PLAIN:
        return NUMBERS
    ones = [each == COLOURS for each in COLUMNS[1].categories]
    return np.column_stack([NUMBERS[:, 0], *ones, NUMBERS[:, 1], MEMBERS == "yes"]).astype(float)


def _trained(name: str) -> tuple[nn.MLP, Recipe, Any]:
    task, loss, hidden, output, columns = NETS[name]
    x = _features(columns)
    scaling = Scaling.of(x)
    y = (
        np.sin(NUMBERS[:, 0]) + 10.0
        if task == "regression"
        else (x[:, 0] > 5.0) + (x[:, -1] > 0.0) * (task != "binary")
    )
    names = {"regression": (), "binary": ("off", "on"), "classification": ("a", "b", "ç")}[task]
    y_scaling = Scaling.of(y[:, None]) if task == "regression" else Scaling.none(1)
    recipe = Recipe(task, loss, "target", columns, names, scaling, y_scaling)
    size = len(names) if task == "classification" else 1
    model = nn.MLP(x.shape[1], [6, size], hidden=hidden, output=output, seed=1)
    targets = recipe.encode_targets(y[:100].astype(float))
    nn.fit(model, scaling.apply(x[:100]), targets, loss=loss, epochs=3, lr=0.05, seed=0)
    return model, recipe, x


def _expected(model: nn.MLP, recipe: Recipe, x: Any) -> Any:
    """Compiled, since eager code takes seconds for so many rows; its first ones are those of eager code."""
    scaled = recipe.x_scaling.apply(x)
    outputs = compile(model, parameters=model.parameters(), batch=("x",)).map(scaled)
    outputs = np.stack(outputs, 1).tolist() if isinstance(outputs, list) else outputs.tolist()
    assert np.allclose(outputs[:100], predict(model, scaled[:100]), rtol=1e-12)
    if recipe.task == "regression":
        return recipe.read_outputs(outputs)
    probabilities = recipe.scheme.probabilities
    return np.array(outputs if probabilities is None else [probabilities(each) for each in outputs])


def _run(path: Path, columns: tuple[Column, ...]) -> Any:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = runtime.InferenceSession(path)
    texts = np.column_stack([COLOURS, MEMBERS]).astype(object)
    given = {"x": NUMBERS} if columns is PLAIN else {"numbers": NUMBERS, "categories": texts}
    assert [each.name for each in session.get_inputs()] == list(given)
    types = {each.name: np.float32 if each.type == "tensor(float)" else np.float64 for each in session.get_inputs()}
    return session.run(None, {k: x if x.dtype == object else x.astype(types[k]) for k, x in given.items()})[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_onnxruntime_predicts_as_we_do(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    model, recipe, x = _trained(name)
    nn.save(model, tmp_path / "model.json", extra=recipe.to_json())
    nn.to_onnx(tmp_path / "model.json", tmp_path / "net.onnx")
    found, expected = _run(tmp_path / "net.onnx", recipe.columns), _expected(model, recipe, x)
    assert found.shape == expected.shape
    assert abs(found - expected).max() <= 1e-6


def test_texts_that_are_unknown_make_nan_and_names_are_metadata(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    recipe = Recipe("regression", "mse", "y", COLUMNS, (), Scaling.none(6), Scaling.none(1))
    nn.save(nn.MLP(6, [2, 1], seed=0), tmp_path / "model.json", extra=recipe.to_json())
    nn.to_onnx(tmp_path / "model.json", tmp_path / "net.onnx", dtype="float32")
    texts = np.array([["red", "no"], ["pink", "no"], ["blue", "maybe"]], dtype=object)
    session = runtime.InferenceSession(tmp_path / "net.onnx")
    [found] = session.run(None, {"numbers": np.ones((3, 2), np.float32), "categories": texts})
    assert np.isnan(found).tolist() == [False, True, True]
    metadata = {each.key: json.loads(each.value) for each in onnx.load_model(tmp_path / "net.onnx").metadata_props}
    assert metadata["target"] == "y"
    assert metadata["columns"][1] == {"name": "colour", "kind": "category", "categories": ["blue", "grün", "red"]}


def test_a_model_without_a_table_takes_its_inputs(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    model = nn.MLP(2, [3, 2], hidden="tanh", seed=0)
    nn.to_onnx(model, tmp_path / "net.onnx")
    [found] = runtime.InferenceSession(tmp_path / "net.onnx").run(None, {"x": NUMBERS[:5]})
    expected = [[each.data for each in model(row)] for row in NUMBERS[:5].tolist()]
    assert np.allclose(found, expected, rtol=1e-13)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    with pytest.raises(TypeError, match=re.escape("an nn.MLP is needed, got count(0)")):
        nn.to_onnx(count(), tmp_path / "net.onnx")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        nn.to_onnx(tmp_path / "model.json", tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()
