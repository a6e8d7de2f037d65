"""Printing that does not end a run: when nobody reads any more, or a disk is full, what was learned is still saved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO


class Forgiving:
    """A stream that takes everything: from the first error on, which it keeps in `error`, nothing is written.

    >>> reading = open(__file__)
    >>> stream = Forgiving(reading)
    >>> print("epoch 1", file=stream)
    >>> stream.error
    UnsupportedOperation('not writable')
    >>> reading.close()
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """As `stream.write`, while there has been no error."""
        self._try(self.stream.write, text)
        return len(text)

    def flush(self) -> None:
        """As `stream.flush`, while there has been no error."""
        self._try(self.stream.flush)

    def _try(self, function: Any, *args: Any) -> None:
        if self.error is None:
            try:
                function(*args)
            except OSError as error:
                self.error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def forgiving_stdout() -> Iterator[Forgiving]:
    """`print` to a `Forgiving` stdout in this block."""
    stream = Forgiving(sys.stdout)
    with redirect_stdout(stream):
        yield stream
        stream.flush()
