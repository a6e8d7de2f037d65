"""What a table was understood to hold: printed before training, stored with the model, and used to read new tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from autograd.io.plural import counted
from nn.persistence.schema import Kind, array, integer, record, table, text
from nn.tabular.cells import Cells, Reading, TableError
from nn.tabular.columns import Column
from nn.tabular.formats import read_cells
from nn.tabular.numerals import POINT, SEPARATORS, Notation
from nn.train.tasks import Task

THOUSANDS = {mark for marks in SEPARATORS.values() for mark in marks}
NOTATION = record({"decimal": text(*SEPARATORS), "thousands": text("", *sorted(THOUSANDS)), "unit": text()})
READING = record(
    {
        "encoding": text(),
        "delimiter": text(),
        "decimal": text("", *SEPARATORS),
        "missing": array(text()),
        "source": text(),
    }
)
UNDERSTOOD: Kind = record(
    {
        "rows": integer(1),
        "dropped": integer(),
        "reason": text(),
        "left_out": table(text()),
        "reading": READING,
        "header": array(text(), least=1),
        "notation": NOTATION,
    }
)


@dataclass(frozen=True)
class Understood:
    """What was found out about a table, besides its columns.

    rows      how many were used; `dropped` had a missing value
    reason    why this is the task
    left_out  the columns that are not used although nobody asked for that, with the reason
    reading   how the file was read
    header    the names of all columns, as in the file
    notation  how the numbers of the target are written
    """

    rows: int
    dropped: int
    reason: str
    left_out: dict[str, str]
    reading: Reading
    header: tuple[str, ...]
    notation: Notation = field(default=POINT)

    def lines(self, columns: Sequence[Column], target: str, task: Task, class_names: Sequence[str]) -> Iterator[str]:
        """How the file was read, what each column is, and what is predicted; a line each."""
        dropped = f", {counted(self.dropped, 'row')} dropped (missing values)" if self.dropped else ""
        yield f"read: {counted(self.rows, 'row')}{dropped}; {self.reading}"
        words = {column.name: str(column) for column in columns}
        words |= {name: f"left out: {reason} (--keep to use it)" for name, reason in self.left_out.items()}
        width = max(map(len, [*words, target]))
        places = {name: i for i, name in enumerate(self.header)}
        for name in sorted(words, key=lambda each: places.get(each, len(places))):
            yield f"  {name:<{width}}  {words[name]}"
        classes = f", one of {', '.join(map(repr, class_names))}" if class_names else ""
        yield f"  {target:<{width}}  target: {task}{classes} ({self.reason})"

    @classmethod
    def from_json(cls, parts: dict[str, Any]) -> Self:
        """What a model file holds, which has been checked to be `UNDERSTOOD`."""
        reading = parts["reading"]
        return cls(
            **parts
            | {
                "reading": Reading(**reading | {"missing": tuple(reading["missing"])}),
                "header": tuple(parts["header"]),
                "notation": Notation(**parts["notation"]),
            }
        )


def read_like(data: Any, asked: Reading, trained: Reading | None, needed: Sequence[str]) -> Cells:
    """The cells of a table that has the columns `needed`, read as the table was that the model was trained on.

    What is `asked` for is done. Else the file is read with the delimiter and the encoding of the training, unless it
    cannot be, or has not the columns then: it is found out how to read it. Words for missing values are added up.
    """
    if trained is None:
        return read_cells(data, asked)
    asked = replace(asked, missing=(*asked.missing, *trained.missing))
    encodings = [asked.encoding] if asked.encoding else ["", trained.encoding]
    delimiters = [asked.delimiter] if asked.delimiter else [trained.delimiter, ""]
    for encoding in encodings:
        for delimiter in delimiters:
            cells = _unless_refused(lambda: read_cells(data, replace(asked, encoding=encoding, delimiter=delimiter)))  # noqa: B023 (called at once)
            if cells is not None and set(needed) <= set(cells.header):
                return cells
    return read_cells(data, asked)


def _unless_refused(read: Callable[[], Cells]) -> Cells | None:
    try:
        return read()
    except TableError:
        return None
