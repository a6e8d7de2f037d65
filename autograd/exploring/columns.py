"""Columns of numbers in JSON: base64 of their bytes, a third of the size of decimal digits, and exact."""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Column = tuple[str, str]  # a type code of `array`, and base64 of little-endian numbers
WIDTHS = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))


class Names(NamedTuple):
    """Texts of which many differ by a number behind them: `mul_2` is stem `mul` and number 2; 0 is no number."""

    stems: list[str]
    stem: Column
    number: Column


def floats(xs: Iterable[float]) -> Column:
    """A column of 64-bit floats.

    >>> floats([1.0])
    ('d', 'AAAAAAAA8D8=')
    """
    return _encoded(array("d", xs))


def integers(xs: Sequence[int]) -> Column:
    """A column of non-negative integers below 2³², as narrow as the largest allows.

    >>> integers([1, 2]), integers([1, 300])
    (('B', 'AQI='), ('H', 'AQAsAQ=='))
    """
    largest = max(xs, default=0)
    return _encoded(array(next(code for code, limit in WIDTHS if largest < limit), xs))


def names(texts: Iterable[str]) -> Names:
    """The texts as stems and numbers.

    >>> names(["mul", "mul_2", "x_07"]).stems
    ['mul', 'x_07']
    """
    stems: dict[str, int] = {}
    pairs = [(stems.setdefault(stem, len(stems)), number) for stem, number in map(_parted, texts)]
    return Names(list(stems), integers([stem for stem, _ in pairs]), integers([number for _, number in pairs]))


def read(column: Sequence[str]) -> list[float] | list[int]:
    """The numbers of a column.

    >>> read(floats([0.5, -0.0])), read(integers([7]))
    ([0.5, -0.0], [7])
    """
    code, text = column
    numbers = array(code, b64decode(text))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _parted(text: str) -> tuple[str, int]:
    stem, _, number = text.rpartition("_")
    if stem and number.isascii() and number.isdecimal() and len(number) < 9 and number[0] != "0":
        return stem, int(number)
    return text, 0


def _encoded(numbers: array[float] | array[int]) -> Column:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.typecode, b64encode(numbers.tobytes()).decode()
