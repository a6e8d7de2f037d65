"""`autograd.explore(loss)`: a web page on which the boxes of a graph open and close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.compiler.program import Program
from autograd.debugging.naming import variables_of_caller
from autograd.drawing.collapse import Depth, DepthOption
from autograd.drawing.render.theme import Theme, check_theme
from autograd.drawing.text import clean
from autograd.exploring.columns import integers
from autograd.exploring.compare import mates
from autograd.exploring.compiled import value_of
from autograd.exploring.film import Film, film_of
from autograd.exploring.page import Page
from autograd.exploring.replay import checked_depth
from autograd.io.plural import counted
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled


class Explorer(Page):
    """The result of `explore`. It keeps numbers, not nodes: later changes of the graph do not change it.

    >>> page = explore(Value(2.0, label="a") * Value(-3.0, label="b"))
    >>> page
    <explorer of 3 values; .save('graph.html')>
    >>> len(page), page.html[:15]
    (3, '<!DOCTYPE html>')
    """

    def __init__(self, film: Film, other: Film | None, depth: Depth, title: str, theme: Theme) -> None:
        films = [film] if other is None else [film, other]
        data: dict[str, Any] = {"films": [each.data for each in films], "depth": depth, "clock": False}
        if other is not None:
            data["mates"] = integers(mates(film, other))
        super().__init__(data, title, theme)
        self._films = films

    def __len__(self) -> int:
        """The number of values, of both graphs if there are two."""
        return sum(len(film.names) for film in self._films)

    def __repr__(self) -> str:
        counts = " and ".join(str(len(film.names)) for film in self._films[:-1])
        last = counted(len(self._films[-1].names), "value")
        return f"<explorer of {f'{counts} and ' if counts else ''}{last}; .save('graph.html')>"


def explore(
    loss: Value | Explorer,
    other: Value | Explorer | Compiled | None = None,
    /,
    *,
    depth: DepthOption = "auto",
    title: str | None = None,
    theme: Theme = "auto",
    digits: bool = False,
) -> Explorer:
    """A page on which every module, function call and source line of a graph is a box that opens and closes in place.

    It is one file that needs no network, for graphs of up to some 100 000 values. A closed box says how many values it
    holds. The picture is moved and zoomed by mouse, touch and keys; values are searched by name. A click on a value
    shows its number, its gradient as a sum of local × upstream, the source line (for nodes made inside
    `autograd.debug()`), and the chain rule along the strongest path to the loss. Bars show where gradients are large.
    `…html#w1` opens the value w1.

    loss    the Value whose graph is shown, with the gradients of a backward pass from there
    other   a second one, shown beside it; values and gradients that differ are marked and listed. For the graph before
            a step, whose leaves the step changes, make its page before: `before = explore(loss)`, then
            `explore(before, loss_after)`. Of a compiled function, the program that ran last is shown, on the numbers of
            the leaves of `loss` with the names of its inputs
    depth   levels of boxes that are open at the beginning: a number, 'all' or None, or 'auto', as many as can be read
    title   the heading; by default "Computation graph of …"
    theme   'light', 'dark', or 'auto': as the reader's system
    digits  count the correct digits of every value, by a replay with 60 digits (mpmath), for bars of the digits lost

    >>> x = Value(3.0, label="x")
    >>> len(explore(x * x)), x.grad
    (2, 0.0)
    >>> explore(x * x, x**2)
    <explorer of 2 and 2 values; .save('graph.html')>

    The pass begins with zeroed gradients; those of the nodes are restored. TypeError for anything but a Value or a
    page of `explore`; ValueError for an invalid `depth` or `theme`; GraphError if a program has other inputs than
    `loss` has leaves, and where digits of an opaque node are counted; ImportError for digits without mpmath.
    """
    level = checked_depth(depth)
    check_theme(theme)
    film = _film(loss, digits)
    second = None if other is None else _film(_graph(other, film), digits)
    names = film.names[0] if second is None else f"{film.names[0]} and {second.names[0]}"
    return Explorer(film, second, level, clean(title or f"Computation graph of {names}"), theme)


def _graph(other: Value | Explorer | Compiled, film: Film) -> Value | Explorer:
    """What is compared: of a compiled function, its program as a graph."""
    program = None if isinstance(other, Value | Explorer) else getattr(other, "program", None)
    return value_of(program, film) if isinstance(program, Program) else other  # type: ignore[return-value]


def _film(graph: Value | Explorer, digits: bool) -> Film:
    if isinstance(graph, Explorer):
        return graph._films[0]
    if not isinstance(graph, Value):
        raise TypeError(f"explore takes a Value or a page of explore, got {graph!r} ({type(graph).__name__})")
    return film_of(graph, variables_of_caller(), digits)
