"""The history of a training run: one row per epoch, the best epoch, and why the run ended."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Literal

from autograd.io.files import write_text
from autograd.io.plural import counted
from nn.plotting.figures import loss_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Stop = Literal["running", "target loss", "patience", "epochs", "time", "interrupted", "diverged", "converged"]


METRIC_WORDS = {"probability_accuracy": "accuracy", "r_squared": "R²"}


@dataclass(frozen=True)
class Epoch:
    """One row: losses and metric of the parameters *after* this epoch's updates, and the seconds since the start.

    epoch            its number, from 1
    loss             that of the training samples
    validation_loss  that of the validation samples, None without any
    metric           measured on the validation samples if there are any, else on the training samples
    seconds          since the start

    >>> Epoch(1, loss=0.5).watched, Epoch(1, loss=0.5, validation_loss=0.75).watched
    (0.5, 0.75)
    """

    epoch: int
    loss: float
    validation_loss: float | None = None
    metric: float | None = None
    seconds: float = 0.0

    @property
    def watched(self) -> float:
        """The loss that decides which epoch is best: the validation loss when there is one."""
        return self.loss if self.validation_loss is None else self.validation_loss


@dataclass
class History:
    """The epochs of one `fit`, in order.

    rows         one for each epoch
    stopped      why it ended
    metric_name  the name of the metric in the rows, None without one
    engine       what ran, and if eager, why

    >>> history = History([Epoch(1, 0.5), Epoch(2, 0.2), Epoch(3, 0.3)], stopped="epochs")
    >>> history.losses, history.best_epoch
    ([0.5, 0.2, 0.3], 2)
    >>> history
    History(3 epochs, stopped: epochs, best epoch 2: loss 0.2)
    >>> history.best.loss, history.validation_losses, history.metrics, history.seconds
    (0.2, [], [], 0.0)
    """

    rows: list[Epoch] = field(default_factory=list)
    stopped: Stop = "running"
    metric_name: str | None = None
    engine: str = ""

    @property
    def losses(self) -> list[float]:
        """The training loss after each epoch."""
        return [row.loss for row in self.rows]

    @property
    def validation_losses(self) -> list[float]:
        """The validation loss after each epoch; empty when there were no validation samples."""
        return [row.validation_loss for row in self.rows if row.validation_loss is not None]

    @property
    def metrics(self) -> list[float]:
        """The metric after each epoch; empty without a metric."""
        return [row.metric for row in self.rows if row.metric is not None]

    @property
    def best(self) -> Epoch | None:
        """The first row with the lowest watched loss, whose parameters are kept; None when no loss was finite."""
        finite = [row for row in self.rows if math.isfinite(row.watched)]
        return min(finite, key=lambda row: row.watched, default=None)

    @property
    def best_epoch(self) -> int:
        """The number of the best epoch; 0 when no epoch ended with a finite loss (the parameters are as before)."""
        return self.best.epoch if self.best else 0

    @property
    def seconds(self) -> float:
        """Seconds from the start of the run to the end of its last complete epoch."""
        return self.rows[-1].seconds if self.rows else 0.0

    def plot(self, *, title: str = "Loss by epoch") -> Figure:
        """A matplotlib figure of the losses by epoch, with the best epoch marked; `.savefig("loss.png")` writes it.

        Raises `ValueError` when there is no epoch to draw, `ImportError` without matplotlib.

        >>> History([Epoch(1, 0.5), Epoch(2, 0.2)]).plot().axes[0].get_ylabel()
        'loss'
        """
        return loss_figure(self, title=title)

    def save_csv(self, path: str | PathLike[str]) -> None:
        """Write the rows as CSV (epoch, loss, validation_loss, metric, seconds); absent numbers are empty cells.

        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     History([Epoch(1, 0.5)]).save_csv(f"{folder}/history.csv")
        ...     print(pathlib.Path(folder, "history.csv").read_text())
        epoch,loss,validation_loss,metric,seconds
        1,0.5,,,0.000

        The file is written atomically. Raises `OSError` when it cannot be written.
        """
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", "loss", "validation_loss", self.metric_name or "metric", "seconds"])
        for row in self.rows:
            table.writerow([row.epoch, row.loss, row.validation_loss, row.metric, f"{row.seconds:.3f}"])
        write_text(path, text.getvalue())

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.rows)

    def __repr__(self) -> str:
        best = self.best
        ending = f", best epoch {best.epoch}: {describe(best, self.metric_name)}" if best else ""
        return f"History({counted(len(self.rows), 'epoch')}, stopped: {self.stopped}{ending})"


def describe(row: Epoch, metric_name: str | None = None) -> str:
    """The numbers of a row on one line, with the validation loss and the metric if there are any.

    >>> describe(Epoch(7, 0.25, 0.5, 0.875), "accuracy")
    'loss 0.25  validation loss 0.5  accuracy 0.875'
    """
    parts = [f"loss {row.loss:.4g}"]
    if row.validation_loss is not None:
        parts.append(f"validation loss {row.validation_loss:.4g}")
    if row.metric is not None:
        name = metric_name or "metric"
        parts.append(f"{METRIC_WORDS.get(name, name)} {row.metric:.4g}")
    return "  ".join(parts)
