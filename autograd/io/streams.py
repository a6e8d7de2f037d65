"""Output streams of the command lines, which may be closed or full (`| head`, `>&-`, `> /dev/full`)."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from contextlib import suppress


def open_streams() -> None:
    """Make printing safe: to a closed stream, and of characters that the encoding does not have."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell; print(file=None) would write messages to stdout, into a table
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (as long as the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_error(text: str) -> None:
    """Print lines to stderr, unless it is closed; a terminal does not break their words.

    >>> print_error("error: no such file")
    """
    with suppress(OSError):
        columns = os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
        print("\n".join(_fitting(line, columns) for line in text.splitlines()) if columns else text, file=sys.stderr)


def _fitting(line: str, columns: int) -> str:
    """A line in lines of that width, without breaking paths and options; one that is indented, as code is, stays.

    >>> _fitting("error: --epoch", 10), _fitting("  x*tanh(y)", 5)
    ('error:\\n--epoch', '  x*tanh(y)')
    """
    if line.startswith(" "):
        return line
    return textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False)


def flush_streams() -> None:
    """Flush stdout and stderr; one that cannot be written to is redirected to the null device.

    Otherwise the interpreter would try again at its end, report the error and exit with 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError), open(os.devnull, "wb") as nothing:  # OSError: a stream without a descriptor
                os.dup2(nothing.fileno(), stream.fileno())
