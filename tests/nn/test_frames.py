"""Data frames and dicts of columns in `nn.fit` and `nn.predict`; names in files, `inspect` and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.cli.main import main
from nn.tabular.preprocessing import Recipe

COLUMNS: dict[str, list[Any]] = {
    "size": [float(i % 5) for i in range(20)],
    "colour": ["red", "blue"] * 10,
    "price": [2.5 * (i % 5) + i % 2 for i in range(20)],
    "kind": ["lily", "rose", "tulip", "rose"] * 5,
}


def columns() -> Any:
    return COLUMNS


def pandas() -> Any:
    return pytest.importorskip("pandas").DataFrame(COLUMNS)


def polars() -> Any:
    return pytest.importorskip("polars").DataFrame(COLUMNS)


def pyarrow() -> Any:
    return pytest.importorskip("pyarrow").table(COLUMNS)


def price_model(frame: Any) -> nn.MLP:
    model = nn.MLP(3, [3, 1], hidden="tanh", seed=0)
    table = {name: column for name, column in COLUMNS.items() if name != "kind"} if frame is COLUMNS else without(frame)
    nn.fit(model, table, "price", lr=0.05, epochs=3)
    return model


def without(frame: Any) -> Any:
    """The frame without the column `kind`."""
    if hasattr(frame, "drop_columns"):
        return frame.drop_columns(["kind"])
    return frame.drop(columns="kind") if hasattr(frame, "iloc") else frame.drop("kind")


@pytest.mark.parametrize("make", [columns, pandas, polars, pyarrow])
def test_every_kind_of_frame_trains_the_same_model_as_arrays(make: Callable[[], Any]) -> None:
    frame = make()
    model = price_model(frame)
    x = np.column_stack([COLUMNS["size"], [[c == "blue", c == "red"] for c in COLUMNS["colour"]]])
    other = nn.MLP(3, [3, 1], hidden="tanh", seed=0)
    nn.fit(other, x, COLUMNS["price"], lr=0.05, epochs=3)
    assert [p.data for p in model.parameters()] == [p.data for p in other.parameters()]
    assert nn.predict(model, frame) == nn.predict(other, x)
    assert model.feature_names == ("size", "colour=blue", "colour=red")


def test_classes_by_name_their_weights_and_validation_frames() -> None:
    model, other = nn.MLP(2, [3], seed=0), nn.MLP(2, [3], seed=0)
    frame = {"size": COLUMNS["size"], "price": COLUMNS["price"], "kind": COLUMNS["kind"]}
    tail = {name: column[-4:] for name, column in frame.items()}
    weights = {"lily": 2.0, "tulip": 3.0}
    history = nn.fit(
        model, frame, "kind", loss="cross_entropy", epochs=2, class_weight=weights, validation=(tail, "kind")
    )
    x = np.column_stack([frame["size"], frame["price"]])
    y = [sorted(set(COLUMNS["kind"])).index(kind) for kind in COLUMNS["kind"]]
    wanted = nn.fit(
        other, x, y, loss="cross_entropy", epochs=2, class_weight={0: 2.0, 2: 3.0}, validation=(x[-4:], y[-4:])
    )
    assert (history.losses, history.validation_losses) == (wanted.losses, wanted.validation_losses)


@pytest.mark.parametrize(
    ("loss", "n_out", "task"),
    [("binary_cross_entropy_with_logits", 1, "binary"), ("cross_entropy", 2, "classification"), ("hinge", 1, "binary"),
     ("mse", 1, "binary"), ("half_squared_error", 2, "classification")],
)  # fmt: skip
def test_two_classes_have_one_output_or_two(loss: str, n_out: int, task: str) -> None:
    model = nn.MLP(1, [n_out], seed=0)
    nn.fit(model, {"size": COLUMNS["size"], "colour": COLUMNS["colour"]}, "colour", loss=loss, epochs=1)
    assert isinstance(model.recipe, Recipe)
    assert (model.recipe.task, model.recipe.class_names) == (task, ("blue", "red"))


def test_numbers_are_classes_for_losses_of_classes_only() -> None:
    frame = {"x": COLUMNS["size"], "y": [0, 1, 2, 1] * 5}
    for loss, n_out, task in ("half_squared_error", 1, "regression"), ("cross_entropy", 3, "classification"):
        model = nn.MLP(1, [n_out], seed=0)
        nn.fit(model, frame, "y", loss=loss, epochs=1)
        assert isinstance(model.recipe, Recipe)
        assert model.recipe.task == task


def test_names_are_saved_loaded_inspected_predicted_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = price_model(COLUMNS)
    nn.save(model, tmp_path / "m.json", extra={"note": "mine"})
    loaded = nn.load(tmp_path / "m.json")
    assert loaded.feature_names == model.feature_names
    assert nn.predict(loaded, COLUMNS) == nn.predict(model, COLUMNS)
    assert nn.load_document(tmp_path / "m.json")[1]["note"] == "mine"
    (tmp_path / "new.csv").write_text("colour;size\nred;1,5\nblue;2\n")
    assert main(["inspect", str(tmp_path / "m.json")]) == 0
    assert "inputs: size, colour" in capsys.readouterr().out
    assert main(["predict", str(tmp_path / "m.json"), str(tmp_path / "new.csv")]) == 0
    answers = [float(line.split(",")[-1]) for line in capsys.readouterr().out.splitlines()[1:]]
    assert answers == nn.predict(model, {"colour": ["red", "blue"], "size": [1.5, 2.0]})
    assert "colour=blue" in model.draw().svg
    assert "a0[1]" not in model.draw().svg


def test_columns_in_another_order_and_further_ones_do_not_matter() -> None:
    model = price_model(COLUMNS)
    assert nn.predict(model, dict(reversed(COLUMNS.items()))) == nn.predict(model, COLUMNS)


def test_a_frame_of_numbers_with_separate_targets_gives_names_too() -> None:
    model = nn.MLP(2, [1], seed=0)
    nn.fit(model, {"a": [0.0, 1.0], "b": [1.0, 0.0]}, [1.0, 2.0], epochs=1)
    assert (model.feature_names, model.recipe) == (("a", "b"), None)
    assert nn.predict(model, {"b": [1.0], "c": ["x"], "a": [0.5]}) == nn.predict(model, [[0.5, 1.0]])
    with pytest.raises(nn.TableError, match="the model needs the column 'b'; the table has a"):
        nn.predict(model, {"a": [1.0]})
    assert nn.predict(nn.MLP(1, [1], seed=0), {"z": [2.0]}) == nn.predict(nn.MLP(1, [1], seed=0), [[2.0]])


@pytest.mark.parametrize(
    ("model", "frame", "target", "options", "words"),
    [
        (
            nn.MLP(2, [1]),
            COLUMNS,
            "price",
            {},
            r"has 6 features \(size, colour=blue, .*\), and the model takes 2; .*MLP\(6",
        ),
        (nn.MLP(1, [1]), {"x": [1, 2], "y": [1, 2]}, "z", {}, "unknown column 'z'"),
        (nn.MLP(1, [2]), {"x": [1, 2], "y": [1, 2]}, "y", {}, "'y' needs one output, and the model has 2"),
        (nn.MLP(1, [2]), {"x": [1, 2, 3], "y": list("abc")}, "y", {}, "3 classes need 3 outputs, and the model has 2"),
        (nn.MLP(1, [1]), {"x": [1, 2], "y": [1]}, "y", {}, "the columns differ in length .*'x' has 2, 'y' has 1"),
        (nn.MLP(1, [1]), {"x": [1, None], "y": [1, 2]}, "y", {}, "column 'x': missing value"),
        (nn.MLP(1, [1]), {"x": [1, 2], "y": ["a", "b"]}, "y", {"class_weight": {"c": 2.0}}, "unknown class 'c'"),
    ],
    ids=["inputs", "target", "one output", "classes", "lengths", "missing", "weights"],
)
def test_what_does_not_fit_is_said(
    model: nn.MLP, frame: dict[str, Any], target: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        nn.fit(model, frame, target, epochs=1, **options)


def test_a_frame_without_a_column_is_refused() -> None:
    with pytest.raises(nn.TableError, match="the model needs the column 'size'; the table has colour"):
        nn.predict(price_model(COLUMNS), {"colour": ["red"]})
