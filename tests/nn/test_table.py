"""Reading CSV files: the samples they become, and error messages with line, column and cell."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nn.lookup import look_up
from nn.tabular.cells import MISSING, Cells, Row, TableError, _check_header
from nn.tabular.columns import Column
from nn.tabular.csv import read_cells
from nn.tabular.numerals import LARGEST, as_number
from nn.tabular.table import encode, read_table
from tests.nn.conftest import Write
from tests.support.examples import examples

# --- valid tables -----------------------------------------------------------------------------------------------------


@given(
    arrays(
        np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.floats(-LARGEST, LARGEST), unique=True
    )
)
@examples(30)
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
        ("1 2 3 1 2 3", None, "classification", ("1", "2", "3")),
        ("1 2 10", None, "regression", None),
        ("1.0 01 2", None, "binary", ("1", "2")),
        ("1.5 2 10", None, "regression", None),
        ("1 2 10", "regression", "regression", None),
        ("1.5 2 10", "classification", "classification", ("1.5", "2", "10")),
    ],
)
def test_the_task_is_inferred_from_the_target(write: Write, values: str, task: Any, expected: str, names: Any) -> None:
    path = write("x,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values.split())))
    table = read_table(path, "y", task=task)
    assert (table.task, table.class_names) == (expected, names)


def test_more_than_twenty_integers_are_a_regression(write: Write) -> None:
    path = write("x,y\n" + "".join(f"{-i},{i % 21}\n" for i in range(60)))
    assert read_table(path, "y").task == "regression"
    path = write("x,y\n" + "".join(f"{-i},{i % 20}\n" for i in range(60)))
    assert read_table(path, "y").task == "classification"


def test_columns_can_be_ignored_and_rows_with_gaps_left_out(write: Write) -> None:
    path = write("id,x,y\nr1,1,a\nr2,,b\n,3,b\nr4,4,NA\nr5,5,a\n")
    table = read_table(path, "y", ignore=["id"], drop_missing=True)
    assert (table.x.tolist(), table.y.tolist(), table.dropped) == ([[1], [3], [5]], [0, 1, 0], 2)


@given(st.floats(-LARGEST, LARGEST))
def test_every_float_is_read_as_python_writes_it(number: float) -> None:
    assert as_number(repr(number)) == number


@pytest.mark.parametrize(
    "text", ["", "1_0", "0x1", "inf", "nan", "1e999", "-1e151", "１", "1.2.3", "1,5", "+", "e5", "yes"]
)
def test_texts_that_are_not_numbers(text: str) -> None:
    assert as_number(text) is None


# --- errors in tables -------------------------------------------------------------------------------------------------

MANY_TEXTS = "x,y\n" + "".join(f"name{i % 21},{i % 2}\n" for i in range(40))
MANY_CLASSES = "x,y\n" + "".join(f"{i},name{i}\n" for i in range(101))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("\n \n", "column 1 has no name"),
        ("x,y\n", "a header but no row"),
        ("x,x,y\n1,2,3\n", "line 1: two columns are named 'x'"),
        ("x,,y\n1,2,3\n", "line 1: column 2 has no name"),
        ("x,y\n1,2\n1,2,3\n", "line 3: 3 cells, but the header has 2 columns; the row begins '1, 2, 3'"),
        ("x,y\n1,2\n1\n", "line 3: 1 cell,"),
        ("x;y,z\n1;2,3\n", "as many commas as semicolons"),
        ('x,y\n1,"2\n', "line 2: .*check the quotes"),
        ("x,y\n1,2.5\n2,3.5\nthree,4.5\n", "line 4, column 'x': 'three' is not a number"),
        ("x;y\n1.5;2.5\n2.5;3.5\n1,5;4.5\n", "line 4, column 'x': '1,5' is not a number; correct it"),
        ("x,y\n1,2.5\n2,3.5\n3,high\n", "line 4, column 'y': 'high' is not a number"),
        ("x,y\n1,a\n,b\n", "line 3, column 'x': missing value .*--drop-missing"),
        ("x,y\n1,a\n2,?\n", r"line 3, column 'y': missing value \('\?'\)"),
        ("x,y\n1,a\n2,a\n", "only one class, 'a'"),
        ("x,y\n1,2.5\n2,2.5\n", "target 'y' is '2.5' in every row"),
        ("y\na\nb\n", "there is no column to predict the target 'y' from"),
        ("x,z\n1,2\n", "unknown column 'y'.*Known: x, z"),
        ("x,Y\n1,2\n", "unknown column 'y'; did you mean|unknown column 'y'.*Known: x, Y"),
        (MANY_TEXTS, r"column 'x' has 21 different texts \('name0', 'name1', 'name10', …\), more than 20; .*--ignore"),
        (MANY_CLASSES, r"'y' has 101 classes .*more than 100; is it the right column\?.*--task regression"),
        (b"x,y\n1,caf\xe9\n", r"line 2: not UTF-8 text \(byte 0xe9\); save the file as CSV UTF-8"),
        ("x,y\n1,2\n".encode("utf-16-le"), "line 1: the text has null characters; .* --encoding utf-16-le"),
    ],
)
def test_error_messages_name_line_column_and_cell(write: Write, text: str | bytes, words: str) -> None:
    path = write(text)
    with pytest.raises(TableError, match=words) as caught:
        read_table(path, "y")
    assert str(path) in str(caught.value)


def test_a_target_is_suggested_for_a_typo(write: Write) -> None:
    with pytest.raises(TableError, match=r"unknown column 'specis'; did you mean 'species'\? Known: x, species"):
        read_table(write("x,species\n1,a\n2,b\n"), "specis")


def test_dropping_everything_is_refused(write: Write) -> None:
    with pytest.raises(TableError, match="every row has a missing value"):
        read_table(write("x,y\n,a\n2,\n"), "y", drop_missing=True)


def test_a_text_target_is_not_a_regression(write: Write) -> None:
    with pytest.raises(TableError, match="line 2, column 'y': 'a' is not a number"):
        read_table(write("x,y\n1,a\n2,b\n"), "y", task="regression")


@given(st.binary(max_size=60))
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
    """A name that counts comparisons and hashes of all its instances."""

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
    # In the set of names seen: looked up and added. In the table of positions: added and looked up twice.
    assert Counted.asked <= 8 * len(wide)


def test_f19_a_known_name_is_found_without_listing_the_others() -> None:
    class Unlisted(dict[str, int]):
        def __iter__(self) -> Any:
            raise AssertionError("listed")

    assert look_up(Unlisted(a=1), "a", "column") == 1


# --- new rows ---------------------------------------------------------------------------------------------------------


def test_new_rows_are_read_by_column_name(write: Write) -> None:
    columns = (Column("x"), Column("colour", ("blue", "red")))
    cells = read_cells(write("colour,more,x\nred,?,2\nblue,?,3\n"))
    assert encode(cells, columns).tolist() == [[2, 0, 1], [3, 1, 0]]


def test_an_unknown_category_is_reported_with_the_known_ones(write: Write) -> None:
    cells = read_cells(write("colour\nred\npink\n"))
    with pytest.raises(
        TableError, match="line 3, column 'colour': 'pink' is not one of the known categories 'blue', 'red'"
    ):
        encode(cells, [Column("colour", ("blue", "red"))])
