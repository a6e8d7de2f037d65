"""What a command prints, where the other end of a stream may be closed, full or gone (`| head`, `>&-`, `> /dev/full`).

`autograd` and `nn` have this file each: it belongs to their command lines and to neither's interface.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


def open_streams() -> None:
    """Let a process print whatever it likes: a closed stream takes everything, and so does an old code page."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell; for `print` None is stdout, and messages would get into a table
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (as long as the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Print a line to stderr, if anybody is there to read it.

    >>> say("error: no such file")
    """
    with suppress(OSError):
        print(text, file=sys.stderr)


def let_go_of_streams() -> None:
    """Hand on what is buffered; a stream that takes nothing any more leads nowhere from then on.

    Left as it is, the interpreter would find out at its end, complain once more and exit with 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError), open(os.devnull, "wb") as nothing:  # OSError: it is no file of the system's
                os.dup2(nothing.fileno(), stream.fileno())
