"""Read a CSV file as text cells with line numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import NoReturn

from autograd import AutogradError
from autograd.io.files import file_name
from autograd.io.plural import counted
from nn.lookup import look_up

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class TableError(AutogradError, ValueError):
    """A CSV file cannot be used; the message names the place and the remedy."""


@dataclass(frozen=True)
class Row:
    """One record: the line of the file on which it ends, and its cells, stripped of surrounding spaces."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Cells:
    """A header and the rows below it, all of the same length."""

    path: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def position(self, name: str) -> int:
        """The position of a column; an unknown name is a `TableError` that lists the columns.

        >>> Cells("t.csv", ("a", "b"), ()).position("b")
        1
        """
        try:
            return look_up(self._positions, name, "column")
        except ValueError as error:
            raise TableError(f"{self.path}: {error}") from None

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {column: i for i, column in enumerate(self.header)}

    def column(self, name: str) -> list[str]:
        """The cells of a column, top to bottom."""
        position = self.position(name)
        return [row.cells[position] for row in self.rows]

    def without_missing(self, names: Iterable[str], *, drop: bool) -> Cells:
        """The rows in which all these columns have a value.

        A missing value (an empty cell, NA, N/A, NaN, null, ?) is a `TableError`, unless `drop` is set.
        """
        names = list(names)
        positions = [self.position(name) for name in names]
        kept = []
        for row in self.rows:
            gaps = [name for name, i in zip(names, positions, strict=True) if row.cells[i].casefold() in MISSING]
            if not gaps:
                kept.append(row)
            elif not drop:
                text = row.cells[self.position(gaps[0])]
                self.fail(
                    row.line, gaps[0], f"missing value ({text!r}); fill it in, or drop such rows with --drop-missing"
                )
        if not kept:
            raise TableError(
                f"{self.path}: every row has a missing value; fill them in, or drop a column with --ignore"
            )
        return replace(self, rows=tuple(kept))

    def numbers(self, name: str) -> list[float]:
        """A column as numbers; the first cell that is not a number is a `TableError` with its line."""
        found = []
        for row, text in zip(self.rows, self.column(name), strict=True):
            number = as_number(text)
            if number is None:
                comma = " (a decimal comma? use a point)" if as_number(text.replace(",", ".")) is not None else ""
                self.fail(
                    row.line,
                    name,
                    f"{text!r} is not a number{comma}; correct it, empty it, or drop the column with --ignore",
                )
            found.append(number)
        return found

    def fail(self, line: int, name: str, problem: str) -> NoReturn:
        """Raise a `TableError` for one cell."""
        raise TableError(f"{self.path} line {line}, column {name!r}: {problem}")


def as_number(text: str) -> float | None:
    """The finite decimal number a cell holds, or None.

    >>> as_number("-1.5e3"), as_number("1_000"), as_number("inf"), as_number("1e999")
    (-1500.0, None, None, None)
    """
    if not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if abs(number) != float("inf") else None


def read_cells(path: str | PathLike[str]) -> Cells:
    """Read a CSV file: UTF-8, with a header line, delimited by commas, semicolons or tabs, quoted as in RFC 4180.

    Blank lines are skipped. Raises `TableError` for a file that is empty, is not UTF-8, has an empty or repeated column
    name, or has a row longer or shorter than the header; `OSError` when it cannot be read.
    """
    name = file_name(path)
    text = _decode(name, Path(path).read_bytes())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(name, text), strict=True)
    try:
        records = [Row(reader.line_num, tuple(cell.strip() for cell in cells)) for cells in reader if cells]
    except csv.Error as error:
        raise TableError(f"{name} line {reader.line_num}: {error}; check the quotes near it") from None
    if not records:
        raise TableError(f"{name}: the file is empty; it needs a header line and at least one row")
    header, *rows = records
    _check_header(name, header)
    for row in rows:
        if len(row.cells) != len(header.cells):
            raise TableError(
                f"{name} line {row.line}: {counted(len(row.cells), 'cell')}, but the header has"
                f" {counted(len(header.cells), 'column')}; the row begins {', '.join(row.cells[:3])!r}"
            )
    if not rows:
        raise TableError(f"{name}: there is a header but no row")
    return Cells(name, header.cells, tuple(rows))


def _decode(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise TableError(
            f"{name} line {line}: not UTF-8 text (byte 0x{byte:02x}); save the file as CSV UTF-8"
        ) from None


def _delimiter(name: str, text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    counts = {delimiter: outside_quotes.count(delimiter) for delimiter in DELIMITERS}
    best = max(counts, key=counts.__getitem__)
    rivals = [word for delimiter, word in DELIMITERS.items() if counts[delimiter] == counts[best]]
    if counts[best] and len(rivals) > 1:
        raise TableError(
            f"{name} line 1: the header has as many {' as '.join(rivals)}; use only one of them as the delimiter"
        )
    return best


def _check_header(name: str, header: Row) -> None:
    seen: set[str] = set()
    for position, column in enumerate(header.cells, start=1):
        if not column:
            raise TableError(
                f"{name} line {header.line}: column {position} has no name; the first line must name the columns"
            )
        if column in seen:
            raise TableError(f"{name} line {header.line}: two columns are named {column!r}; rename one")
        seen.add(column)
