"""More files as people have them, each read right or refused by name (rows E2 to E5, F19 and their kinds)."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from nn.tabular.cells import Reading, TableError
from nn.tabular.columns import Column
from nn.tabular.content import Source, content
from nn.tabular.formats import read_cells
from nn.tabular.numerals import Notation
from nn.tabular.table import read_table
from nn.tabular.understood import read_like
from tests.nn.conftest import Write

# What is in the column x of a table, and its numbers.
READ_RIGHT = {
    "Arabic digits": ("١٢ ٣٫٥ -٤", [12.0, 3.5, -4.0]),
    "full-width digits": ("１２ ３．５ －４", [12.0, 3.5, None]),
    "a dash for a minus sign": ("–6 5 −4", [-6.0, 5.0, -4.0]),
    "dates with dashes, day first": ("28-11-2026 30-11-2026", [20785.0, 20787.0]),
    "dates with dashes, month first": ("11-28-2026 11-30-2026", [20785.0, 20787.0]),
    "afternoon": ("11/28/2026_6:00_PM 11/30/2026_12:00_AM", [20785.75, 20787.0]),
}


@pytest.mark.parametrize("name", READ_RIGHT)
def test_e2_numbers_and_dates_in_other_scripts_and_forms(write: Write, name: str) -> None:
    texts, numbers = READ_RIGHT[name]
    kept = [text for text, number in zip(texts.split(), numbers, strict=True) if number is not None]
    rows = "".join(f"{text.replace('_', ' ')},{i + 0.5}\n" for i, text in enumerate(kept))
    table = read_table(write("x,y\n" + rows), "y")
    assert table.x[:, 0].tolist() == [number for number in numbers if number is not None]


REFUSED = {
    "a fraction among percentages": ("12% 0.155 3%", r"'0\.155' is not a number like the others \(percent\)"),
    "a percentage among fractions": ("0.12 0.155 3%", r"'0\.12' is not a number like the others \(percent\)"),
    "infinities": ("1 inf -inf", r"'inf' is beyond ±1e\+150"),
    "an impossible date": ("2026-02-27 2026-02-30 2026-02-28", "'2026-02-30' is not a date like the others"),
    "dates in two formats": ("2026-11-28 30.11.2026 2026-12-01", "'30.11.2026' is not a date like the others"),
    "days or months first": ("03-04-2026 05-06-2026", "'03-04-2026' may have the day or the month first"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_e2_cells_that_do_not_go_with_the_others_are_refused(write: Write, name: str) -> None:
    texts, words = REFUSED[name]
    rows = "".join(f"{text},{i + 0.5}\n" for i, text in enumerate(texts.split()))
    path = write("x,y\n" + rows)
    with pytest.raises(TableError, match=f"line [234], column 'x': {words}"):
        read_table(path, "y")
    assert read_table(path, "y", categories=["x"]).columns[0].kind == "category"


@pytest.mark.parametrize(
    ("trained", "new", "number"),
    [
        ("%", "12 %", 12.0),
        ("%", "0.12", None),
        ("", "12 %", None),
        ("€", "$12", None),
        ("€", "12", 12.0),
        ("", "€12", 12.0),
    ],
)
def test_e2_a_new_file_has_the_unit_of_the_training(write: Write, trained: str, new: str, number: float | None) -> None:
    problems: list[str] = []
    cells = read_cells(write(f"x,z\n{new},0\n"))
    encoded = Column("x", notation=Notation(unit=trained)).encode(cells, lambda _, problem: problems.append(problem))
    expected = float("nan") if number is None else number
    np.testing.assert_array_equal(encoded, [[expected]])
    assert len(problems) == (number is None)


MISSING_WORDS = ["–", "n.a.", "\\N", "NaT", "-NaN", "1.#IND", "#REF!", "#NUM!", "#N/A N/A", "nil"]


def test_words_of_databases_and_spreadsheets_for_a_missing_value(write: Write) -> None:
    path = write("x,y\n1,a\n" + "".join(f"{word},b\n" for word in MISSING_WORDS) + "3,b\n")
    assert read_table(path, "y", drop_missing=True).x.tolist() == [[1.0], [3.0]]


# --- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x,y,\n1.5,2.5,\n3,9,\n", "x,,y\n1.5,,2.5\n3,,9\n", ",x,y\n,1.5,2.5\n,3,9\n"])
def test_columns_without_a_name_and_a_cell_are_not_there(write: Write, text: str) -> None:
    assert read_table(write(text), "y").x.tolist() == [[1.5], [3.0]]


@pytest.mark.parametrize("index", ["012", "123", "207", "531"])
def test_e5_the_index_of_a_data_frame_is_left_out(write: Write, index: str) -> None:
    rows = "".join(f"{i},{x},{x + 1}\n" for i, x in zip(index, (1.5, 4.0, 2.0), strict=True))
    path = write(",x,y\n" + rows)
    assert list(read_table(path, "y").left_out) == ["index"]
    assert read_table(path, "y", keep=["index"]).feature_names == ("index", "x")


def test_what_stands_above_the_header_is_said_to_be_in_the_way(write: Write) -> None:
    with pytest.raises(TableError, match=r"line 3: 2 cells, .* 1 column; .*remove what stands above"):
        read_table(write("Report of 2026\n\nx,y\n1,2\n"), "y")


# --- files ------------------------------------------------------------------------------------------------------------

PLAIN = "x,y\n1.5,2.5\n3,9\n"


def test_files_compressed_by_gzip_are_read(write: Write) -> None:
    half = gzip.compress(PLAIN[:9].encode())
    two_members = half + gzip.compress(PLAIN[9:].encode())
    assert read_table(write(two_members, "t.csv.gz"), "y").x.tolist() == [[1.5], [3.0]]
    lines = gzip.compress(b'{"x": 1.5, "y": 2.5}\n{"x": 3, "y": 9}\n')
    assert read_table(write(lines, "t.jsonl.gz"), "y").x.tolist() == [[1.5], [3.0]]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:12] + b"\xff" * 9 + data[21:]], ids=["end", "middle"]
)
def test_f19_damaged_archives_are_named(write: Write, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TableError, match=r"t\.csv\.gz: the gzip archive (ends too early|is damaged)"):
        read_table(write(damage(gzip.compress(PLAIN.encode() * 9)), "t.csv.gz"), "y")


def test_f19_an_archive_that_unpacks_to_too_much_is_refused(write: Write) -> None:
    path = write(gzip.compress(b"0" * 100_000), "t.csv.gz")
    with pytest.raises(TableError, match="has more than 5000 bytes when it is unpacked"):
        content(path, "t.csv.gz", 5000)


@pytest.mark.parametrize(
    "start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1", b"PAR1", b"BZh9", b"\xfd7zXZ\x00", b"%PDF-1.7"]
)
def test_files_that_are_not_text_are_named(write: Write, start: bytes) -> None:
    with pytest.raises(TableError, match=r"t\.csv: this is (a|an|compressed) .*; (unpack|save|give|a table)"):
        read_table(write(start + b"\x00\xff" * 20), "y")


def test_lines_of_json_and_excel_are_those_of_the_file(write: Write, tmp_path: Path) -> None:
    path = write('{"x": 1, "y": 2}\n\n\n{"x": null, "y": 3}\n', "t.jsonl")
    with pytest.raises(TableError, match=r"t\.jsonl line 4, column 'x': missing"):
        read_table(path, "y")
    book = pytest.importorskip("openpyxl").Workbook()
    for row in ([], [None, "x", "y"], [None, 1.5, 2.5], [], [None, None, 9]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(TableError, match=r"t\.xlsx line 5, column 'x': missing"):
        read_table(tmp_path / "t.xlsx", "y")


def test_formulas_that_were_never_calculated_are_named(tmp_path: Path) -> None:
    book = pytest.importorskip("openpyxl").Workbook()
    for row in (["x", "y"], [1.5, "=A2*2"], [2.5, "=A3*2"]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(TableError, match=r"t\.xlsx line 2, column 'y': the formula '=A2\*2' has no value in the file"):
        read_table(tmp_path / "t.xlsx", "y")


@pytest.mark.parametrize(("asked", "hint"), [("utf-9", "; did you mean 'utf-8'?"), ("hex", ""), ("x", "")])
def test_unknown_encodings(write: Write, asked: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"^'{asked}' is not a text encoding{re.escape(hint)}$"):
        read_table(write(PLAIN), "y", encoding=asked)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_read_once_whatever_has_to_be_found_out(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(pipe.write_text, PLAIN)
        # The training had semicolons, so that the table is read anew with commas.
        cells = read_like(Source(pipe), Reading(), Reading("utf-8", ";"), ["x", "y"])
        writing.result()
    assert cells.header == ("x", "y")


@pytest.mark.parametrize("entry", [b"a", timedelta(1), 1j])
def test_f17_entries_of_frames_that_are_neither_number_nor_text_are_named(entry: object) -> None:
    with pytest.raises(TableError, match=r"column 'x': a cell holds .*turn the column into numbers or texts"):
        read_table({"x": [entry, entry], "y": [1.5, 2.5]}, "y")


# --- advice -----------------------------------------------------------------------------------------------------------

ADVICE = {
    "codes": ("x,y\n01067,1.5\n10115,2.5\n01067,7\n", "column 'x' has numbers such as '01067'"),
    "long integers": ("x,y\n9007199254740993,1.5\n5,2.5\n", "column 'x' has integers such as '9007199254740993'"),
    "units": ("x,y\n5 kg,1.5\n6 kg,2.5\n5 kg,7\n", "column 'x' holds texts such as '5 kg'"),
    "times": ("x,y\n12:30,1.5\n13:45,2.5\n", "column 'x' holds texts such as '12:30'"),
    "cases of classes": ("x,y\n1.5,Yes\n2,yes\n7,no\n", "the target's classes 'Yes' and 'yes' differ only"),
    "composed letters": ("x,y\n\u00e9,1.5\ne\u0301,2.5\n", "the categories of column 'x' .* differ only"),
}


@pytest.mark.parametrize("name", ADVICE)
def test_e5_what_may_be_meant_in_another_way_is_said(write: Write, name: str) -> None:
    text, words = ADVICE[name]
    (hint,) = read_table(write(text), "y").hints()
    assert re.match(words, hint)


def test_nothing_is_said_about_plain_columns(write: Write) -> None:
    text = "x,size,zip,y\n1.5,small,10115,a\n0.5,large,20095,b\n0,large,10115,b\n"
    assert not list(read_table(write(text), "y", categories=["zip"]).hints())


# --- the target -------------------------------------------------------------------------------------------------------


def test_e4_the_target_can_be_asked_for_like_any_column(write: Write) -> None:
    labels = write("x,y\n1.5,1\n2,2\n0.5,1\n7,2\n")
    assert read_table(labels, "y").task == "binary"
    assert read_table(labels, "y", numbers=["y"]).task == "regression"
    prices = write("x,y\n1.5,100\n2,2000\n0.5,100\n7,3000\n", "prices.csv")
    assert read_table(prices, "y").task == "regression"
    assert read_table(prices, "y", categories=["y"]).task == "classification"
    with pytest.raises(TableError, match="line 2, column 'y': 'a' is not a number"):
        read_table(write("x,y\n1.5,a\n2,b\n", "text.csv"), "y", numbers=["y"])
    with pytest.raises(ValueError, match="'y' is asked for as a category, which is not a regression"):
        read_table(prices, "y", categories=["y"], task="regression")
    with pytest.raises(ValueError, match="'y' is the target and cannot be a date"):
        read_table(prices, "y", dates=["y"])


# --- what a model file says about the file of its training ------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["ab", "\n", '"'])
def test_f19_a_delimiter_that_is_none_is_refused_and_another_one_is_found(write: Write, delimiter: str) -> None:
    path = write(PLAIN)
    with pytest.raises(TableError, match="the delimiter must be one character"):
        read_cells(path, Reading(delimiter=delimiter))
    assert read_like(path, Reading(), Reading(delimiter=delimiter), ["x"]).header == ("x", "y")
