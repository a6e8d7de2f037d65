"""Lines that fit the terminal: broken between words, and indented."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from nn.evaluation.wording import BLOCK

_FIRST_COLUMN = re.compile(r"\s*\S+(?: \S+)*?\s{2,}|\s*")


def width() -> int:
    """The number of columns of the terminal; 80 if there is none."""
    return shutil.get_terminal_size().columns


def block() -> str:
    """What bars are made of: a full block, or where stdout has none, #."""
    try:
        BLOCK.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#"
    return BLOCK


def wrapped(line: str, columns: int) -> str:
    """The line, broken between words if it is longer; what follows stands under the second column of a table.

    >>> print(wrapped("  size    number, decimal comma, thousands separated by points", 34))
      size    number, decimal comma,
              thousands separated by
              points
    """
    if len(line) <= columns:
        return line
    first = _FIRST_COLUMN.match(line)
    indent = first.end() if first and 0 < first.end() <= columns // 2 else 2
    pieces = textwrap.wrap(line, columns, subsequent_indent=" " * indent, break_on_hyphens=False)
    return "\n".join(pieces)


class Wrapped:
    """A terminal that gets lines that fit it; everything else goes to the stream as it is."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write the text with its long lines broken."""
        columns = width()
        self.stream.write("\n".join(wrapped(line, columns) for line in text.split("\n")))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def wrapping_stdout() -> Iterator[None]:
    """Break what is printed in this block between words if it goes to a terminal; files and pipes get whole lines."""
    if not sys.stdout.isatty():
        yield
        return
    with redirect_stdout(Wrapped(sys.stdout)):
        yield
