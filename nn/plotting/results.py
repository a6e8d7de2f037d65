"""Pictures of how good a model is: confusion matrix, calibration, importance of columns, predictions against targets.

They need the optional package matplotlib. The same numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nn.plotting.figures import COLOURS, INK, Theme, figure_of, save_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Path = str | PathLike[str]
MOST_CLASSES = 30  # of more, the cells are too small for names
MOST_COLUMNS = 20
BLUE, ORANGE = COLOURS[0], COLOURS[1]


class Bin(Protocol):
    """The part of a row of a reliability table that is drawn."""

    @property
    def probability(self) -> float: ...
    @property
    def frequency(self) -> float: ...
    @property
    def samples(self) -> int: ...


class Importance(Protocol):
    """A column and its importance."""

    @property
    def column(self) -> str: ...
    @property
    def mean(self) -> float: ...
    @property
    def std(self) -> float: ...


def confusion_picture(
    matrix: NDArray[np.int64], names: Sequence[str], path: Path, *, title: str, theme: Theme = "auto"
) -> None:
    """Draw a confusion matrix as SVG: rows are classes, columns predictions, colours the share of the row.

    ImportError without matplotlib, OSError when the file cannot be written.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    small = len(names) > MOST_CLASSES

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot(xlabel="predicted", ylabel="class", title=title)
        axes.grid(False)
        size = 11.0 if len(names) <= 10 else 6.0
        for (i, j), share in np.ndenumerate(shares):
            axes.add_patch(_cell(i, j, float(share), BLUE if i == j else COLOURS[5]))
            if matrix[i, j] and not small:
                axes.text(j, i, str(matrix[i, j]), ha="center", va="center", fontsize=size, color=INK)
        axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
        ticks = [] if small else list(range(len(names)))
        labels = [_short(names[k]) for k in ticks]
        long = max(map(len, labels), default=0) * len(labels) > 40
        axes.set_xticks(ticks, labels, rotation=90 if long else 0)
        axes.set_yticks(ticks, labels)

    save_svg(figure_of(draw), path, theme=theme)


def _cell(i: int, j: int, share: float, colour: str) -> Any:
    """A square whose opacity is the share; light enough for the number in it to be read on either paper."""
    from matplotlib.patches import Rectangle

    return Rectangle((j - 0.5, i - 0.5), 1.0, 1.0, facecolor=colour, alpha=0.7 * share, linewidth=0.0)


def calibration_picture(bins: Sequence[Bin], path: Path, *, title: str, theme: Theme = "auto") -> None:
    """Draw a reliability table as SVG: on the diagonal, a probability is the frequency of being right.

    The area of a point is the number of its samples. Errors as for `confusion_picture`.
    """
    most = max(each.samples for each in bins)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot(xlabel="predicted probability", ylabel="fraction right", title=title)
        axes.plot([0, 1], [0, 1], ":", color="0.5", label="perfectly calibrated")
        x, y = [each.probability for each in bins], [each.frequency for each in bins]
        axes.plot(x, y, "-", color=BLUE, linewidth=1.2, label="model")
        axes.scatter(x, y, [20 + 180 * each.samples / most for each in bins], color=BLUE, alpha=0.6, zorder=3)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.05))
        axes.legend(frameon=False, loc="upper left")

    save_svg(figure_of(draw), path, theme=theme)


def importance_picture(
    importances: Sequence[Importance], path: Path, *, metric: str, title: str, theme: Theme = "auto"
) -> None:
    """Draw the importance of the first columns as bars with their standard deviations, as SVG.

    `metric` is what is lost when a column is shuffled. Errors as for `confusion_picture`.
    """
    shown = importances[:MOST_COLUMNS]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot(xlabel=f"drop in {metric} when shuffled", title=title)
        places = range(len(shown))
        axes.barh(
            places, [each.mean for each in shown], xerr=[each.std for each in shown], color=BLUE, alpha=0.8,
            error_kw={"ecolor": INK, "capsize": 2.0},
        )  # fmt: skip
        axes.set_yticks(list(places), [_short(each.column, 24) for each in shown])
        axes.tick_params(axis="y", labelsize=11.0 if len(shown) <= 12 else 8.0)
        axes.set_ylim(max(len(shown), 4) - 0.5, -0.5)  # few bars are not thick ones

    save_svg(figure_of(draw), path, theme=theme)


def residual_picture(
    y: NDArray[np.float64],
    predicted: NDArray[np.float64],
    path: Path,
    *,
    target: str,
    title: str,
    theme: Theme = "auto",
) -> None:
    """Draw predictions against targets, and the residuals against predictions, as SVG.

    Errors as for `confusion_picture`.
    """
    size = float(np.clip(4000 / len(y), 6, 30))

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        figure.suptitle(title, color=INK)
        low, high = float(min(y.min(), predicted.min())), float(max(y.max(), predicted.max()))
        left.plot([low, high], [low, high], ":", color="0.5")
        left.scatter(y, predicted, size, color=BLUE, alpha=0.6, edgecolors="none")
        left.set(xlabel=_short(target, 24), ylabel="prediction")
        right.axhline(0.0, linestyle=":", color="0.5")
        right.scatter(predicted, predicted - y, size, color=ORANGE, alpha=0.7, edgecolors="none")
        right.set(xlabel="prediction", ylabel="prediction - target")
        for axes in (left, right):
            axes.locator_params(nbins=5)

    save_svg(figure_of(draw), path, theme=theme)


def _short(name: str, most: int = 14) -> str:
    """A label: no longer than that, and with no `$`, which begins mathematics in matplotlib."""
    return (name if len(name) <= most else name[: most - 1] + "…").replace("$", r"\$")
