"""Read a CSV file as text cells with line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from os import PathLike

from autograd.io.files import file_name
from autograd.io.plural import counted
from autograd.io.suggestions import did_you_mean
from nn.tabular.cells import Cells, Reading, Row, TableError
from nn.tabular.content import content

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# UTF-32 before UTF-16, whose mark begins its own.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ENCODINGS = ("utf-8", "utf-16", "utf-32", "ascii", "latin-1", "cp1252", "cp1250", "cp1251", "shift_jis", "gb18030")
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_LOOKED_AT = 50  # records, to find the delimiter


@dataclass(frozen=True)
class _Text:
    """The text of a file, its first line, counted from 1, and the delimiter if the file names it."""

    name: str
    text: str
    first_line: int
    delimiter: str


def read_cells(path: str | PathLike[str], reading: Reading = Reading()) -> Cells:  # noqa: B008 (it cannot change)
    """Read a CSV file with a header line, delimited by commas, semicolons, tabs or bars, quoted as in RFC 4180.

    The encoding is UTF-8, or what a byte order mark or `reading` says; a first line `sep=;` names the delimiter. Blank
    lines are skipped. Raises `TableError` for a file that is empty, is not in its encoding, has an empty or repeated
    column name, or has a row longer or shorter than the header; `OSError` when it cannot be read.
    """
    name = file_name(path)
    decoded, encoding = _decode(name, content(path, name), reading.encoding)
    text = _without_first_line(name, decoded)
    delimiter = reading.delimiter or text.delimiter or _delimiter(name, text.text)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise TableError(f"{name}: the delimiter must be one character, not a quote or a line end; got {delimiter!r}")
    reader = csv.reader(io.StringIO(text.text, newline=""), delimiter=delimiter, strict=True)
    above = text.first_line - 1
    try:
        records = [Row(above + reader.line_num, tuple(cell.strip() for cell in cells)) for cells in reader if cells]
    except csv.Error as error:
        raise TableError(f"{name} line {above + reader.line_num}: {error}; check the quotes near it") from None
    if not records:
        raise TableError(f"{name}: the file is empty; it needs a header line and at least one row")
    header, *rows = records
    for row in rows:
        if len(row.cells) != len(header.cells):
            raise TableError(
                f"{name} line {row.line}: {counted(len(row.cells), 'cell')}, but the header has"
                f" {counted(len(header.cells), 'column')}; the row begins {', '.join(row.cells[:3])!r}"
                f"{'' if len(header.cells) > 1 else '; remove what stands above the names of the columns'}"
            )
    return Cells.checked(name, header, rows, reading.found(encoding, delimiter))


def _decode(name: str, data: bytes, encoding: str) -> tuple[str, str]:
    """The text, and the encoding that it is in."""
    for mark, marked in _MARKS.items():
        if not encoding and data.startswith(mark):
            encoding = marked
    try:
        text = data.decode(encoding or "utf-8")
    except LookupError:  # there is none of this name, or it is not one of text, as "hex"
        raise ValueError(f"{encoding!r} is not a text encoding{did_you_mean(encoding, _ENCODINGS)}") from None
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        other = encoding.upper() if encoding else "UTF-8"
        remedy = "" if encoding else f", or name its encoding, as in --encoding {_guess(data)}"
        raise TableError(
            f"{name} line {line}: not {other} text (byte 0x{byte:02x}); save the file as CSV UTF-8{remedy}"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        remedy = "if it is UTF-16 without a byte order mark, say --encoding utf-16-le"
        raise TableError(f"{name} line {line}: the text has null characters; is it a CSV file? {remedy}")
    return text.removeprefix("\ufeff"), encoding or "utf-8"


def _guess(data: bytes) -> str:
    """The encoding that bytes which are not UTF-8 are most likely in."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _without_first_line(name: str, text: str) -> _Text:
    """The text without a line such as `sep=;`, which spreadsheets write and read."""
    if found := _SEP.match(text):
        return _Text(name, text[found.end() :], 2, found[1])
    return _Text(name, text, 1, "")


def _delimiter(name: str, text: str) -> str:
    """The delimiter that gives the first rows as many cells as the header, at least two; else that of the header."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    counts = {delimiter: outside_quotes.count(delimiter) for delimiter in DELIMITERS}
    even = {delimiter: count for delimiter, count in counts.items() if count and _is_even(text, delimiter)}
    counts = even or counts
    best = max(counts, key=counts.__getitem__)
    rivals = [DELIMITERS[delimiter] for delimiter in counts if counts[delimiter] == counts[best]]
    if counts[best] and len(rivals) > 1:
        raise TableError(
            f"{name} line 1: the header has as many {' as '.join(rivals)}; use only one of them, or name it with"
            " --delimiter"
        )
    return best if counts[best] else ","


def _is_even(text: str, delimiter: str) -> bool:
    """Whether the first records have the same number of cells."""
    try:
        records = islice(filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), _LOOKED_AT)
        return len({len(record) for record in records}) == 1
    except csv.Error:
        return False
