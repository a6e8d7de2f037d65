"""Tables in files of other formats than CSV, and in data frames, as text cells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from autograd.io.files import file_name, read_bytes
from nn.tabular import csv
from nn.tabular.cells import Cells, Reading, Row, TableError


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


def read_cells(data: str | PathLike[str] | Frame | Columns, reading: Reading = Reading()) -> Cells:  # noqa: B008 (it cannot change)
    """The cells of a file, by its suffix, of a data frame, or of columns by name.

    TableError for what is wrong with it, and where a package is missing that reads it; OSError if it cannot be read.
    """
    if not isinstance(data, str | PathLike):
        return _of_frame(data, reading)
    reader = READERS.get(Path(data).suffix.lower())
    if reader is None:
        return csv.read_cells(data, reading)
    name = file_name(data)
    columns = reader(data, name)
    return _of_columns(name, columns, replace(reading, source=Path(data).suffix.lower().removeprefix(".")))


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
    return _of_columns("the data frame", columns, replace(reading, source=f"a {type(frame).__name__}"))


def items_of(column: Any) -> list[Any]:
    """The entries of a column of any library."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _of_columns(name: str, columns: Mapping[str, Sequence[Any]], reading: Reading) -> Cells:
    """Cells with the number of the row, from 1, for its line."""
    texts = [[_text(x, name, column) for x in entries] for column, entries in columns.items()]
    header = Row(0, tuple(column.strip() for column in columns))
    rows = [Row(i, cells) for i, cells in enumerate(zip(*texts, strict=True), start=1)]
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
    return str(x).strip()


def _json_lines(path: str | PathLike[str], name: str) -> dict[str, list[Any]]:
    lines = enumerate(_text_of(path, name).split("\n"), start=1)
    return _by_column([_record(text, f"{name} line {line}") for line, text in lines if text.strip()], name)


def _text_of(path: str | PathLike[str], name: str) -> str:
    data = read_bytes(path)
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


def _json(path: str | PathLike[str], name: str) -> dict[str, list[Any]]:
    try:
        found = _parsed(_text_of(path, name))
    except TableError:
        raise
    except (ValueError, RecursionError) as error:
        raise TableError(f"{name}: not JSON ({error})") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TableError(f"{name}: expected a list of objects, one for each row")
    return _by_column(found, name)


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


def _by_column(records: list[dict[str, Any]], name: str) -> dict[str, list[Any]]:
    if not records:
        raise TableError(f"{name}: the file is empty; it needs at least one row")
    names = dict.fromkeys(key for record in records for key in record)
    return {key: [record.get(key) for record in records] for key in names}


def _parquet(path: str | PathLike[str], name: str) -> dict[str, list[Any]]:
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
    return {column: table[column].to_pylist() for column in table.column_names}


def _excel(path: str | PathLike[str], name: str) -> dict[str, list[Any]]:
    try:
        import openpyxl
    except ImportError:
        raise TableError(f"{name}: Excel files need openpyxl (pip install 'scalar-autograd[tables]')") from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError:
        raise
    except Exception as error:  # openpyxl raises many types for damaged files
        raise TableError(f"{name}: not an .xlsx file, or damaged ({type(error).__name__}: {error!s:.120})") from None
    rows = _filled(book.worksheets[0].iter_rows(values_only=True))
    header = next(rows, ())
    if not header:
        raise TableError(f"{name}: the first sheet is empty; it needs a header row and at least one row")
    names = ["" if each is None else str(each) for each in header]
    if len(set(names)) < len(names):
        raise TableError(f"{name} row 1: two columns are named {_repeated(names)!r}; rename one")
    entries = list(rows)
    return {each: [row[i] for row in entries] for i, each in enumerate(names)}


def _filled(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows that are not empty."""
    return (row for row in rows if any(cell is not None for cell in row))


READERS: dict[str, Callable[[str | PathLike[str], str], dict[str, list[Any]]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".xlsx": _excel,
}
