"""`autograd.replay(loss)`: a web page that plays the backward pass."""

from __future__ import annotations

from autograd.debugging.naming import variables_of_caller
from autograd.drawing.collapse import Depth, DepthOption
from autograd.drawing.graph import check_options
from autograd.drawing.render.theme import Theme, check_theme
from autograd.drawing.text import clean
from autograd.exploring.film import Film, film_of
from autograd.exploring.page import Page
from autograd.io.plural import counted
from autograd.value import Value


class Replay(Page):
    """The result of `replay`. It keeps numbers, not nodes: later changes of the graph do not change it.

    >>> page = replay(Value(2.0, label="a") * Value(-3.0, label="b"))
    >>> page
    <replay of 2 products; .save('replay.html')>
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """

    def __init__(self, film: Film, depth: Depth, title: str, theme: Theme) -> None:
        super().__init__({"films": [film.data], "depth": depth, "clock": True}, title, theme)
        self._film = film

    def __len__(self) -> int:
        """The number of products of the pass."""
        return self._film.products

    def __repr__(self) -> str:
        return f"<replay of {counted(len(self), 'product')}; .save('replay.html')>"


def replay(loss: Value, *, depth: DepthOption = "auto", title: str | None = None, theme: Theme = "auto") -> Replay:
    """A page that plays the backward pass of `loss`, by a slider, arrow keys, and clicks on values.

    It is the page of `explore` with a clock. At each moment it shows the product that was just added, local × upstream
    = contribution with its numbers, the sum that it is part of, the source line with the sub-expression marked (for
    nodes made inside `autograd.debug()`), and the graph with the gradients of that moment. `…html#9` opens it after
    product 9.

    loss   the root of the pass
    depth  levels of boxes that are open at the beginning: a number, 'all' or None, or 'auto', as many as can be read
    title  the heading; by default "Backward pass of …"
    theme  'light', 'dark', or 'auto': as the reader's system

    >>> x = Value(3.0, label="x")
    >>> page = replay(x * x)
    >>> len(page), x.grad
    (2, 0.0)

    The pass begins with zeroed gradients; those of the nodes are restored. TypeError for anything but a Value;
    ValueError for an invalid `depth` or `theme`.
    """
    if not isinstance(loss, Value):
        raise TypeError(f"replay takes the Value to differentiate, got {loss!r} ({type(loss).__name__})")
    level = checked_depth(depth)
    check_theme(theme)
    film = film_of(loss, variables_of_caller())
    return Replay(film, level, clean(title or f"Backward pass of {film.names[0]}"), theme)


def checked_depth(depth: DepthOption) -> Depth:
    """The depth, None for 'all'; ValueError for an invalid one.

    >>> checked_depth("all"), checked_depth(2)
    (None, 2)
    """
    level: Depth = None if depth == "all" else depth
    check_options(radius=None, depth=level, rankdir="LR", show=())
    return level
