"""More files as people have them, each read right or refused by name (rows E2 to E5, F19 and their kinds)."""

from __future__ import annotations

import numpy as np
import pytest

from nn.tabular.cells import TableError
from nn.tabular.columns import Column
from nn.tabular.formats import read_cells
from nn.tabular.numerals import Notation
from nn.tabular.table import read_table
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
