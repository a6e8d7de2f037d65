"""Columns of features: what each was understood as, and how its cells become numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NoReturn

from autograd._numpy import NDArray, np
from nn.tabular.cells import Cells, Row, TableError, not_a_number
from nn.tabular.dates import ISO, AmbiguousDateError, days, exception, format_of
from nn.tabular.numerals import POINT, Notation

MAX_CATEGORIES = 20
ColumnKind = Literal["number", "category", "date"]
BOOLEANS = (  # in some languages, each with what becomes 0 first
    ("false", "true"), ("no", "yes"), ("off", "on"), ("f", "t"), ("n", "y"), ("nein", "ja"), ("non", "oui"),
    ("no", "sí"), ("falsch", "wahr"), ("faux", "vrai"),
)  # fmt: skip
_IDENTIFIER = re.compile(r"(?:^|[\s_.-])(?:id|uuid|guid|index|idx|row|nr|no|number|key|#)$|[a-z](?:Id|ID)$", re.ASCII)
Problem = Callable[[int, str], object]  # what to do with the problem of a row, which is given by its position


@dataclass(frozen=True)
class Column:
    """A feature column: numbers; texts, with a 0/1 feature for each of `categories`; or dates, as days since 1970.

    notation    how its numbers were written in the table that it was inferred from
    dates       the format of its dates
    is_boolean  whether the two categories are one 0/1 feature, which is 1 for the second

    >>> Column("colour", ("blue", "red")).feature_names
    ('colour=blue', 'colour=red')
    >>> Column("member", ("no", "yes"), is_boolean=True).feature_names
    ('member=yes',)
    """

    name: str
    categories: tuple[str, ...] = ()
    notation: Notation = POINT
    dates: str = ""
    is_boolean: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return tuple(f"{self.name}={category}" for category in self.categories[self.is_boolean :]) or (self.name,)

    @property
    def kind(self) -> ColumnKind:
        """What the cells are."""
        return "category" if self.categories else "date" if self.dates else "number"

    def encode(self, cells: Cells, problem: Problem | None = None) -> NDArray[np.float64]:
        """The column's features, shape (rows, features).

        A cell that does not fit is a `TableError`; with `problem` that is called instead, and the row is all nan.
        """
        read, gap = self._reader(cells), (float("nan"),) * len(self.feature_names)
        found = []
        for i, (row, text) in enumerate(zip(cells.rows, cells.column(self.name), strict=True)):
            features = read(text)
            if features is None:
                self._refuse(cells, row, text, i, problem)
            found.append(gap if features is None else features)
        return np.array(found, dtype=np.float64).reshape(len(cells.rows), len(gap))

    def _reader(self, cells: Cells) -> Callable[[str], tuple[float, ...] | None]:
        """The features of a cell, or None."""
        if self.categories:
            rows = np.eye(len(self.categories))[:, int(self.is_boolean) :].tolist()
            known = dict(zip(map(self._spelled, self.categories), map(tuple, rows), strict=True))
            return lambda text: known.get(self._spelled(text))
        if self.dates:
            return lambda text: None if (found := days(text, self.dates)) is None else (found,)
        notation = self._notation(cells)
        return lambda text: None if (found := notation.read(text)) is None else (found,)

    def _notation(self, cells: Cells) -> Notation:
        """How the numbers are written in these cells, in the same unit as in training: euros are not dollars."""
        found, unit = cells.notation(self.name, self.notation) or self.notation, self.notation.unit
        another = found.unit != unit and ("%" in (found.unit, unit) or bool(found.unit and unit))
        return replace(found, unit=unit) if another else found

    def _spelled(self, text: str) -> str:
        return text.casefold() if self.is_boolean else class_name(text)

    def _refuse(self, cells: Cells, row: Row, text: str, position: int, problem: Problem | None) -> None:
        if cells.is_missing(text):
            words = f"missing value ({text!r})"
        elif self.categories:
            words = f"{text!r} is not one of the known categories {', '.join(map(repr, self.categories))}"
        elif self.dates:
            words = f"{text!r} is not a date in the format {self.dates}"
        else:
            words = not_a_number(text, self._notation(cells))
        if problem is None:
            cells.fail(row.line, self.name, words)
        problem(position, f"column {self.name!r}: {words}")

    def __str__(self) -> str:
        if self.categories:
            listed = ", ".join(map(repr, self.categories))
            return f"true or false: {listed}" if self.is_boolean else f"{len(self.categories)} categories: {listed}"
        if self.dates:
            return f"date ({self.dates}), as days since 1970-01-01"
        return f"number, {self.notation}" if str(self.notation) else "number"


def class_name(text: str) -> str:
    """The name of a class or category: an integer is spelled in one way, a text stays as it is.

    >>> class_name("1.0"), class_name("01"), class_name("yes")
    ('1', '1', 'yes')
    """
    number = POINT.read(text)
    if number is None:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


class LeftOut(Exception):  # noqa: N818 (not an error: the column is not used)
    """A column that tells nothing about the target, and why."""


def infer(cells: Cells, name: str, asked: ColumnKind | None, keep: bool) -> Column:
    """What a column is, or as `asked`; `LeftOut` for one that is not worth using, unless `keep` is set.

    TableError for more than 20 different texts, and where numbers or dates can be read in two ways.
    """
    texts = cells.column(name)
    different = sorted(set(texts))
    if len(different) == 1 and not keep:
        raise LeftOut(f"it is {texts[0]!r} in every row")
    notation = None if asked in ("category", "date") else cells.notation(name)
    if notation is not None or asked == "number":
        return _number(cells, name, notation or POINT, keep)
    dates = None if asked == "category" else _date_format(cells, name, different)
    if dates:
        return Column(name, dates=dates)
    if asked == "date":
        _not_a_date(cells, name)
    return _category(cells, name, different, keep or asked is not None)


def _number(cells: Cells, name: str, notation: Notation, keep: bool) -> Column:
    numbers = cells.numbers(name)
    if not keep and len(set(numbers)) == 1:
        raise LeftOut(f"it is {cells.column(name)[0]!r} in every row")
    if not keep and _IDENTIFIER.search(name) and counts_rows(numbers):
        raise LeftOut("it numbers the rows")
    if not keep and name == "index" and len(set(numbers)) == len(numbers) and all(map(float.is_integer, numbers)):
        raise LeftOut("every row has another number")  # a part of a data frame, or a shuffled one
    return Column(name, notation=notation)


def counts_rows(numbers: Sequence[float]) -> bool:
    """Whether these are consecutive integers, up or down.

    >>> counts_rows([7.0, 8.0, 9.0]), counts_rows([1.0, 3.0, 4.0])
    (True, False)
    """
    steps = {b - a for a, b in pairwise(numbers)}
    return len(numbers) > 2 and steps in ({1.0}, {-1.0}) and numbers[0].is_integer()


def _date_format(cells: Cells, name: str, different: Sequence[str]) -> str | None:
    try:
        found = format_of(different)
        other = None if found else exception(different)
    except AmbiguousDateError as error:
        problem = f"{error}; write dates as 2026-11-29, or drop the column with --ignore, or use --categories"
        cells.fail(_line(cells, name, error.text), name, problem)
    if other:
        text, pattern = other
        problem = f"{text!r} is not a date like the others ({pattern}); correct it, empty it, or use --categories"
        cells.fail(_line(cells, name, text), name, problem)
    return found


def _line(cells: Cells, name: str, wanted: str) -> int:
    """The line of the first cell with this text."""
    return next(row.line for row, text in zip(cells.rows, cells.column(name), strict=True) if text == wanted)


def _not_a_date(cells: Cells, name: str) -> NoReturn:
    for row, text in zip(cells.rows, cells.column(name), strict=True):
        if format_of([text]) is None:
            cells.fail(row.line, name, f"{text!r} is not a date; write it as in 2026-11-29")
    raise TableError(f"{cells.path}: column {name!r}: the dates are not in one format; write them as in {ISO}")


def _category(cells: Cells, name: str, different: Sequence[str], keep: bool) -> Column:
    words = {text.casefold() for text in different}
    for pair in BOOLEANS:
        if words == set(pair):
            return Column(name, pair, is_boolean=True)
    found = sorted({class_name(text) for text in different}, key=class_order)
    if len(found) > MAX_CATEGORIES:
        if not keep and len(different) == len(cells.rows):
            raise LeftOut("every row has another text")
        raise TableError(
            f"{cells.path}: column {name!r} has {len(found)} different texts ({', '.join(map(repr, found[:3]))}, …),"
            f" more than {MAX_CATEGORIES}; group them, or drop the column with --ignore"
        )
    return Column(name, tuple(found))


def class_order(name: str) -> tuple[bool, float, str]:
    """Numbers in their order, then texts in theirs.

    >>> sorted(["b", "10", "9"], key=class_order)
    ['9', '10', 'b']
    """
    number = POINT.read(name)
    return number is None, number or 0.0, name


def infer_all(
    cells: Cells, names: Sequence[str], asked: Mapping[str, ColumnKind], keep: Sequence[str]
) -> tuple[tuple[Column, ...], dict[str, str], NDArray[np.float64]]:
    """The columns to use, those that are left out with the reason, and the features of the others, (rows, features)."""
    columns, features, left_out = [], [], {}
    seen: dict[bytes, str] = {}
    for name in names:
        kept = name in keep or name in asked
        try:
            column = infer(cells, name, asked.get(name), kept)
            encoded = column.encode(cells)
            twin = seen.setdefault(encoded.tobytes(), name)
            if twin != name and not kept:
                raise LeftOut(f"it is the same as {twin!r}")
        except LeftOut as reason:
            left_out[name] = str(reason)
        else:
            columns.append(column)
            features.append(encoded)
    if not columns:
        listed = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise TableError(f"{cells.path}: no column is left to predict from ({listed})")
    return tuple(columns), left_out, np.hstack(features)
