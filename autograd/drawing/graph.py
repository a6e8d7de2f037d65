"""`draw`: the picture of a computation graph of any size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, get_args

from autograd.backward import Step
from autograd.drawing.build import BuiltScene, GraphView, build, describe, has_passed
from autograd.drawing.collapse import COLLAPSE_ABOVE, MOST_BOXES, Depth, DepthOption, Part, divide, nearest
from autograd.drawing.drawing import Drawing, Elements
from autograd.drawing.inputs import with_inputs
from autograd.drawing.layout.engines import BUILT_IN, check_engine, lay_out
from autograd.drawing.modules import Membership, membership
from autograd.drawing.references import with_references
from autograd.drawing.render.animate import fresh_pass, timeline_of
from autograd.drawing.render.theme import Theme, check_theme
from autograd.drawing.scene import Box, Direction, Edge, Scene
from autograd.drawing.selection import RADIUS, find, neighbourhood
from autograd.drawing.text import clean
from autograd.graph import topological
from autograd.io.plural import counted
from autograd.node_names import known_names
from autograd.value import Value

SHOW = ("data", "grad", "partials")
PAGE = (2800.0, 1800.0)  # pixels: what can still be read on 1400 x 900
ROOMY = 30  # boxes, which fit in any case


def draw(
    values: Value | Iterable[Value],
    *,
    focus: Value | str | Sequence[Value | str] | None = None,
    radius: int | None = None,
    depth: DepthOption = "auto",
    rankdir: Direction = "LR",
    show: Collection[str] = SHOW,
    animate: bool = False,
    title: str | None = None,
    engine: str = "auto",
    theme: Theme = "auto",
    legend: bool | None = None,
) -> Drawing:
    """Draw the graph of a value, or of several: one box per value, one arrow per use of an operand.

    A box shows name and operation (constants included), `data` and `grad`: ▲ positive, ▼ negative, ○ zero, ⚠ not
    finite, – before `backward()`. An arrow shows the local derivative ∂out/∂operand, unless it is 1; its width grows
    with the contribution local × upstream, and it is dashed if that is negative, dotted if it is 0.

    values         a Value, or several whose graphs are drawn together
    focus, radius  show only values at most `radius` edges (default 2) from these values, or from those with these names
    depth          'all' or None: every value; 0, 1, 2, …: modules collapsed below that level; 'auto': above 300
                   values, or where these do not fit 2800 × 1800 pixels, the deepest readable level
    rankdir        'LR', 'TB', 'RL' or 'BT': direction of the arrows
    show           any of 'data', 'grad', 'partials'
    animate        animate the backward pass, from zeroed gradients (by CSS alone: it plays in an `<img>`); arrows run
                   with the gradient, from a result to its operands
    engine         finds the positions: 'builtin'; 'dot' or 'graphviz-pure', which are stopped after 2 s; 'auto' is
                   $AUTOGRAD_DOT if that is set, otherwise 'builtin'
    theme          'light', 'dark', or 'auto': as the reader's system
    legend         explain colours, lines and shapes below the picture; None: only in the first that a notebook shows

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b
    >>> c.backward()
    >>> [box.lines for box in draw(c).scene.boxes]
    [['a', 'data 2', 'grad ▼ −3'], ['b', 'data −3', 'grad ▲ 2'], ['×', 'data −6', 'grad ▲ 1']]

    The gradients are not changed. TypeError for anything but Values; ValueError for an invalid option; GraphError for a
    focus outside the graph.
    """
    roots = _roots(values)
    check_engine(engine)
    check_theme(theme)
    level: Depth = None if depth == "all" else depth
    check_options(radius=radius, depth=level, rankdir=rankdir, show=show)
    if animate and len(roots) > 1:
        raise ValueError(f"animate=True shows one backward pass: give one value, not {len(roots)}")
    order = topological(*roots)
    film: AbstractContextManager[list[Step]] = fresh_pass(order, roots[0]) if animate else nullcontext([])
    with film as steps:
        member_of = membership(order)
        names = _names(order, member_of)
        view = GraphView(names, {node: i for i, node in enumerate(order)}, show, has_passed(order))
        chosen, centres = order, list[Value]()
        if focus is not None or radius is not None:
            centres = roots if focus is None else find(focus, order, names)
            chosen = neighbourhood(centres, order, RADIUS if radius is None else radius)
        shown, used = _build(chosen, roots, level, member_of, view, rankdir)
        if focus is not None:
            _mark(shown, centres)
        timeline = timeline_of(steps, roots[0], shown.box_of, shown.edge_of) if animate else None
    parts = with_inputs(shown, view, member_of.scopes)
    scene = _scene(shown, parts, view, roots, used, rankdir, title)._replace(backward=animate)
    elements = _elements(shown, view)
    return Drawing(scene, timeline=timeline, engine=engine, theme=theme, legend=legend, elements=elements)


def _elements(shown: BuiltScene, view: GraphView) -> Elements:
    """What stands for the nodes, by number: a drawing keeps no nodes."""
    return Elements(
        {view.place[node]: box for node, box in shown.box_of.items()},
        {(view.place[node], slot): edge for (node, slot), edge in shown.edge_of.items()},
    )


def _build(
    chosen: Sequence[Value],
    roots: Sequence[Value],
    level: Depth,
    member_of: Membership,
    view: GraphView,
    rankdir: Direction,
) -> tuple[BuiltScene, Depth]:
    """The boxes and edges, and the depth used: 'auto' collapses what would not fit a page."""
    parts, used = divide(chosen, roots, level, member_of)
    shown = build(parts if used is None else nearest(parts, roots), view)
    if level != "auto" or len(chosen) < len(view.place) or (used is None and _fits(shown, rankdir)):
        return shown, used

    def fits(parts: Sequence[Part]) -> bool:
        return _fits(build(parts, view), rankdir)

    parts, used = divide(chosen, roots, level, member_of, above=0, fits=fits)
    if len(parts) > MOST_BOXES and len(chosen) <= COLLAPSE_ABOVE:
        return shown, None  # nothing to collapse by
    return build(nearest(parts, roots), view), used


def _fits(shown: BuiltScene, rankdir: Direction) -> bool:
    if len(shown.boxes) <= ROOMY:
        return True
    scene = Scene(*with_references(shown.boxes, shown.edges), rankdir=rankdir)
    left, top, right, bottom = lay_out(scene, BUILT_IN).bounds(scene)
    return right - left <= PAGE[0] and bottom - top <= PAGE[1]


def _mark(shown: BuiltScene, centres: Sequence[Value]) -> None:
    """Give the boxes of the focus a heavy border."""
    marked = {shown.box_of[node] for node in centres if node in shown.box_of}
    shown.boxes[:] = [box._replace(focus=box.id in marked) for box in shown.boxes]


def _scene(
    shown: BuiltScene,
    parts: tuple[Sequence[Box], Sequence[Edge]],
    view: GraphView,
    roots: list[Value],
    depth: Depth,
    rankdir: Direction,
    title: str | None,
) -> Scene:
    boxes, edges = with_references(*parts)
    return Scene(
        boxes=boxes,
        edges=edges,
        rankdir=rankdir,
        title=clean(title or ""),
        caption=_caption(shown, view, depth),
        name=_title(roots, view.names),
        description=describe(shown.boxes, view),
    )


def _roots(values: Any) -> list[Value]:
    roots = [values] if isinstance(values, Value) else list(values) if isinstance(values, Iterable) else []
    if not roots and isinstance(values, Iterable):
        raise ValueError("nothing to draw: the sequence of values is empty")
    for root in roots or [values]:
        if not isinstance(root, Value):
            way = (
                "a model has a method .draw()" if hasattr(root, "parameters") else "give it the result of a computation"
            )
            raise TypeError(f"draw takes a Value or several, got {root!r} ({type(root).__name__}); {way}")
    return list(dict.fromkeys(roots))


def check_options(*, radius: Any, depth: Any, rankdir: Any, show: Any) -> None:
    """Raise ValueError for an invalid option of `draw`, with the valid ones."""
    if rankdir not in get_args(Direction):
        raise ValueError(f"rankdir={rankdir!r}: choose one of {', '.join(map(repr, get_args(Direction)))}")
    if depth is not None and depth != "auto" and not _is_count(depth):
        raise ValueError(
            f"depth={depth!r}: give a non-negative integer (levels of modules), 'auto', or 'all' for every value"
        )
    if radius is not None and not _is_count(radius):
        raise ValueError(f"radius={radius!r}: give a non-negative integer (edges)")
    unknown = [show] if isinstance(show, str) else [each for each in show if each not in SHOW]
    if unknown:
        raise ValueError(f"show={show!r}: {unknown[0]!r} cannot be shown; choose among {SHOW}")


def _is_count(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool) and x >= 0


def _names(order: Sequence[Value], member_of: Membership) -> dict[Value, str]:
    return {node: clean(name) for node, name in known_names(order, member_of.names).items()}


def _title(roots: Sequence[Value], names: dict[Value, str]) -> str:
    called = ", ".join(filter(None, (names.get(root, "") for root in roots[:3])))
    return f"Computation graph of {called}" if called else "Computation graph"


def _caption(shown: BuiltScene, view: GraphView, depth: Depth) -> str:
    total, visible = len(view.place), len(shown.box_of)
    if depth is None and visible == total:
        return ""
    part = f"{visible} of {counted(total, 'value')}" if visible < total else counted(total, "value")
    if depth is None:
        return f"{part}; a larger radius shows more"
    boxes = counted(len(shown.boxes), "box", "boxes")
    return f"{part} in {boxes} (depth={depth}); depth='all' shows every value, focus=… a part"
