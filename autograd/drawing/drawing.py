"""`Drawing`, the result of `draw`: SVG, DOT, HTML and PNG, files, and the display in notebooks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from os import PathLike
from typing import Any, NamedTuple

from autograd.drawing.layout.engines import check_engine, lay_out
from autograd.drawing.layout.geometry import Layout
from autograd.drawing.render.animate import Timeline
from autograd.drawing.render.dot import dot_source
from autograd.drawing.render.png import png_of
from autograd.drawing.render.svg import render
from autograd.drawing.render.theme import Theme, check_theme
from autograd.drawing.scene import Scene
from autograd.drawing.show import first_in_notebook, show
from autograd.drawing.text import markup
from autograd.io.files import write_bytes
from autograd.io.plural import counted


class Elements(NamedTuple):
    """The ids of what stands for a graph in its picture; nodes are counted in topological order.

    boxes  by node; several nodes may share a box, and a node that is not in the picture has none
    edges  by node and the place of the parent among its parents
    """

    boxes: Mapping[int, str] = {}
    edges: Mapping[tuple[int, int], str] = {}


class Drawing:
    """The result of `draw`. It keeps numbers, not nodes: later changes of the graph do not change it.

    >>> from autograd import Value
    >>> from autograd.drawing import draw
    >>> drawing = draw(Value(2.0, label="a") * Value(-3.0, label="b"))
    >>> drawing.svg[:4], drawing.html[:15], "digraph" in drawing.dot
    ('<svg', '<!DOCTYPE html>', True)
    >>> drawing.summary
    '3 boxes, 2 edges; layout: ...'
    >>> sorted(drawing.layout.centres)
    ['v0', 'v1', 'v2']
    """

    def __init__(
        self,
        scene: Scene,
        *,
        timeline: Timeline | None = None,
        layout: Layout | None = None,
        engine: str = "auto",
        theme: Theme = "auto",
        legend: bool | None = None,
        elements: Elements | None = None,
    ) -> None:
        check_engine(engine)
        check_theme(theme)
        self.scene, self.timeline, self.engine, self.theme = scene, timeline, engine, theme
        self.legend = legend
        self.elements = elements or Elements()
        if layout is not None:
            self.layout = layout

    @cached_property
    def layout(self) -> Layout:
        """The places of everything; `layout.engine` names the engine that found them."""
        return lay_out(self.scene, self.engine)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document without scripts or references; theme 'auto' follows light or dark mode."""
        return self._rendered(legend=bool(self.legend))

    def _rendered(self, *, legend: bool) -> str:
        return render(self.scene, self.layout, self.timeline, theme=self.theme, legend=legend)

    @cached_property
    def dot(self) -> str:
        """The graph in the language of Graphviz."""
        return dot_source(self.scene)

    @property
    def html(self) -> str:
        """A complete HTML page that contains the picture."""
        title = markup(self.scene.title or self.scene.name)
        schemes = "light dark" if self.theme == "auto" else self.theme
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="{schemes}">'
            "<style>body{margin:1rem}svg{max-width:100%;height:auto}</style></head>\n"
            f"<body>\n{self.svg}</body></html>\n"
        )

    @property
    def png(self) -> bytes:
        """The picture as PNG at twice the size; in light mode unless the theme is 'dark'.

        >>> from autograd import Value, draw
        >>> draw(Value(2.0)).png[1:4]
        b'PNG'

        ImportError without the package resvg-py, RuntimeError if there is no font: see `save`.
        """
        theme: Theme = "dark" if self.theme == "dark" else "light"
        return png_of(render(self.scene, self.layout, theme=theme, legend=bool(self.legend)))

    @property
    def summary(self) -> str:
        """The numbers of boxes and edges, the caption and the layout engine, in one line."""
        note = f"; {self.scene.caption}" if self.scene.caption else ""
        return f"{self._counts}{note}; layout: {self.layout.engine}"

    @property
    def _counts(self) -> str:
        boxes, edges = len(self.scene.boxes), len(self.scene.edges)
        return f"{counted(boxes, 'box', 'boxes')}, {counted(edges, 'edge')}"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture atomically, in the format of the suffix: .svg, .png, .dot or .html.

        >>> from autograd import Value, draw
        >>> draw(Value(2.0)).save("picture.gif")
        Traceback (most recent call last):
            ...
        ValueError: cannot draw 'picture.gif': the name must end in .svg, .png, .dot or .html

        ValueError for another suffix; OSError if the file cannot be written; ImportError for .png without the package
        resvg-py (`pip install 'scalar-autograd[png]'`), RuntimeError if it finds no font.
        """
        suffix = os.path.splitext(path)[1].lower()
        if suffix not in FORMATS:
            raise ValueError(f"cannot draw {os.fspath(path)!r}: the name must end in {SUFFIXES}")
        write_bytes(path, FORMATS[suffix](self))

    def show(self) -> None:
        """Show the picture: in a notebook below the cell, otherwise in a browser.

        Outside notebooks it is a page in the folder for temporary files. On a machine without a browser, or without a
        screen, its path is printed.

        >>> from autograd import Value, draw
        >>> from unittest.mock import patch  # no window during this example
        >>> with patch.dict("os.environ", DISPLAY=":0"), patch("webbrowser.open") as browser:
        ...     draw(Value(2.0)).show()
        >>> browser.call_args.args[0]
        'file://...autograd-...html'
        """
        show(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The SVG for notebooks, and text/plain for other front ends; the first one of a session has a legend."""
        svg = self._rendered(legend=True) if self.legend is None and first_in_notebook() else self.svg
        return {"text/html": svg, "image/svg+xml": svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<drawing of {self._counts}; .save('picture.svg')>"


FORMATS: dict[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg.encode(),
    ".png": lambda drawing: drawing.png,
    ".dot": lambda drawing: drawing.dot.encode(),
    ".html": lambda drawing: drawing.html.encode(),
}
SUFFIXES = f"{', '.join([*FORMATS][:-1])} or {[*FORMATS][-1]}"
