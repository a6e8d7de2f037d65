"""`autograd.replay(loss)`: a web page that plays the backward pass."""

from __future__ import annotations

import os
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from autograd.debugging.naming import Names, variables_of_caller
from autograd.drawing.collapse import Depth, DepthOption
from autograd.drawing.graph import check_options
from autograd.drawing.text import clean
from autograd.io.files import write_bytes
from autograd.io.plural import counted
from autograd.replaying.film import film_of, fresh_walk
from autograd.replaying.page import page_of
from autograd.replaying.picture import Picture, picture_of
from autograd.value import Value

SUFFIXES = (".html", ".htm")
FRAME_HEIGHT = 640  # pixels of the page in a notebook


class Replay:
    """The result of `replay`. It keeps numbers, not nodes: later changes of the graph do not change it.

    >>> page = replay(Value(2.0, label="a") * Value(-3.0, label="b"))
    >>> page
    <replay of 2 products; .save('replay.html')>
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """

    def __init__(self, film: Any, picture: Picture, title: str) -> None:
        self._film, self._picture, self.title = film, picture, title

    def __len__(self) -> int:
        """The number of products of the pass."""
        return len(self._film["node"])

    def __bool__(self) -> bool:
        return True  # also without products

    @cached_property
    def html(self) -> str:
        """The page: one self-contained document."""
        return page_of(self._film, self._picture.drawing.svg, self.title)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page atomically; open it with `#9` behind its name to begin after product 9.

        ValueError for a name that does not end in .html; OSError if the file cannot be written.
        """
        if Path(path).suffix.lower() not in SUFFIXES:
            raise ValueError(f"cannot write {os.fspath(path)!r}: the name must end in .html")
        write_bytes(path, self.html.encode())

    def _repr_html_(self) -> str:
        """The page in a frame, which isolates its style and keys from the notebook."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="{escape(self.title)}" '
            f'style="width:100%;height:{FRAME_HEIGHT}px;border:0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<replay of {counted(len(self), 'product')}; .save('replay.html')>"


def replay(loss: Value, *, depth: DepthOption = "auto", title: str | None = None) -> Replay:
    """A page that plays the backward pass of `loss`, by a slider, arrow keys, and clicks on values.

    At each moment it shows the product that was just added, local × upstream = contribution with its numbers, the sum
    that it is part of, the source line with the sub-expression marked (for nodes made inside `autograd.debug()`), and
    the graph with the gradients of that moment. `…html#9` opens it after product 9.

    loss   the root of the pass
    depth  as in `draw`: a graph of more than 300 values is drawn collapsed, and the page moves from box to box
    title  the heading; by default "Backward pass of …"

    >>> x = Value(3.0, label="x")
    >>> page = replay(x * x)
    >>> len(page), x.grad
    (2, 0.0)

    The pass begins with zeroed gradients; those of the nodes are restored. TypeError for anything but a Value;
    ValueError for an invalid `depth`. A page has at most about 100 kB for 100 products, and 1 MB for 10 000.
    """
    if not isinstance(loss, Value):
        raise TypeError(f"replay takes the Value to differentiate, got {loss!r} ({type(loss).__name__})")
    level: Depth = None if depth == "all" else depth
    check_options(radius=None, depth=level, rankdir="LR", show=())
    with fresh_walk(loss) as walk:
        names = Names(walk.nodes[::-1], variables_of_caller()).of
        heading = clean(title or f"Backward pass of {names[loss]}")
        picture = picture_of(walk, names, level, heading)
        film = film_of(walk, names, picture.box_of, picture.edge_of)
    film["unit"] = "box" if picture.collapsed else "product"
    return Replay(film, picture, heading)
