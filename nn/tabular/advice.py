"""Advice about columns that were understood in one way and may be meant in another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from nn.tabular.cells import Cells
from nn.tabular.columns import Column, counts_rows
from nn.tabular.numerals import PLAIN

_CODE = re.compile(r"0\d+", re.ASCII)
_LARGEST_INTEGER = 2**53


def advice(cells: Cells, columns: Iterable[Column], classes: Sequence[str]) -> Iterator[str]:
    """What may be wrong with the columns that are used, and with the classes of the target."""
    for column in columns:
        texts = cells.column(column.name)
        if column.kind == "number":
            yield from _of_numbers(column, texts)
        elif column.kind == "category" and not column.is_boolean and not _are_numbers(column.categories):
            yield from _of_categories(column, texts)
    yield from _alike("the target's classes", classes)


def _of_numbers(column: Column, texts: list[str]) -> Iterator[str]:
    numbers = [number for text in texts if (number := column.notation.read(text)) is not None]
    if counts_rows(numbers):
        yield f"column {column.name!r} numbers the rows; if it says nothing about the target, use --ignore"
    if code := next(filter(_CODE.fullmatch, texts), ""):
        yield f"column {column.name!r} has numbers such as {code!r}; if they are codes, use --categories or --ignore"
    if rounded := next(filter(_is_rounded, texts), ""):
        yield (
            f"column {column.name!r} has integers such as {rounded!r}, which are rounded to 16 digits; if they are"
            " codes, use --ignore"
        )


def _is_rounded(text: str) -> bool:
    """Whether this is an integer that is not a float."""
    if not 16 <= len(text) <= 200 or not PLAIN.fullmatch(text) or not text.lstrip("+-").isdecimal():
        return False
    return abs(int(text)) > _LARGEST_INTEGER and int(float(text)) != int(text)


def _of_categories(column: Column, texts: list[str]) -> Iterator[str]:
    if all(text.lstrip("+-(").startswith(tuple("0123456789")) for text in texts):
        yield (
            f"column {column.name!r} holds texts such as {texts[0]!r}: they are categories, not numbers or dates; write"
            " numbers without units, and dates as 2026-11-29, if that is what they are"
        )
    yield from _alike(f"the categories of column {column.name!r}", column.categories)


def _are_numbers(names: Iterable[str]) -> bool:
    """Whether the categories are numbers, as they are only if that is asked for."""
    return all(map(PLAIN.fullmatch, names))


def _alike(what: str, names: Iterable[str]) -> Iterator[str]:
    """Two names that a reader would take for one."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(" ".join(unicodedata.normalize("NFKC", name).casefold().split()), name)
        if other != name:
            yield f"{what} {other!r} and {name!r} differ only in their spelling; write them alike if they are one"
