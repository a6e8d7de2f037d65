"""Two pictures of a run: the loss by epoch, and, for two inputs, the model's predictions over the plane.

They need the optional package matplotlib. The same run gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nn.plotting.figures import COLOURS, Run, Theme, figure_of, loss_figure, save_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

GRID_POINTS = 61
MARGIN = 0.15


class Dataset(Protocol):
    """The part of a `nn.tabular.datasets.Dataset` that is shown."""

    @property
    def name(self) -> str: ...
    @property
    def x(self) -> Array: ...
    @property
    def y(self) -> NDArray[Any]: ...
    @property
    def task(self) -> str: ...
    @property
    def feature_names(self) -> Sequence[str]: ...
    @property
    def class_names(self) -> Sequence[str]: ...
    @property
    def holds_out(self) -> bool: ...
    @property
    def held_out(self) -> Any: ...


def loss_picture(
    history: Run,
    path: str | PathLike[str],
    *,
    title: str = "Loss by epoch",
    held_out: Sequence[float] = (),
    theme: Theme = "auto",
) -> None:
    """Draw the training loss (and those of validation and held-out samples) by epoch as SVG: see `loss_figure`.

    Raises `ValueError` when there is no epoch to draw, `ImportError` without matplotlib, `OSError` when the file cannot
    be written.
    """
    save_svg(loss_figure(history, title=title, held_out=held_out), path, theme=theme)


def boundary_picture(
    dataset: Dataset, predict: Callable[[Array], Array], path: str | PathLike[str], *, title: str, theme: Theme = "auto"
) -> None:
    """Draw a model's predictions over the plane of its two inputs as SVG, with the samples: held-out ones as crosses.

    `predict` maps points of shape (n, 2), in the units of the data, to n class indices (drawn as regions) or, for a
    regression, n numbers (drawn as levels). Raises `ValueError` unless there are two inputs, `ImportError` without
    matplotlib, `OSError` when the file cannot be written.
    """
    if dataset.x.shape[1] != 2:
        raise ValueError(f"a boundary needs two inputs, {dataset.name!r} has {dataset.x.shape[1]}")
    across, up = _grid(dataset.x)
    points = np.stack(np.meshgrid(across, up), axis=-1)
    predictions = np.asarray(predict(points.reshape(-1, 2))).reshape(GRID_POINTS, GRID_POINTS)

    def draw(figure: Figure) -> None:
        names = dataset.feature_names
        axes = figure.add_subplot(xlabel=names[0], ylabel=names[1], title=title)
        fill = _fill_numbers if dataset.task == "regression" else _fill_classes
        fill(figure, axes, dataset, across, up, predictions)

    save_svg(figure_of(draw), path, theme=theme)


def _fill_classes(figure: Figure, axes: Axes, dataset: Dataset, across: Array, up: Array, predictions: Array) -> None:
    classes = range(len(dataset.class_names))
    colours = [COLOURS[k % len(COLOURS)] for k in classes]
    axes.contourf(
        across, up, predictions, levels=[k - 0.5 for k in range(len(colours) + 1)], colors=colours, alpha=0.25
    )
    for k, colour in zip(classes, colours, strict=True):
        _samples(axes, dataset, dataset.y == k, label=dataset.class_names[k], color=colour)
    if dataset.holds_out:
        axes.scatter([], [], 34, marker="X", color="0.4", label="held out")
    figure.legend(loc="outside right center", frameon=False)


def _fill_numbers(figure: Figure, axes: Axes, dataset: Dataset, across: Array, up: Array, predictions: Array) -> None:
    low = min(float(predictions.min()), float(dataset.y.min()))
    high = max(float(predictions.max()), float(dataset.y.max()))
    filled = axes.contourf(across, up, predictions, levels=np.linspace(low, high, 13), cmap="cividis", alpha=0.7)
    figure.colorbar(filled, ax=axes, label="prediction")
    every = np.ones(len(dataset.y), dtype=bool)
    _samples(axes, dataset, every, cmap="cividis", vmin=low, vmax=high)


def _samples(axes: Axes, dataset: Dataset, chosen: NDArray[np.bool_], **look: Any) -> None:
    held_out = np.zeros(len(dataset.y), dtype=bool)
    if dataset.holds_out:
        held_out[dataset.held_out] = True
    unit = float(np.clip(4000 / len(dataset.y), 18, 80))
    for part, marker, size in ((chosen & ~held_out, "o", unit), (chosen & held_out, "X", 2 * unit)):
        across, up = dataset.x[part].T
        numbers = {"c": dataset.y[part]} if "cmap" in look else {}
        axes.scatter(across, up, size, marker=marker, edgecolors="white", linewidths=0.6, **(look | numbers))
        look.pop("label", None)


def _grid(x: Array) -> tuple[Array, Array]:
    low, high = x.min(axis=0), x.max(axis=0)
    room = MARGIN * np.where(high > low, high - low, 1.0)
    across, up = np.linspace(low - room, high + room, GRID_POINTS).T
    return across, up
