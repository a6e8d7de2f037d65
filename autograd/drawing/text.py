"""Format numbers and names for pictures, and measure their width."""

import math
import unicodedata
from functools import lru_cache
from typing import Literal

Sign = Literal["pos", "neg", "zero", "bad", "mixed", "none"]

# Signs are never shown by colour alone: boxes have these glyphs, edges dashes.
GLYPHS: dict[Sign, str] = {"pos": "▲", "neg": "▼", "zero": "○", "bad": "⚠\ufe0e", "mixed": "◆", "none": "–"}
LONGEST = 40  # cells of a name; the tooltip has the full name


def number(x: float) -> str:
    """Four digits, a real minus sign, integers below a million in full.

    >>> number(-0.123456), number(123456.0), number(float("-inf")), number(1e-20)
    ('−0.1235', '123456', '−∞', '1e−20')
    """
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    text = f"{x:.0f}" if abs(x) < 1e6 and x == int(x) else f"{x:.4g}"
    return "0" if text in ("0", "-0") else text.replace("-", "−").replace("e+", "e")


def counted(count: int, noun: str, plural: str = "") -> str:
    """The number with the noun in the singular or plural.

    >>> counted(1, "edge"), counted(2, "edge"), counted(2, "box", "boxes")
    ('1 edge', '2 edges', '2 boxes')
    """
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def interval(low: float, high: float) -> str:
    """The range of several numbers.

    >>> interval(-1.0, 0.5), interval(2.0, 2.0)
    ('−1 … 0.5', '2')
    """
    return number(low) if low == high else f"{number(low)} … {number(high)}"


def sign_of(x: float) -> Sign:
    """The sign of a number; 'bad' for infinities and nan.

    >>> [sign_of(x) for x in (2.0, -2.0, 0.0, math.nan)]
    ['pos', 'neg', 'zero', 'bad']
    """
    if not math.isfinite(x):
        return "bad"
    return "pos" if x > 0 else "neg" if x < 0 else "zero"


def sign_of_all(xs: list[float]) -> Sign:
    """The common sign; 'mixed' if there are positive and negative numbers, 'bad' if one is not finite.

    >>> sign_of_all([1.0, 0.0]), sign_of_all([1.0, -1.0]), sign_of_all([])
    ('pos', 'mixed', 'zero')
    """
    signs = set(map(sign_of, xs))
    if "bad" in signs:
        return "bad"
    signs.discard("zero")
    return "mixed" if len(signs) > 1 else signs.pop() if signs else "zero"


# `html.escape` does the same, but importing `html` takes longer than drawing a small graph.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def markup(text: str) -> str:
    """The text escaped for XML and HTML, also in attributes.

    >>> markup('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    return text.translate(_ENTITIES)


def clean(text: str) -> str:
    """The text on one line, without characters that XML does not allow (control characters, lone surrogates).

    >>> clean("a\\n b\\x00")
    'a b\ufffd'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u200d" else "\ufffd" for c in " ".join(text.split()))


@lru_cache(maxsize=10_000)
def cells(text: str) -> int:
    """The columns in a monospaced font: two for East Asian wide characters, none for combining ones.

    >>> cells("w1[0]"), cells("損失"), cells("e\u0301")
    (5, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_cell, text))


def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, limit: int = LONGEST) -> str:
    """The text with at most `limit` cells, its end replaced by an ellipsis if necessary.

    >>> shorten("gradient", 5), shorten("loss", 5)
    ('grad…', 'loss')
    """
    if cells(text) <= limit:
        return text
    room = limit - 1
    kept = 0
    for kept, character in enumerate(text):  # noqa: B007 (its last value is what is wanted)
        room -= _cell(character)
        if room < 0:
            break
    return text[:kept] + "…"
