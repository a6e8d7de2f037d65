"""Dates in cells, as the number of days since 1970-01-01."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ISO = "ISO 8601"
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_NUMERIC = ("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_FORMATS = (*_NUMERIC, "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
PATTERNS = (ISO, *[date + time for date in _FORMATS for time in _TIMES])
_LOOKED_AT = 50  # texts, to find out whether most are dates
_DATE = re.compile(r"(?=.*\d.*\d)[\w./,: +-]{6,40}")


class AmbiguousDateError(ValueError):
    """Dates such as 03/04/2026 alone, with the day or the month first."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} may have the day or the month first")


def days(text: str, pattern: str) -> float | None:
    """The days since 1970-01-01 of a date in this format, with the time of day as a fraction; None if it is not one.

    A time zone is taken into account; without one the time is taken as UTC.

    >>> days("1970-01-02T12:00", ISO), days("03.01.1970", "%d.%m.%Y"), days("soon", ISO)
    (1.5, 2.0, None)
    """
    try:
        found = datetime.fromisoformat(text) if pattern == ISO else datetime.strptime(text, pattern)
    except ValueError:
        return None
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - EPOCH).total_seconds() / 86400.0


def format_of(texts: Sequence[str]) -> str | None:
    """The format that all these texts have, or None. An `AmbiguousDateError` if both orders of day and month would do.

    >>> format_of(["2026-11-29", "2026-12-01"]), format_of(["13/01/2026", "02/03/2026"]), format_of(["red"])
    ('ISO 8601', '%d/%m/%Y', None)
    """
    texts = list(dict.fromkeys(texts))
    if not all(_DATE.fullmatch(text) for text in texts):
        return None
    fitting = [pattern for pattern in PATTERNS if all(days(text, pattern) is not None for text in texts)]
    if len(fitting) > 1:
        for text in texts:
            if len({days(text, pattern) for pattern in fitting}) > 1:
                raise AmbiguousDateError(text)
    return fitting[0] if fitting else None


def exception(texts: Sequence[str]) -> tuple[str, str] | None:
    """The first text that is not a date in the format of most of them, and that format; None if most are not dates.

    >>> exception(["2026-02-27", "2026-02-28", "2026-02-30"]), exception(["red", "2026-02-28"])
    (('2026-02-30', 'ISO 8601'), None)
    """
    looked_at = list(dict.fromkeys(texts))[:_LOOKED_AT]
    if 2 * sum(_DATE.fullmatch(text) is not None for text in looked_at) <= len(looked_at):
        return None
    for pattern in PATTERNS:
        others = [text for text in looked_at if days(text, pattern) is None]
        if others and 2 * len(others) < len(looked_at):
            return others[0], pattern
    return None
