"""How the plots of the notebooks look: colours that every eye tells apart, and SVG that follows light and dark mode."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd._numpy import np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito 2008, "Color Universal Design", without yellow and black, which vanish on white and on dark paper.
BLUE, ORANGE, GREEN, PINK, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, PAPER = "#1f2328", "#ffffff"
STYLE: Any = {
    "svg.hashsalt": "scalar-autograd",  # ids from the content instead of from chance: the same run, the same bytes
    "svg.fonttype": "none",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
MODES = (
    "<style>.look{--ink:#1f2328;--paper:#ffffff}"
    "@media(prefers-color-scheme:dark){.look{--ink:#e6edf3;--paper:#0d1117}}</style>"
)


class Picture:
    """A finished plot, as SVG."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return "<picture>"


def plot(draw: Callable[..., None], columns: int = 1, height: float = 3.2, **shared: Any) -> Picture:
    """Call `draw(axes, …)`, one Axes per column, in the common style; `shared` goes to `Figure.subplots`.

    As the last line of a cell it shows the picture.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(min(9.0, 5.6 + 1.7 * (columns - 1)), height), layout="constrained", facecolor=PAPER)
        draw(*figure.subplots(1, columns, squeeze=False, **shared)[0])
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "var(--ink)").replace(PAPER, "var(--paper)")
    return Picture(svg.replace("<svg", '<svg class="look"', 1).replace("<defs>", f"{MODES}<defs>", 1))


def lines(axes: Axes, curves: dict[str, tuple[Sequence[float], Sequence[float]]], **style: Any) -> None:
    """Curves by name, (x, y) each: colour and marker both tell them apart."""
    for (name, (x, y)), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
        axes.plot(x, y, label=name, color=colour, marker=marker, markersize=4, linewidth=1.6, **style)
    axes.legend()


def regions(axes: Axes, answer: Callable[[Any], Any], x: Any, y: Any, title: str = "", margin: float = 0.4) -> None:
    """What `answer` says over the plane (≥ ½: blue), and the samples: class 1 as discs, class 0 as crosses."""
    x, y = np.asarray(x, dtype=float), np.asarray(y)
    (left, low), (right, high) = x.min(axis=0) - margin, x.max(axis=0) + margin
    across, up = np.linspace(left, right, 41), np.linspace(low, high, 41)
    answers = [[float(answer([u, v])) for u in across] for v in up]
    axes.contourf(across, up, answers, levels=[-1e9, 0.5, 1e9], colors=[ORANGE, BLUE], alpha=0.3)
    for label, marker, colour in ((0, "X", ORANGE), (1, "o", BLUE)):
        chosen = x[y == label]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], marker=marker, s=70, color=colour, edgecolors=INK, linewidths=0.8, zorder=3
        )
    axes.set(title=title, xlabel="x₁", ylabel="x₂")
