"""Matplotlib figures (an optional package): their style, and the figure of a training run.

The same run gives the same bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from autograd.io.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito 2008, "Color Universal Design": distinguishable with every kind of colour vision.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
LOG_FROM_RATIO = 20.0
PAPER, INK = "#ffffff", "#1f2328"
# The colours of `autograd.draw` in dark mode, for what has those of the light one.
DARK = "".join(
    f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
    for what in ("fill", "stroke")
    for light, dark in ((PAPER, "#0d1117"), (INK, "#e6edf3"))
)
# Without a date, and with ids from the content instead of random ones.
STYLE: Any = {
    "svg.hashsalt": "scalar-autograd",
    "font.size": 11.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": PAPER,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


Theme = Literal["auto", "light", "dark"]


class Run(Protocol):
    """The part of a `History` that is drawn."""

    @property
    def losses(self) -> list[float]: ...
    @property
    def validation_losses(self) -> list[float]: ...
    @property
    def best_epoch(self) -> int: ...


def loss_figure(run: Run, *, title: str = "Loss by epoch", held_out: Sequence[float] = ()) -> Figure:
    """The training loss (and those of the validation and held-out samples) by epoch, with the best epoch marked.

    The axis is logarithmic when the losses span more than a factor of 20. Losses that are not finite are not drawn.
    Raises `ValueError` when there is no epoch to draw, `ImportError` without matplotlib.
    """
    if not run.losses:
        raise ValueError("there is no complete epoch to draw")

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        axes = figure.add_subplot(xlabel="epoch", ylabel="loss", title=title)
        epochs = range(1, len(run.losses) + 1)
        curves = {
            "training loss": run.losses,
            "validation loss": run.validation_losses,
            "held-out loss": held_out,
        }
        for (label, losses), colour, style in zip(curves.items(), COLOURS, ("-", "--", "-."), strict=False):
            if losses:
                axes.plot(
                    epochs[: len(losses)],
                    losses,
                    style,
                    color=colour,
                    label=label,
                    marker="" if len(losses) > 1 else "o",
                )
        if run.best_epoch:
            axes.axvline(run.best_epoch, color="0.5", linestyle=":", label=f"best epoch, {run.best_epoch}")
        _choose_scale(axes, [loss for losses in curves.values() for loss in losses])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlim(0.5, len(epochs) + 0.5)
        axes.legend(frameon=False)

    return figure_of(draw)


def _choose_scale(axes: Axes, losses: Sequence[float]) -> None:
    finite = [loss for loss in losses if math.isfinite(loss)]
    if finite and min(finite) > 0.0 and max(finite) > LOG_FROM_RATIO * min(finite):
        axes.set_yscale("log")
    elif finite and min(finite) >= 0.0:
        axes.set_ylim(bottom=0.0)


def figure_of(draw: Callable[[Figure], None]) -> Figure:
    """A new figure in this package's style, without changing the user's settings. ImportError without matplotlib."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained", facecolor=PAPER)
        draw(figure)
    return figure


def save_svg(figure: Figure, path: str | PathLike[str], *, theme: Theme = "auto") -> None:
    """Write `figure` as SVG, atomically: 'light', 'dark', or 'auto', as the reader's system.

    OSError when the file cannot be written, ValueError for another theme.
    """
    if theme not in get_args(Theme):
        raise ValueError(f"theme={theme!r}: choose one of {', '.join(map(repr, get_args(Theme)))}")
    from matplotlib import rc_context

    picture = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(picture, format="svg", metadata={"Date": None})
    rules = {"auto": f"@media(prefers-color-scheme:dark){{{DARK}}}", "dark": DARK, "light": ""}[theme]
    style = f"<style>{rules}</style></svg>" if rules else "</svg>"
    write_bytes(path, picture.getvalue().replace(b"</svg>", style.encode()))
