"""What was understood of a table is stored with the model, and new tables are read by it (rows E2 to E5)."""

from __future__ import annotations

import dataclasses
import json

import pytest

from nn.tabular.cells import Reading, TableError
from nn.tabular.numerals import POINT, Notation
from nn.tabular.table import read_table
from nn.tabular.understood import Understood, read_like
from tests.nn.conftest import Write


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("x;y\n1.234;a\n2.345;b\n", Notation(",", "."), 1234.0),  # alone, this file would be read as 1.234
        ("x;y\n1.234;a\n2.345;b\n", POINT, 1.234),
        ("x;y\n1,200;a\n2,300;b\n", Notation(","), 1.2),
        ("x;y\n1,200;a\n2,300;b\n", Notation(".", ","), 1200.0),
        ("x;y\n1.234;0,5\n2.345;1,5\n", POINT, 1234.0),  # another column of this file has decimal commas
        ("x;y\n1.5;a\n2.25;b\n", Notation(",", "."), 1.5),  # the model's notation does not fit
    ],
)
def test_e2_numbers_of_a_new_file_are_read_as_those_of_the_training(
    write: Write, text: str, known: Notation, expected: float
) -> None:
    assert read_like(write(text), Reading(), Reading("utf-8", ";"), ["x"]).numbers("x", known)[0] == expected


@pytest.mark.parametrize(
    ("content", "trained"),
    [
        (b"x;y\n1,5;2,5\n", Reading("utf-8", ";")),
        (b"a,b;x\n1,5;2\n", Reading("utf-8", ";")),  # as many commas as semicolons: alone, it is refused
        (b"x,y\n1,2\n", Reading("utf-8", ";")),  # not written like the training, which is found out
        (b"sep=|\nx|y\n1|2\n", Reading("utf-8", ";")),
        ("x;größe\n1;2\n".encode("cp1252"), Reading("cp1252", ";")),
        ("x;größe\n1;2\n".encode(), Reading("cp1252", ";")),
        ("\ufeffx;größe\n1;2\n".encode("utf-16"), Reading("utf-8", ",")),
    ],
)
def test_e2_a_new_file_is_read_like_the_one_before_or_as_it_is(write: Write, content: bytes, trained: Reading) -> None:
    cells = read_like(write(content), Reading(), trained, ["x"])
    assert "x" in cells.header
    assert not any("Ã" in name for name in cells.header)


def test_words_for_missing_values_are_those_of_the_training_and_of_the_options(write: Write) -> None:
    cells = read_like(write("x,y\n1,keine\n2,leer\n"), Reading(missing=("leer",)), Reading(missing=("keine",)), ["x"])
    assert [cells.is_missing(text) for text in cells.column("y")] == [True, True]


def test_what_is_asked_for_is_done(write: Write) -> None:
    path = write("x;y\n1;2\n")
    assert read_like(path, Reading(delimiter=","), Reading(delimiter=";"), ["x"]).header == ("x;y",)
    with pytest.raises(TableError, match="not ASCII"):
        read_like(write("größe\n1\n"), Reading("ascii"), Reading("utf-8"), ["größe"])


def test_a_table_and_its_description_survive_json(write: Write) -> None:
    table = read_table(write("id;x;y\n1;1,5;2,5\n2;2,5;\n3;0;7,25\n"), "y", drop_missing=True)
    stored = json.loads(json.dumps(dataclasses.asdict(table.description)))
    found = Understood.from_json(stored)
    assert found == table.description
    assert list(found.lines(table.columns, "y", table.task, ())) == list(table.understood())
