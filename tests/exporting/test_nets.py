"""`nn.export` and `python -m nn export`: trained nets with their preprocessing."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import CompileError
from nn.cli.main import main
from nn.tabular.columns import Column
from nn.tabular.preprocessing import Recipe, Scaling
from nn.train.prediction import predict
from tests.exporting.running import (
    COMPILERS,
    assert_close,
    built,
    flat,
    in_c,
    in_javascript,
    in_python,
    needs_compiler,
    needs_node,
)

CLASSES = ("*/ red", 'gr"ün</script>', "blue\\")
COLUMNS = (Column("size"), Column("colour", ("a", "b")))
ROW = np.array([[3.0, 0.0, 1.0]])
X = Scaling((1.0, 0.25, 0.75), (2.0, 0.5, 0.5))
TASKS = {
    "classification": ("cross_entropy", 3, CLASSES),
    "binary": ("binary_cross_entropy_with_logits", 1, CLASSES[:2]),
    "hinge": ("hinge", 1, CLASSES[:2]),
    "regression": ("mse", 1, ()),
}


def saved(name: str, folder: Path) -> tuple[Path, np.ndarray]:
    """A model file for a task, and what it answers for `ROW`."""
    loss, outputs, classes = TASKS[name]
    task = "binary" if name == "hinge" else name
    y_scaling = Scaling((10.0,), (4.0,)) if task == "regression" else Scaling.none(1)
    recipe = Recipe(task, loss, "target", COLUMNS, classes, X, y_scaling)  # type: ignore[arg-type]
    model = nn.MLP(3, [4, outputs], seed=0)
    nn.save(model, folder / "model.json", extra=recipe.to_json())
    [output] = predict(model, X.apply(ROW))
    if task == "regression":
        return folder / "model.json", recipe.predict(model, ROW)
    probabilities = recipe.scheme.probabilities
    return folder / "model.json", flat([probabilities(output) if probabilities else output])


@pytest.mark.parametrize("name", TASKS)
def test_a_python_module_answers_as_the_net(name: str, tmp_path: Path) -> None:
    model, wanted = saved(name, tmp_path)
    nn.export(model, tmp_path / "net.py")
    assert_close(in_python(tmp_path / "net.py", "value", [ROW[0]]), wanted)


@needs_compiler
def test_c_answers_as_the_net_and_has_the_names_of_its_classes(tmp_path: Path) -> None:
    model, wanted = saved("classification", tmp_path)
    assert main(["export", str(model), "-o", str(tmp_path / "net.c")]) == 0
    for y in in_c(tmp_path / "net.c", "net_value", [ROW[0]]):
        assert_close(y, wanted)
    header = (tmp_path / "net.c").read_text().partition("*/")[0]
    assert " *   [1]  colour=a\n" in header
    assert " *   [0]  * red\n" in header
    names = (ctypes.c_char_p * 3).in_dll(built(tmp_path / "net.c", COMPILERS[0]), "net_classes")
    assert [(name or b"").decode() for name in names] == list(CLASSES)


@needs_node
def test_javascript_answers_as_the_net(tmp_path: Path) -> None:
    model, wanted = saved("classification", tmp_path)
    nn.export(model, tmp_path / "net.js")
    text = (tmp_path / "net.js").read_text()
    assert "</script" not in text
    assert_close(in_javascript(tmp_path / "net.js", "value", [ROW[0]]), wanted)


def test_a_net_without_a_recipe_takes_its_inputs_as_they_are(tmp_path: Path) -> None:
    model = nn.MLP(2, [3, 1], hidden="tanh", seed=0)
    nn.export(model, tmp_path / "net.py")
    assert_close(in_python(tmp_path / "net.py", "value", [[0.5, -1.0]]), flat(predict(model, [[0.5, -1.0]])))


def test_an_export_that_is_refused_says_what_it_could_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, _ = saved("regression", tmp_path)
    with pytest.raises(CompileError, match=r"\.c, \.js, \.py"):
        nn.export(model, tmp_path / "net.exe")
    assert main(["export", str(model), "-o", str(tmp_path / "net.exe")]) == 2
    assert "suffix" in capsys.readouterr().err
