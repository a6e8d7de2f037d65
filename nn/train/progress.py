"""Showing a run while it runs: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
from typing import Protocol, Self, TextIO, cast

from autograd.io.printing import Forgiving
from nn.train.history import Epoch, History, describe


class Progress(Protocol):
    """What `fit` tells while it works: samples done, and epochs completed."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...

    def advance(self, samples: int) -> None:
        """Count samples of the current epoch."""

    def epoch(self, row: Epoch) -> None:
        """Show a completed epoch."""


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def advance(self, samples: int) -> None:
        """Nothing."""

    def epoch(self, row: Epoch) -> None:
        """Nothing."""


class Lines(Quiet):
    """One plain line for the first epoch and for every tenth of the run: for logs and pipes, no control characters."""

    def __init__(self, epochs: int, metric_name: str | None, stream: TextIO) -> None:
        self.epochs, self.metric_name, self.stream = epochs, metric_name, stream

    def epoch(self, row: Epoch) -> None:
        """Print the row when it is the first, or the last of a tenth."""
        if row.epoch == 1 or row.epoch * 10 // self.epochs > (row.epoch - 1) * 10 // self.epochs:
            text = f"epoch {row.epoch}/{self.epochs}  {describe(row, self.metric_name)}"
            print(text, file=self.stream, flush=True)


class Bar:
    """A live bar by the optional package rich: epoch, loss, metric, time left."""

    def __init__(self, epochs: int, samples: int, metric_name: str | None, stream: TextIO) -> None:
        from rich import progress
        from rich.console import Console

        self.epochs, self.metric_name = epochs, metric_name
        columns = ("{task.description}", progress.BarColumn(), "{task.fields[note]}", progress.TimeRemainingColumn())
        self.bar = progress.Progress(*columns, console=Console(file=stream))
        self.task = self.bar.add_task(f"epoch 1/{epochs}", total=epochs * samples, note="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.bar.stop()

    def advance(self, samples: int) -> None:
        """Move the bar."""
        self.bar.advance(self.task, samples)

    def epoch(self, row: Epoch) -> None:
        """Show the row beside the bar."""
        following = f"epoch {min(row.epoch + 1, self.epochs)}/{self.epochs}"
        self.bar.update(self.task, description=following, note=describe(row, self.metric_name))


def choose_progress(
    show: bool | None, epochs: int, samples: int, history: History, stream: TextIO | None = None
) -> Progress:
    """The display for a run. `show` None: a bar on a terminal (stderr), else nothing; True: a bar or lines.

    Without rich a terminal gets the lines too.

    >>> type(choose_progress(None, 10, 100, History(), sys.stdin)).__name__
    'Quiet'
    """
    # A run goes on when nobody reads how it does; rich would even exit.
    stream = cast(TextIO, Forgiving(sys.stderr if stream is None else stream))
    terminal = stream.isatty()
    if show is False or (show is None and not terminal):
        return Quiet()
    if terminal:
        try:
            return Bar(epochs, samples, history.metric_name, stream)
        except ImportError:
            print("no progress bar: it needs rich (pip install rich)", file=stream)
    return Lines(epochs, history.metric_name, stream)
