"""Files as people have them: each is read right, or refused by name (rows E2 to E5 and their kinds)."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.tabular.cells import TableError
from nn.tabular.columns import MAX_CATEGORIES, Column
from nn.tabular.formats import read_cells
from nn.tabular.numerals import SEPARATORS, AmbiguousError, Notation, notation_of
from nn.tabular.table import Table, read_table
from tests.nn.conftest import Write
from tests.support.examples import examples


def numbers(table: Table) -> tuple[list[list[float]], list[float]]:
    return table.x.tolist(), table.y.tolist()


# In each, x is 1.5, 2.5, 1200.5 and y is 200.5, 300, 1000.25.
SAME = ([[1.5], [2.5], [1200.5]], [200.5, 300.0, 1000.25])
SAME_NUMBERS = {
    "plain": "x,y\n1.5,200.5\n2.5,300\n1200.5,1000.25\n",
    "semicolons": "x;y\n1.5;200.5\n2.5;300\n1200.5;1000.25\n",
    "tabs": "x\ty\n1.5\t200.5\n2.5\t300\n1200.5\t1000.25\n",
    "bars": "x|y\n1.5|200.5\n2.5|300\n1200.5|1000.25\n",
    "decimal commas": "x;y\n1,5;200,5\n2,5;300\n1200,5;1000,25\n",
    "decimal commas, thousands by points": "x;y\n1,5;200,5\n2,5;300\n1.200,5;1.000,25\n",
    "decimal commas, thousands by spaces": "x;y\n1,5;200,5\n2,5;300\n1 200,5;1 000,25\n",
    "narrow no-break spaces": "x;y\n1,5;200,5\n2,5;300\n1\u202f200,5;1\u00a0000,25\n",
    "thousands by commas": 'x,y\n1.5,200.5\n2.5,300\n"1,200.5","1,000.25"\n',
    "thousands by apostrophes": "x;y\n1.5;200.5\n2.5;300\n1'200.5;1\u2019000.25\n",
    "quoted decimal commas": 'x,y\n"1,5","200,5"\n"2,5",300\n"1200,5","1000,25"\n',
    "sep line": "sep=;\nx;y\n1,5;200,5\n2,5;300\n1200,5;1000,25\n",
    "sep line, other case and line ends": "SEP=|\r\nx|y\r\n1.5|200.5\r\n2.5|300\r\n1200.5|1000.25\r\n",
    "currency before": "x;y\n1,5;€ 200,5\n2,5;€300\n1200,5;€ 1.000,25\n",
    "currency behind": "x;y\n1,5;200,5 EUR\n2,5;300 EUR\n1200,5;1.000,25 EUR\n",
    "percent": "x;y\n1,5 %;200,5\n2,5 %;300\n1200,5%;1000,25\n",
    "signs": "x,y\n+1.5,+200.5\n+2.5,300\n+1200.5,+1000.25\n",
    "exponents": "x,y\n15e-1,2005E-1\n2.5,3e2\n1.2005e3,1000.25\n",
    "blank lines and spaces": "\n x , y \n\n 1.5 , 200.5\n2.5,  300  \n1200.5,1000.25\n\n",
}


@pytest.mark.parametrize("name", SAME_NUMBERS)
def test_e2_e3_the_same_numbers_however_they_are_written(write: Write, name: str) -> None:
    table = read_table(write(SAME_NUMBERS[name]), "y")
    assert (table.task, *numbers(table)) == ("regression", *SAME)


ENCODED = {
    "byte order mark": codecs.BOM_UTF8 + "Größe;y\n1,5;a\n2;b\n".encode(),
    "UTF-16": "Größe;y\n1,5;a\n2;b\n".encode("utf-16"),
    "UTF-16, the other order": codecs.BOM_UTF16_BE + "Größe;y\n1,5;a\n2;b\n".encode("utf-16-be"),
    "UTF-32": "Größe;y\n1,5;a\n2;b\n".encode("utf-32"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_byte_order_marks_tell_the_encoding(write: Write, name: str) -> None:
    table = read_table(write(ENCODED[name]), "y")
    assert (table.feature_names, table.x.tolist()) == (("Größe",), [[1.5], [2.0]])


def test_an_encoding_can_be_given_and_a_wrong_one_is_named(write: Write) -> None:
    path = write("Größe;y\n1,5;a\n2;b\n".encode("cp1252"))
    assert read_table(path, "y", encoding="cp1252").feature_names == ("Größe",)
    with pytest.raises(TableError, match=r"line 1: not UTF-8 text \(byte 0xf6\).*--encoding cp1252"):
        read_table(path, "y")
    with pytest.raises(TableError, match="line 1: not ASCII text"):
        read_table(path, "y", encoding="ascii")


# --- numbers that could be two ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x;y\n1,200;a\n2,300;b\n", "x\ty\n1,200\ta\n900\tb\n"])
def test_e2_what_may_be_two_numbers_is_refused_by_name(write: Write, text: str) -> None:
    path = write(text)
    with pytest.raises(TableError, match=r"line 2, column 'x': '1,200' may be 1\.2 or 1200; say which with --decimal"):
        read_table(path, "y")
    assert read_table(path, "y", decimal=",").x[0, 0] == 1.2
    assert read_table(path, "y", decimal=".").x[0, 0] == 1200.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x;z;y\n1,200;1,5;a\n2,300;2,5;b\n", 1.2),  # the other column has decimal commas
        ("x;z;y\n1,200;1.5;a\n2,300;2.5;b\n", 1200.0),  # it has points
        ("x;z;y\n1.200;1,5;a\n2.300;2,5;b\n", 1200.0),
        ("x;z;y\n1.200;3;a\n2.300;4;b\n", 1.2),
        ('x,y\n"1,200",a\n"2,300",b\n', 1200.0),  # commas are between cells, so not before decimals
        ("x;y\n1,200,000;a\n2,300;b\n", 1200000.0),
        ("x;y\n12,34,567;a\n2,300;b\n", 1234567.0),  # as in India
    ],
)
def test_e2_the_rest_of_the_file_decides(write: Write, text: str, expected: float) -> None:
    assert read_table(write(text), "y").x[0, 0] == expected


@given(st.data())
@examples(50)
def test_numbers_are_read_in_the_notation_that_they_were_written_in(data: st.DataObject) -> None:
    decimal = data.draw(st.sampled_from(sorted(SEPARATORS)))
    thousands = data.draw(st.sampled_from(SEPARATORS[decimal]))
    unit = data.draw(st.sampled_from(["", "%", "€", " USD"]))
    hundredths = data.draw(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=5))

    def written(n: int) -> str:
        marks = str.maketrans({",": thousands, ".": decimal})
        return f"{n / 100:,.2f}".translate(marks) + unit

    texts = [written(n) for n in hundredths]
    notation = notation_of(texts)
    assert notation is not None
    assert [notation.read(text) for text in texts] == [n / 100 for n in hundredths]


def readings(text: str) -> set[float | None]:
    """What a text is with each decimal mark, with and without thousands."""
    notations = [Notation(mark, between) for mark in SEPARATORS for between in ("", *SEPARATORS[mark])]
    return {notation.read(text) for notation in notations} - {None}


@given(st.lists(st.from_regex(r"[0-9]{1,3}(,[0-9]{1,3}){1,2}", fullmatch=True), min_size=1, max_size=4))
@examples(100)
def test_a_number_with_a_comma_is_not_guessed(texts: list[str]) -> None:
    able = {text: readings(text) for text in texts}
    try:
        found = notation_of(texts)
    except AmbiguousError as error:
        assert len(able[error.text]) == 2  # noqa: PT017 (either outcome is right for some texts)
        return
    decided = found is None or any(len(each) != 2 for each in able.values())
    assert decided


@pytest.mark.parametrize("text", ["(1,200.50)", "-$1,200.50", "$-1,200.50", "\u22121,200.50"])
def test_negative_amounts(text: str) -> None:
    notation = notation_of([text, "$3.00" if "$" in text else "3.00"])
    assert notation is not None
    assert notation.read(text) == -1200.5


def test_two_units_in_a_column_are_not_numbers(write: Write) -> None:
    with pytest.raises(TableError, match=r"line 4, column 'x': '\$3' is not a number like the others \(in €\)"):
        read_table(write("x,y\n€1,a\n€2,b\n$3,c\n"), "y")


# --- kinds of columns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("2026-11-28 2026-11-30", [20785, 20787]),
        ("2026-11-28T12:00 2026-11-30T00:00:00Z", [20785.5, 20787]),
        ("28.11.2026 30.11.2026", [20785, 20787]),
        ("28/11/2026 30/11/2026", [20785, 20787]),
        ("11/28/2026 11/30/2026", [20785, 20787]),
        ("2026/11/28 2026/11/30", [20785, 20787]),
    ],
)
def test_dates_are_days(write: Write, texts: str, expected: list[float]) -> None:
    first, second = texts.split()
    assert read_table(write(f"x,y\n{first},a\n{second},b\n"), "y").x[:, 0].tolist() == expected


def test_a_date_with_the_day_or_the_month_first_is_refused_by_name(write: Write) -> None:
    with pytest.raises(TableError, match="line 2, column 'x': '03/04/2026' may have the day or the month first"):
        read_table(write("x,y\n03/04/2026,a\n05/06/2026,b\n"), "y")


@pytest.mark.parametrize("pair", ["no yes", "False TRUE", "n Y", "off on", "nein ja"])
def test_yes_and_no_are_one_feature(write: Write, pair: str) -> None:
    no, yes = pair.split()
    table = read_table(write(f"x,y\n{no},a\n{yes},b\n{yes.swapcase()},b\n"), "y")
    assert (table.x.tolist(), table.feature_names) == ([[0.0], [1.0], [1.0]], (f"x={yes.casefold()}",))


MISSING_WORDS = ["", "NA", "n/a", "NaN", "null", "None", "?", "-", "#N/A", "<NA>"]


@pytest.mark.parametrize("word", MISSING_WORDS)
def test_markers_of_missing_values(write: Write, word: str) -> None:
    path = write(f"x,z,y\n1,2,a\n{word},3,b\n3,5,b\n")
    with pytest.raises(TableError, match="line 3, column 'x': missing value"):
        read_table(path, "y")
    assert read_table(path, "y", drop_missing=True).x.tolist() == [[1, 2], [3, 5]]


def test_other_words_for_missing_values_can_be_given(write: Write) -> None:
    path = write("x,y\n1,a\n-999,b\n3,b\n")
    assert read_table(path, "y", missing=["-999"], drop_missing=True).x.tolist() == [[1], [3]]


LEFT_OUT = {
    "the same in every row": ("k", "it is 'k' in every row", "k", "k", "k"),
    "an identifier": ("customer_id", "it numbers the rows", "7", "8", "9"),
    "a copy of another column": ("twin", "it is the same as 'x'", "1", "3.0", "2"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_e5_columns_that_say_nothing_are_left_out_unless_they_are_kept(write: Write, name: str) -> None:
    column, reason, *texts = LEFT_OUT[name]
    rows = "".join(f"{x},{text},{y}\n" for x, text, y in zip("132", texts, "abb", strict=True))
    path = write(f"x,{column},y\n{rows}")
    table = read_table(path, "y")
    assert (table.feature_names, table.left_out) == (("x",), {column: reason})
    assert f"left out: {reason} (--keep to use it)" in "\n".join(table.understood())
    assert len(read_table(path, "y", keep=[column]).columns) == 2


def test_names_of_rows_are_left_out(write: Write) -> None:
    rows = "".join(f"name{i},{i * i},{i % 2}\n" for i in range(MAX_CATEGORIES + 1))
    assert read_table(write("who,x,y\n" + rows), "y").left_out == {"who": "every row has another text"}


def test_e5_a_column_that_numbers_the_rows_under_another_name_is_a_hint(write: Write) -> None:
    table = read_table(write("year,y\n2001,a\n2002,b\n2003,b\n"), "y")
    assert table.feature_names == ("year",)
    assert "column 'year' numbers the rows" in next(table.hints())


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([150 + 10 * i for i in range(11)], "regression"),  # prices, all different
        ([100, 200, 300] * 9, "regression"),  # far from each other
        ([3, 4, 5, 6, 7, 8] * 3, "classification"),  # grades
        ([2, 4] * 5, "classification"),
        ([0, 1], "binary"),
        ([-1, 1, 1], "binary"),
        ([1, 2, 3], "regression"),
        ([0.5, 1.0] * 9, "regression"),
    ],
)
def test_e4_few_integers_are_classes_if_they_look_like_labels(write: Write, values: list[float], task: str) -> None:
    rows = "".join(f"{i * i},{value}\n" for i, value in enumerate(values))
    found = read_table(write("x,y\n" + rows), "y").task
    assert found == task or (task == "classification" and found == "binary")


def test_each_guess_can_be_overruled(write: Write) -> None:
    path = write("zip,size,y\n10115,1,a\n20095,2,b\n10115,1.5,b\n")
    table = read_table(path, "y", categories=["zip", "size"])
    assert table.feature_names == ("zip=10115", "zip=20095", "size=1", "size=1.5", "size=2")
    with pytest.raises(TableError, match="line 2, column 'y': 'a' is not a number"):
        read_table(path, "size", numbers=["y"])
    with pytest.raises(TableError, match=r"column 'size': '1' is not a date|column 'size'"):
        read_table(path, "y", dates=["size"])
    with pytest.raises(ValueError, match="column 'zip' is asked for as a number and as a category"):
        read_table(path, "y", numbers=["zip"], categories=["zip"])


# --- other files ------------------------------------------------------------------------------------------------------

RECORDS = [{"x": 1.5, "colour": "red", "y": 0}, {"x": 2.5, "colour": "dark, green", "y": 1}]
EXPECTED = ([[1.5, 0.0, 1.0], [2.5, 1.0, 0.0]], [0, 1])


def test_json_lines(write: Write) -> None:
    text = '{"x": 1.5, "colour": "red", "y": 0}\n\n{"x": 2.5, "y": 1, "colour": "dark, green"}\n'
    assert numbers(read_table(write(text, "t.jsonl"), "y")) == EXPECTED
    as_list = '[{"x": 1.5, "colour": "red", "y": 0}, {"x": 2.5, "colour": "dark, green", "y": 1}]'
    assert numbers(read_table(write(as_list, "t.json"), "y")) == EXPECTED


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ('{"x": 1}\n[2]\n', "t.jsonl", r"t\.jsonl line 2: expected an object"),
        ('{"x": 1}\n{"x": \n', "t.jsonl", r"t\.jsonl line 2: not JSON"),
        ('{"x": [1, 2], "y": 3}\n', "t.jsonl", "column 'x': a cell holds a list"),
        ("{}", "t.json", "expected a list of objects"),
        ("[" * 100_000, "t.json", "not JSON"),
        ("", "t.jsonl", "the file is empty"),
        (b"PK\x03\x04 damaged", "t.xlsx", r"not an \.xlsx file, or damaged"),
        (b"PAR1 damaged", "t.parquet", "not a Parquet file, or damaged"),
    ],
)
def test_damaged_files_of_other_formats_are_named(write: Write, text: str | bytes, name: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_table(write(text, name), "y")


def test_excel(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [list(RECORDS[0]), *[list(each.values()) for each in RECORDS]]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert numbers(read_table(tmp_path / "t.xlsx", "y")) == EXPECTED


def frames() -> list[tuple[str, Callable[[], Any]]]:
    def pandas() -> Any:
        return pytest.importorskip("pandas").DataFrame(RECORDS)

    def polars() -> Any:
        return pytest.importorskip("polars").DataFrame(RECORDS)

    def pyarrow() -> Any:
        return pytest.importorskip("pyarrow").Table.from_pylist(RECORDS)

    return [("pandas", pandas), ("polars", polars), ("pyarrow", pyarrow)]


@pytest.mark.parametrize(("name", "make"), frames(), ids=["pandas", "polars", "pyarrow"])
def test_data_frames(name: str, make: Callable[[], Any], tmp_path: Path) -> None:
    frame = make()
    table = read_table(frame, "y")
    assert numbers(table) == EXPECTED
    if name == "pyarrow":
        pytest.importorskip("pyarrow.parquet").write_table(frame, tmp_path / "t.parquet")
        assert numbers(read_table(tmp_path / "t.parquet", "y")) == EXPECTED


def test_missing_values_of_a_data_frame_are_missing_cells() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1.0, None, 3.0], "when": pandas.to_datetime(["2026-01-01", None, "2026-01-03"])})
    cells = read_cells(frame)
    assert [cells.is_missing(text) for text in (*cells.column("x"), *cells.column("when"))] == [False, True, False] * 2


def test_what_is_not_a_table_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a table is a path or a data frame with columns, got a int"):
        read_table(3, "y")  # type: ignore[arg-type]


# --- the same columns in new files ------------------------------------------------------------------------------------


def test_a_new_file_may_be_written_in_another_notation(write: Write) -> None:
    column = Column("x", notation=Notation(","))
    for text in ("x;z\n1,5;0\n2,5;0\n", "x,z\n1.5,0\n2.5,0\n"):
        np.testing.assert_array_equal(column.encode(read_cells(write(text)))[:, 0], [1.5, 2.5])
    # One number says nothing by itself: it is read as those that the model was trained on.
    np.testing.assert_array_equal(column.encode(read_cells(write("x;z\n1,250;0\n")))[:, 0], [1.25])
