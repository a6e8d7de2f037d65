"""Output to a terminal or a file: colour on terminals only, ASCII where the encoding has no other symbols."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

STYLES: Mapping[str, str] = {"": "", "bold": "1", "dim": "2", "good": "32", "bad": "31", "mark": "36"}
PLAIN = str.maketrans(
    {
        "∂": "d",
        "×": "*",
        "−": "-",
        "→": "->",
        "←": "<-",
        "▲": "+",
        "▼": "-",
        "○": "0",
        "⚠": "!",
        "…": "...",
        "∞": "inf",
        "·": "*",
        "\ufe0e": "",
    }
)


class Screen:
    """Writes lines of text to a stream.

    `plain`: its encoding lacks ∂ and ▲, which are written in ASCII; other characters that it lacks are written as ?.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.plain = not _can_show(out, "∂×−→←▲▼○…")
        self.colour = _wants_colour(out)

    def say(self, text: str, style: str = "") -> None:
        """Write `text` and a line break."""
        if self.plain:
            encoding = getattr(self.out, "encoding", None) or "ascii"
            text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
        if self.colour and STYLES[style]:
            text = "\n".join([f"\x1b[{STYLES[style]}m{line}\x1b[0m" for line in text.split("\n")])
        self.out.write(f"{text}\n")
        self.out.flush()


def _can_show(out: TextIO, text: str) -> bool:
    encoding = getattr(out, "encoding", None)
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _wants_colour(out: TextIO) -> bool:
    """On terminals that can, unless NO_COLOR is set (no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """In the block, Ctrl-C does not raise KeyboardInterrupt; the function that it yields tells whether it was pressed.

    A product changes a gradient and remembers the old one: an exception in between would corrupt undo. Outside the main
    thread, where Python delivers no signals, nothing changes.

    >>> with deferred_interrupt() as was_pressed:
    ...     was_pressed()
    False
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def note(number: int, frame: Any) -> None:
        pressed.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        # None: it was not installed from Python and cannot be put back from there.
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)


def standard_screen() -> Screen:
    """The screen of this process, as `sys.stdout` is now."""
    return Screen(sys.stdout)
