"""Tables of text cells, whatever the file they come from, and the numbers that the cells hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn, Self

from autograd import AutogradError
from autograd.io.files import printable
from nn.lookup import look_up
from nn.tabular.numerals import (
    INFINITE,
    LARGEST,
    PLAIN,
    POINT,
    AmbiguousError,
    Notation,
    as_number,
    decimal_marks,
    notation_of,
)

MISSING = frozenset(  # as pandas, spreadsheets, databases and people write it
    {
        *("", "na", "n/a", "n.a.", "nan", "-nan", "nat", "null", "none", "nil", "?", "-", "--", ".", "–", "—"),
        *("<na>", "<null>", "\\n", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "#n/a", "#n/a n/a", "#na"),
        *("#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!"),
    }
)
_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+", re.ASCII)


LONGEST = 1200  # characters of a message


class TableError(AutogradError, ValueError):
    """A table cannot be used; the message names the place and the remedy, on one line that is not endless.

    >>> len(str(TableError("x" * 10_000)))
    1200
    """

    def __init__(self, message: str) -> None:
        head, tail = LONGEST - 200, 199
        super().__init__(printable(message if len(message) <= LONGEST else f"{message[:head]}…{message[-tail:]}"))


@dataclass(frozen=True)
class Row:
    """One record: the line of the file on which it ends, and its cells, stripped of surrounding spaces."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How a file is to be read: what is empty is found out, and can be seen in the `reading` of the cells.

    encoding   such as "utf-8" or "cp1252"
    delimiter  between cells
    decimal    the mark before decimals: "." or ","
    missing    further words for a missing value, besides an empty cell, NA, NaN, null, ? and their like
    source     what the cells come from, if not from CSV, in words
    """

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    missing: tuple[str, ...] = ()
    source: str = ""

    def __str__(self) -> str:
        if self.source:
            return self.source
        words = {"\t": "tab"}.get(self.delimiter, repr(self.delimiter))
        return f"{self.encoding}, delimiter {words}"

    def found(self, encoding: str, delimiter: str) -> Reading:
        """With what was found out."""
        return replace(self, encoding=encoding, delimiter=delimiter)


@dataclass(frozen=True)
class Cells:
    """A header and the rows below it, all of the same length."""

    path: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    reading: Reading = Reading()

    @classmethod
    def checked(cls, path: str, header: Row, rows: Sequence[Row], reading: Reading) -> Self:
        """The cells; `TableError` for an empty or repeated column name, or no row.

        Columns that are empty from top to bottom, as spreadsheets write them, are not there. A first column without a
        name is called "index": data frames write theirs so.
        """
        header, rows = _with_names(header, rows)
        _check_header(path, header)
        if not rows:
            raise TableError(f"{path}: there is a header but no row")
        return cls(path, header.cells, tuple(rows), reading)

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

        A missing value (an empty cell, NA, N/A, NaN, null, ?, …) is a `TableError`, unless `drop` is set.
        """
        names = list(names)
        positions = [self.position(name) for name in names]
        kept = []
        for row in self.rows:
            gaps = [name for name, i in zip(names, positions, strict=True) if self.is_missing(row.cells[i])]
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

    def is_missing(self, text: str) -> bool:
        """Whether the text of a cell stands for a missing value."""
        return text.casefold() in MISSING or text in self.reading.missing

    def notation(self, name: str, known: Notation | None = None) -> Notation | None:
        """How the numbers of a column are written, if most of its cells are numbers.

        The notation that is `known` from the table that a model was trained on holds if it reads every cell and no
        other column speaks against it. Else, where a mark may separate decimals or thousands, the other columns decide,
        then the notation that is `known`, then the delimiter: a file with commas between its cells has none before
        decimals. A `TableError` names a number that could still be either.
        """
        texts = [text for text in self.column(name) if not self.is_missing(text)]
        if known and not self.reading.decimal and self._mark in ("", known.decimal) and all(map(known.reads, texts)):
            return known
        try:
            found = notation_of(texts, self.reading.decimal)
        except AmbiguousError as error:
            mark = self._mark or (known.decimal if known else "") or ("." if self.reading.delimiter == "," else "")
            if mark:
                return notation_of(texts, mark)
            line = next(row.line for row, text in zip(self.rows, self.column(name), strict=True) if text == error.text)
            self.fail(line, name, f"{error}; say which with --decimal , or --decimal .")
        if found == POINT and _could_be_grouped(texts) and not self.reading.decimal and self._mark == ",":
            return notation_of(texts, ",")
        return found

    @cached_property
    def _mark(self) -> str:
        """The decimal mark that is seen in the file; empty if none or both are."""
        marks = decimal_marks(cell for row in self.rows for cell in row.cells)
        return marks.pop() if len(marks) == 1 else ""

    def numbers(self, name: str, known: Notation | None = None) -> list[float]:
        """A column as numbers; the first cell that is not a number is a `TableError` with its line."""
        notation = self.notation(name, known) or POINT
        found = []
        for row, text in zip(self.rows, self.column(name), strict=True):
            number = notation.read(text)
            if number is None:
                self.fail(row.line, name, not_a_number(text, notation))
            found.append(number)
        return found

    def fail(self, line: int, name: str, problem: str) -> NoReturn:
        """Raise a `TableError` for one cell."""
        raise TableError(f"{self.path} line {line}, column {name!r}: {problem}")


def not_a_number(text: str, notation: Notation) -> str:
    """What is wrong with a cell in a column of numbers, and what to do."""
    like = f" like the others ({notation})" if str(notation) else ""
    is_large = INFINITE.fullmatch(text) or (PLAIN.fullmatch(text) and as_number(text) is None)
    wrong = f"is beyond ±{LARGEST:g}" if is_large else f"is not a number{like}"
    return f"{text!r} {wrong}; correct it, empty it, or drop the column with --ignore"


def _could_be_grouped(texts: Iterable[str]) -> bool:
    """Whether every point among these cells may separate thousands."""
    pointed = [text for text in texts if "." in text]
    return bool(pointed) and all(map(_GROUPED.fullmatch, pointed))


def _with_names(header: Row, rows: Sequence[Row]) -> tuple[Row, Sequence[Row]]:
    """The columns that have a name or a cell, the first one with a name, if others have."""
    if all(header.cells) or not any(header.cells) or not rows:
        return header, rows
    kept = [i for i, column in enumerate(header.cells) if column or any(row.cells[i] for row in rows)]
    names = [header.cells[i] for i in kept]
    if not names[0] and "index" not in names:
        names[0] = "index"
    return Row(header.line, tuple(names)), [Row(row.line, tuple(row.cells[i] for i in kept)) for row in rows]


def _check_header(name: str, header: Row) -> None:
    seen: set[str] = set()
    place = f"{name} line {header.line}" if header.line else name  # data frames have no lines
    for position, column in enumerate(header.cells, start=1):
        if not column:
            raise TableError(f"{place}: column {position} has no name; the first line must name the columns")
        if column in seen:
            raise TableError(f"{place}: two columns are named {column!r}; rename one")
        seen.add(column)
