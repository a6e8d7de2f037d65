"""How numbers are written in a file: decimal marks, thousands separators, percent signs and currencies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

LARGEST = 1e150  # deviations and errors are squared and summed, which would overflow beyond
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
SEPARATORS = {".": (",", " ", "'"), ",": (".", " ", "'")}  # of thousands, beside each decimal mark
INFINITE = re.compile(r"[+-]?(inf|infinity|∞)", re.IGNORECASE)
_SPACES = {"\u00a0": " ", "\u2009": " ", "\u202f": " "}
_MARKS = {"\u2212": "-", "\u2013": "-", "\u2019": "'", "\u066b": ".", "\u066c": ",", "\uff0e": ".", "\uff0c": ","}
_ASCII = str.maketrans(_SPACES | _MARKS)  # in Arabic and full-width numbers too
_CODE = re.compile(r"[A-Z]{3}(?=[\s\d.,+-])|(?<=[\s\d.,])[A-Z]{3}$")


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    decimal    the mark before the decimals: "." or ","
    thousands  the mark between groups of digits; "" for none
    unit       "%", a currency such as "€" or "USD", or ""

    >>> Notation(",", ".", "€").read("1.234,50 €")
    1234.5
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def read(self, text: str) -> float | None:
        """The number that `text` holds, or None, as `as_number`. A percentage is read as the number before the sign.

        A number without its currency is read, but without its percent sign it may be a hundred times as large.

        >>> Notation().read("-1.5e3"), Notation(unit="%").read("12.5 %"), Notation().read("1_000")
        (-1500.0, 12.5, None)
        """
        return None if self.unit == "%" and "%" not in text else self.read_bare(text)

    def read_bare(self, text: str) -> float | None:
        """As `read`, with or without the unit."""
        if self.decimal == "." and PLAIN.fullmatch(text):
            return as_number(text)
        sign, body, unit = _parts(text)
        if unit not in (self.unit, "") or not _pattern(self.decimal, self.thousands).fullmatch(body):
            return None
        digits = body.replace(self.thousands, "") if self.thousands else body
        return as_number(sign + digits.replace(self.decimal, "."))

    def reads(self, text: str) -> bool:
        """Whether `text` is a number in this notation."""
        return self.read(text) is not None

    def __str__(self) -> str:
        words = ["decimal comma"] if self.decimal == "," else []
        words += [f"thousands separated by {_NAMES[self.thousands]}"] if self.thousands else []
        words += ["percent"] if self.unit == "%" else [f"in {self.unit}"] if self.unit else []
        return ", ".join(words)


POINT = Notation()
_NAMES = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}


class AmbiguousError(ValueError):
    """A number can be read in two ways, and nothing else in the file decides; `text` is the number as it is written."""

    def __init__(self, text: str, readings: Sequence[float]) -> None:
        self.text = text
        self.readings = tuple(readings)
        super().__init__(f"{text!r} may be {' or '.join(f'{each:g}' for each in readings)}")


def as_number(text: str) -> float | None:
    """The number that `text` is in plain notation, or None; also where it is too large to be squared.

    >>> as_number("-1.5e3"), as_number("1_000"), as_number("inf"), as_number("1e999"), as_number("1e200")
    (-1500.0, None, None, None, None)
    """
    if not PLAIN.fullmatch(text):
        return None
    number = float(text)
    return number if abs(number) <= LARGEST else None


def notation_of(texts: Iterable[str], decimal: str = "") -> Notation | None:
    """The notation in which more than half of these cells are numbers, infinite ones too; None where none is.

    `decimal` is the mark to assume where both would do: numbers such as 1,200 alone are an `AmbiguousError` without.

    >>> notation_of(["1,5", "200"]), notation_of(["$1,200.50", "$3"]), notation_of(["red", "2"])
    (Notation(decimal=',', thousands='', unit=''), Notation(decimal='.', thousands=',', unit='$'), None)
    >>> notation_of(["1,200"], decimal=".").read("1,200")
    1200.0
    """
    texts = list(dict.fromkeys(texts))
    plain = sum(PLAIN.fullmatch(text) is not None for text in texts)
    if plain == len(texts) and decimal != ",":
        return POINT
    found = {mark: _fitting(texts, mark) for mark in SEPARATORS}
    point, comma = (found[mark][1] for mark in SEPARATORS)
    infinite = sum(INFINITE.fullmatch(text) is not None for text in texts)
    if not max(point, comma) or 2 * (max(point, comma) + infinite) <= len(texts):
        return None
    if point != comma:
        return found["." if point > comma else ","][0]
    if not decimal and (clash := _clash(texts, found["."][0], found[","][0])):
        raise clash
    return found[decimal or "."][0]


def decimal_marks(texts: Iterable[str]) -> set[str]:
    """The decimal marks that numbers among these cells can only have.

    >>> sorted(decimal_marks(["1,5", "1,200"])), sorted(decimal_marks(["1.234,5", "2.5"]))
    ([','], [',', '.'])
    """
    marks = set()
    for text in dict.fromkeys(texts):
        if "." in text or "," in text:
            able = [mark for mark in SEPARATORS if _fitting([text], mark)[1]]
            marks |= set(able) if len(able) == 1 else set()
    return marks


def _fitting(texts: Sequence[str], decimal: str) -> tuple[Notation, int]:
    """The notation with this decimal mark that reads most of the cells, and how many."""
    unit = next((unit for text in texts if (unit := _parts(text)[2])), "")
    trials = [Notation(decimal, thousands, unit) for thousands in ("", *SEPARATORS[decimal])]
    counts = [sum(trial.read_bare(text) is not None for text in texts) for trial in trials]
    best = max(range(len(trials)), key=counts.__getitem__)
    return trials[best], counts[best]


def _clash(texts: Sequence[str], one: Notation, other: Notation) -> AmbiguousError | None:
    """The first cell that the two read as different numbers."""
    for text in texts:
        readings = [number for each in (one, other) if (number := each.read_bare(text)) is not None]
        if len(set(readings)) == 2:
            return AmbiguousError(text, sorted(readings))
    return None


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, str, str]:
    """(sign, digits with their marks, unit): a minus sign or brackets around a number make it negative."""
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text.translate(_ASCII))
    text = text.strip()
    bracketed = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if bracketed else text
    unit = ""
    if text.endswith("%"):
        text, unit = text[:-1], "%"
    elif code := _CODE.search(text):
        text, unit = text[: code.start()] + text[code.end() :], code.group()
    else:
        symbols = [c for c in text if unicodedata.category(c) == "Sc"]
        if len(symbols) == 1 and symbols[0] in (text.lstrip("+-")[:1], text[-1:]):
            unit = symbols[0]
            text = text.replace(unit, "")
    text = text.strip()
    sign = text[:1] if text[:1] in ("+", "-") else ""
    return "-" if bracketed and not sign else sign, text[len(sign) :].strip(), unit


@lru_cache(maxsize=16)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    mark, between = re.escape(decimal), re.escape(thousands)
    grouped = rf"[1-9]\d{{0,2}}(?:{between}\d{{2,3}})*{between}\d{{3}}|" if thousands else ""
    return re.compile(rf"(?:(?:{grouped}\d+)(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?", re.ASCII)
