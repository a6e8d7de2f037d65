"""Reading a user's CSV: what it becomes, and every way it can be wrong, by line, column and cell."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nn.layers.mlp import MLP
from nn.lookup import look_up
from nn.persistence.documents import StorageError
from nn.tabular.csv import MISSING, Cells, Row, TableError, _check_header, as_number, read_cells
from nn.tabular.preprocessing import Recipe, RecipeError, Scaling
from nn.tabular.table import Column, encode, read_table

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to_file


# --- what a table becomes ---------------------------------------------------------------------------------------------


@given(
    arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.floats(-1e300, 1e300), unique=True)
)
@settings(max_examples=30)
def test_numbers_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, x: np.ndarray[Any, Any]) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*(f"c{j}" for j in range(x.shape[1])), "y"])
        table.writerows([*map(repr, row.tolist()), repr(i + 0.5)] for i, row in enumerate(x))
    read = read_table(path, "y")
    np.testing.assert_array_equal(read.x, x)
    assert (read.task, read.class_names, read.y.tolist()) == ("regression", None, [i + 0.5 for i in range(len(x))])


def test_texts_become_one_column_per_category(write: Write) -> None:
    table = read_table(write("size,colour,y\n1,red,a\n2,blue,b\n3,red,c\n"), "y")
    assert table.feature_names == ("size", "colour=blue", "colour=red")
    assert table.x.tolist() == [[1, 0, 1], [2, 1, 0], [3, 0, 1]]
    assert (table.class_names, table.y.tolist(), table.task) == (("a", "b", "c"), [0, 1, 2], "classification")


@pytest.mark.parametrize("text", ["a;b\n1,5;x\n2;y\n", "a\tb\n1,5\tx\n2\ty\n", '\ufeff"a";b\n\n1,5;x\r\n2;y\n\n'])
def test_delimiters_quotes_byte_order_marks_and_blank_lines(write: Write, text: str) -> None:
    cells = read_cells(write(text))
    assert (cells.header, [row.cells for row in cells.rows]) == (("a", "b"), [("1,5", "x"), ("2", "y")])


def test_a_quoted_cell_may_hold_delimiters_and_line_ends(write: Write) -> None:
    cells = read_cells(write('"a,b",c\n"1\n2",3\nx,4\n'))
    assert cells.header == ("a,b", "c")
    assert [(row.line, row.cells) for row in cells.rows] == [(3, ("1\n2", "3")), (4, ("x", "4"))]


@pytest.mark.parametrize(
    ("values", "task", "expected", "names"),
    [
        ("no yes no", None, "binary", ("no", "yes")),
        ("1 2 10", None, "classification", ("1", "2", "10")),
        ("1.0 01 2", None, "binary", ("1", "2")),
        ("1.5 2 10", None, "regression", None),
        ("1 2 10", "regression", "regression", None),
        ("1.5 2 10", "classification", "classification", ("1.5", "2", "10")),
    ],
)
def test_the_target_tells_the_task(write: Write, values: str, task: Any, expected: str, names: Any) -> None:
    path = write("x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values.split())))
    table = read_table(path, "y", task=task)
    assert (table.task, table.class_names) == (expected, names)


def test_more_than_twenty_whole_numbers_are_numbers(write: Write) -> None:
    path = write("x,y\n" + "".join(f"{-i},{i}\n" for i in range(21)))
    assert read_table(path, "y").task == "regression"
    path = write("x,y\n" + "".join(f"{-i},{i}\n" for i in range(20)))
    assert read_table(path, "y").task == "classification"


def test_columns_can_be_ignored_and_rows_with_gaps_left_out(write: Write) -> None:
    path = write("id,x,y\nr1,1,a\nr2,,b\n,3,b\nr4,4,NA\nr5,5,a\n")
    table = read_table(path, "y", ignore=["id"], drop_missing=True)
    assert (table.x.tolist(), table.y.tolist(), table.dropped) == ([[1], [3], [5]], [0, 1, 0], 2)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_as_python_writes_it(number: float) -> None:
    assert as_number(repr(number)) == number


@pytest.mark.parametrize("text", ["", "1_0", "0x1", "inf", "nan", "1e999", "１", "1.2.3", "1,5", "+", "e5", "yes"])
def test_what_is_no_number(text: str) -> None:
    assert as_number(text) is None


# --- what is wrong with a table ---------------------------------------------------------------------------------------

MANY_TEXTS = "x,y\n" + "".join(f"name{i},{i % 2}\n" for i in range(21))
MANY_CLASSES = "x,y\n" + "".join(f"{i},name{i}\n" for i in range(101))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("\n \n", "column 1 has no name"),
        ("x,y\n", "a header but no row"),
        ("x,x,y\n1,2,3\n", "line 1: two columns are called 'x'"),
        ("x,,y\n1,2,3\n", "line 1: column 2 has no name"),
        ("x,y\n1,2\n1,2,3\n", "line 3: 3 cells, but the header has 2 columns; the row begins '1, 2, 3'"),
        ("x,y\n1,2\n1\n", "line 3: 1 cells"),
        ("x;y,z\n1;2,3\n", "as many commas as semicolons"),
        ('x,y\n1,"2\n', "line 2: .*check the quotes"),
        ("x,y\n1,2.5\n2,3.5\nthree,4.5\n", "line 4, column 'x': 'three' is not a number"),
        (
            "x;y\n1;2.5\n2;3.5\n1,5;4.5\n",
            r"line 4, column 'x': '1,5' is not a number \(decimal comma\? write a point\)",
        ),
        ("x,y\n1,2.5\n2,3.5\n3,high\n", "line 4, column 'y': 'high' is not a number"),
        ("x,y\n1,a\n,b\n", "line 3, column 'x': missing value .*--drop-missing"),
        ("x,y\n1,a\n2,?\n", r"line 3, column 'y': missing value \('\?'\)"),
        ("x,z,y\n1,5,a\n2,5.0,b\n", "column 'z' is '5' in every row .*--ignore it"),
        ("x,z,y\n1,k,a\n2,k,b\n", "column 'z' is 'k' in every row"),
        ("x,y\n1,a\n2,a\n", "only one class, 'a'"),
        ("x,y\n1,2.5\n2,2.5\n", "target 'y' is '2.5' in every row"),
        ("y\na\nb\n", "no column is left to learn from"),
        ("x,z\n1,2\n", "unknown column 'y'.*Known: x, z"),
        ("x,Y\n1,2\n", "unknown column 'y'; did you mean|unknown column 'y'.*Known: x, Y"),
        (MANY_TEXTS, r"column 'x' has 21 different texts \(name0, name1, name10, …\), more than 20; .*--ignore"),
        (MANY_CLASSES, r"'y' has 101 classes .*more than 100; is it the right column\?.*--task regression"),
        (b"x,y\n1,caf\xe9\n", r"line 2: not UTF-8 text \(byte 0xe9\); save the file as CSV UTF-8"),
        ("x,y\n1,2\n".encode("utf-16"), "line 1: not UTF-8 text"),
    ],
)
def test_trouble_is_told_by_line_column_and_cell(write: Write, text: str | bytes, words: str) -> None:
    path = write(text)
    with pytest.raises(TableError, match=words) as caught:
        read_table(path, "y")
    assert str(path) in str(caught.value)


def test_a_target_is_suggested_for_a_typing_error(write: Write) -> None:
    with pytest.raises(TableError, match=r"unknown column 'specis'; did you mean 'species'\? Known: x, species"):
        read_table(write("x,species\n1,a\n2,b\n"), "specis")


def test_dropping_everything_is_refused(write: Write) -> None:
    with pytest.raises(TableError, match="no row is left"):
        read_table(write("x,y\n,a\n2,\n"), "y", drop_missing=True)


def test_text_is_no_number_to_predict(write: Write) -> None:
    with pytest.raises(TableError, match="line 2, column 'y': 'a' is not a number"):
        read_table(write("x,y\n1,a\n2,b\n"), "y", task="regression")


@given(st.binary(max_size=60))
@settings(max_examples=60)
def test_any_bytes_are_a_table_or_a_table_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(b"x,y\n1,a\n" + data)
    try:
        table = read_table(path, "y")
    except TableError:
        return
    assert np.isfinite(table.x).all()
    assert len(table.x) == len(table.y) > 1


def test_words_for_missing_are_lower_case_as_they_are_compared() -> None:
    assert {word.casefold() for word in MISSING} == MISSING


class Counted(str):
    """A name that counts how often any of its kind is compared or hashed."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Counted.asked += 1
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        Counted.asked += 1
        return str.__hash__(self)


def test_f19_a_wide_header_is_looked_at_a_few_times_for_each_column(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = tuple(Counted(f"c{i}") for i in range(2000))
    row = Row(2, ("1",) * len(wide))
    monkeypatch.setattr(Counted, "asked", 0)
    _check_header("t.csv", Row(1, wide))
    cells = Cells("t.csv", wide, (row,))
    for name in wide:
        cells.column(name)
    # In the set of names seen: looked up, and put in. In the table of places: put in, and looked up twice.
    assert Counted.asked <= 8 * len(wide)


def test_f19_a_known_name_is_found_without_listing_the_others() -> None:
    class Unlisted(dict[str, int]):
        def __iter__(self) -> Any:
            raise AssertionError("listed")

    assert look_up(Unlisted(a=1), "a", "column") == 1


# --- reading more of the same -----------------------------------------------------------------------------------------


def test_new_rows_are_read_by_column_name(write: Write) -> None:
    columns = (Column("x"), Column("colour", ("blue", "red")))
    cells = read_cells(write("colour,more,x\nred,?,2\nblue,?,3\n"))
    assert encode(cells, columns).tolist() == [[2, 0, 1], [3, 1, 0]]


def test_an_unknown_category_is_told_with_the_known_ones(write: Write) -> None:
    cells = read_cells(write("colour\nred\npink\n"))
    with pytest.raises(TableError, match="line 3, column 'colour': 'pink' is none of the known categories blue, red"):
        encode(cells, [Column("colour", ("blue", "red"))])


@given(arrays(np.float64, (5, 2), elements=st.floats(-1e6, 1e6)))
def test_scaling_is_undone(x: np.ndarray[Any, Any]) -> None:
    scaling = Scaling.of(x)
    # Three roundings of numbers no larger than |x| + |mean| <= 2e6.
    np.testing.assert_allclose(scaling.undo(scaling.apply(x)), x, rtol=0, atol=3 * 2e6 * 2.3e-16)


@given(arrays(np.float64, (6,), elements=st.integers(-1000, 1000), unique=True))
def test_scaled_columns_have_mean_0_and_deviation_1(x: np.ndarray[Any, Any]) -> None:
    scaled = Scaling.of(x[:, None]).apply(x[:, None])
    # Whole numbers up to 1000 with a deviation of at least 1: the mean is off by at most 6 roundings of 1000.
    assert abs(scaled.mean()) < 1e-11
    assert scaled.std() == pytest.approx(1.0, abs=1e-11)


RECIPE = Recipe(
    task="classification",
    loss="cross_entropy",
    target="y",
    columns=(Column("x"), Column("colour", ("blue", "red"))),
    class_names=("a", "b", "c"),
    x_scaling=Scaling((0.1, 0.2, 0.3), (1.0, 2.0, 3.0)),
    y_scaling=Scaling.none(1),
    training={
        "data": "t",
        "samples": 9,
        "options": {"lr": 0.1, "patience": None},
        "stopped": "epochs",
        "epochs": 3,
        "best_epoch": 2,
        "score": {"metric": "accuracy", "value": 0.5, "samples": 2, "held_out": True},
    },
)


def test_a_recipe_survives_json() -> None:
    stored = RECIPE.to_json()
    assert json.loads(json.dumps(stored)) == stored
    assert Recipe.from_json(stored) == RECIPE


@pytest.mark.parametrize("part", RECIPE.to_json())
def test_a_recipe_with_a_part_missing_or_damaged_is_refused(part: str) -> None:
    stored = RECIPE.to_json()
    with pytest.raises(RecipeError, match=f"'{part}' is missing"):
        Recipe.from_json({key: value for key, value in stored.items() if key != part})
    with pytest.raises(StorageError, match=rf"^m\.json: extra\.{part}: expected .*, got 7; train it again"):
        Recipe.from_json(stored | {part: 7}, "m.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": [{"name": "x"}]}, r"extra.columns\[0\].categories: is missing"),
        ({"columns": []}, "extra.columns: expected a list of at least 1"),
        ({"columns": [{"name": "y", "categories": ["a", "b", "c"]}]}, "extra.columns: two have one name"),
        ({"columns": [{"name": "x", "categories": ["a", "b", "b"]}]}, r"columns\[0\].categories: two are the same"),
        ({"x_scaling": {"mean": [0.0], "std": [1.0]}}, "extra.x_scaling.mean: expected 3 numbers, got 1"),
        ({"x_scaling": {"mean": [0.0] * 3, "std": [1.0, 0.0, 1.0]}}, r"x_scaling.std\[1\]: expected a number above 0"),
        ({"x_scaling": {"mean": [0.0, math.nan, 0.0], "std": [1.0] * 3}}, r"mean\[1\]: expected a finite number"),
        ({"y_scaling": {"mean": [], "std": []}}, "extra.y_scaling.mean: expected 1 numbers, got 0"),
        ({"class_names": ["a"]}, "extra.class_names: 1 for 'classification'"),
        ({"class_names": ["a", "a"]}, "extra.class_names: 2 for 'classification'"),
        ({"task": "binary"}, "extra.class_names: 3 for 'binary'"),
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
