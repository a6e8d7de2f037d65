"""Tables in files of other formats than CSV, and in data frames, as text cells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from os import PathLike, fspath
from typing import Any, Protocol, runtime_checkable

from autograd.io.files import file_name
from nn.tabular import csv
from nn.tabular.cells import Cells, Reading, Row, TableError
from nn.tabular.content import content, suffix


@runtime_checkable
class Frame(Protocol):
    """A data frame: it exports its columns in the Arrow format, or is indexed by their names.

    pandas, Polars, PyArrow and DuckDB have these.
    """

    @property
    def columns(self) -> Any:
        """The names of the columns, or (in PyArrow) the columns themselves."""

    def __getitem__(self, name: str, /) -> Any:
        """A column by name."""


Columns = Mapping[str, Sequence[Any]]
Found = tuple[
    Sequence[str], Sequence[Sequence[Any]], Sequence[int]
]  # names, columns, and the line of the header and each row


def read_cells(data: str | PathLike[str] | Frame | Columns, reading: Reading = Reading()) -> Cells:  # noqa: B008 (it cannot change)
    """The cells of a file, by its suffix, of a data frame, or of columns by name.

    TableError for what is wrong with it, and where a package is missing that reads it; OSError if it cannot be read.
    """
    if not isinstance(data, str | PathLike):
        return _of_frame(data, reading)
    reader = READERS.get(suffix(data))
    if reader is None:
        return csv.read_cells(data, reading)
    name = file_name(data)
    return _of_columns(name, *reader(data, name), replace(reading, source=suffix(data).removeprefix(".")))


def _of_frame(frame: Frame | Columns, reading: Reading) -> Cells:
    names = list(frame) if isinstance(frame, Mapping) else None
    names = names or getattr(frame, "column_names", None) or list(getattr(frame, "columns", ()))
    if not names:
        raise TypeError(f"a table is a path or a data frame with columns, got a {type(frame).__name__}")
    for name in names:
        if not isinstance(name, str):
            raise TableError(f"the data frame: column {name!r} has no name that is text; rename it")
    columns = {name: items_of(frame[name]) for name in names}
    if len(lengths := {name: len(column) for name, column in columns.items()}) and len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise TableError(f"the data frame: the columns differ in length ({listed})")
    found = list(columns), list(columns.values()), range(len(next(iter(columns.values()))) + 1)
    return _of_columns("the data frame", *found, replace(reading, source=f"a {type(frame).__name__}"))


def items_of(column: Any) -> list[Any]:
    """The entries of a column of any library."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _of_columns(
    name: str, names: Sequence[str], columns: Sequence[Sequence[Any]], lines: Sequence[int], reading: Reading
) -> Cells:
    texts = [[_text(x, name, column) for x in entries] for column, entries in zip(names, columns, strict=True)]
    header = Row(lines[0], tuple(column.strip() for column in names))
    rows = [Row(line, cells) for line, cells in zip(lines[1:], zip(*texts, strict=True), strict=True)]
    return Cells.checked(name, header, rows, reading)


def _text(x: Any, name: str, column: str) -> str:
    """An entry as it would stand in a CSV file."""
    if x is None or x != x:  # nan, and the missing values of pandas, differ from themselves
        return ""
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, datetime | date):
        return x.isoformat()
    if isinstance(x, list | dict | set | tuple):
        raise TableError(f"{name}, column {column!r}: a cell holds a {type(x).__name__}, {x!r:.60}; flatten the table")
    if isinstance(x, bytes | timedelta | complex):
        raise TableError(
            f"{name}, column {column!r}: a cell holds {type(x).__name__}, {x!r:.60}; turn the column into numbers or"
            " texts"
        )
    return str(x).strip()


def _json_lines(path: str | PathLike[str], name: str) -> Found:
    lines = [(i, text) for i, text in enumerate(_text_of(path, name).split("\n"), start=1) if text.strip()]
    records = [_record(text, f"{name} line {line}") for line, text in lines]
    return _by_column(records, [line for line, _ in lines], name)


def _text_of(path: str | PathLike[str], name: str) -> str:
    data = content(path, name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(f"{name} line {line}: not UTF-8 text (byte 0x{data[error.start]:02x})") from None


def _record(text: str, place: str) -> dict[str, Any]:
    try:
        found = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise TableError(f"{place}: not JSON ({error})") from None
    if not isinstance(found, dict):
        raise TableError(f"{place}: expected an object with a value for each column, got {text.strip()[:40]!r}")
    return found


def _json(path: str | PathLike[str], name: str) -> Found:
    try:
        found = _parsed(_text_of(path, name))
    except TableError:
        raise
    except (ValueError, RecursionError) as error:
        raise TableError(f"{name}: not JSON ({error})") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TableError(f"{name}: expected a list of objects, one for each row")
    return _by_column(found, range(1, len(found) + 1), name)


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"the key {_repeated(key for key, _ in pairs)!r} appears twice")
    return found


def _repeated(names: Iterable[str]) -> str:
    """The first that appears twice."""
    return next(each for each, count in Counter(names).items() if count > 1)


def _by_column(records: list[dict[str, Any]], lines: Sequence[int], name: str) -> Found:
    if not records:
        raise TableError(f"{name}: the file is empty; it needs at least one row")
    names = list(dict.fromkeys(key for record in records for key in record))
    return names, [[record.get(key) for record in records] for key in names], [0, *lines]


def _parquet(path: str | PathLike[str], name: str) -> Found:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise TableError(f"{name}: Parquet files need PyArrow (pip install 'scalar-autograd[tables]')") from None
    try:
        table = parquet.read_table(fspath(path))
    except (ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise TableError(f"{name}: not a Parquet file, or damaged ({error!s:.120})") from None
    return table.column_names, [column.to_pylist() for column in table.columns], range(table.num_rows + 1)


def _excel(path: str | PathLike[str], name: str) -> Found:
    try:
        sheet = _first_sheet(path, calculated=True)
    except ImportError:
        raise TableError(f"{name}: Excel files need openpyxl (pip install 'scalar-autograd[tables]')") from None
    except OSError:
        raise
    except Exception as error:  # openpyxl raises many types for damaged files
        raise TableError(f"{name}: not an .xlsx file, or damaged ({type(error).__name__}: {error!s:.120})") from None
    rows = [(line, cells) for line, cells in enumerate(sheet, start=1) if any(cell is not None for cell in cells)]
    if not rows:
        raise TableError(f"{name}: the first sheet is empty; it needs a header row and at least one row")
    (_, header), *entries = rows
    names = ["" if each is None else str(each) for each in header]
    width = len(names)
    columns = [[cells[i] if i < len(cells) else None for _, cells in entries] for i in range(width)]
    if any(cell is None for column in columns for cell in column):
        _check_calculated(name, names, sheet, _first_sheet(path, calculated=False))
    return names, columns, [line for line, _ in rows]


def _first_sheet(path: str | PathLike[str], *, calculated: bool) -> list[tuple[Any, ...]]:
    """The rows of an .xlsx file, with the values of formulas or the formulas themselves."""
    from openpyxl import load_workbook

    with closing(load_workbook(path, read_only=True, data_only=calculated)) as book:
        return list(book.worksheets[0].iter_rows(values_only=True))


def _check_calculated(
    name: str, names: Sequence[str], values: Sequence[tuple[Any, ...]], formulas: Sequence[tuple[Any, ...]]
) -> None:
    """TableError if there are formulas, none of which has a value: programs write them, spreadsheets calculate them."""
    found = [
        (line, column, formula, value)
        for line, rows in enumerate(zip(values, formulas, strict=True), start=1)
        for column, value, formula in zip(names, *rows, strict=False)
        if isinstance(formula, str) and formula.startswith("=")
    ]
    if found and all(value is None for *_, value in found):
        line, column, formula, _ = found[0]
        raise TableError(
            f"{name} line {line}, column {column!r}: the formula {formula!r:.60} has no value in the file; open it in a"
            " spreadsheet program and save it"
        )


READERS: dict[str, Callable[[str | PathLike[str], str], Found]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".xlsx": _excel,
}
