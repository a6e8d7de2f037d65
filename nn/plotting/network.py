"""Draw a model: neurons in columns, weights as lines between them, δ if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from autograd import Value, drawing
from autograd.io.plural import counted

MOST = 16  # boxes shown in a column: of more, the first and the last ones
LONGEST = 24  # letters of the name of an input
ROW_GAP = 12.0
STEEPNESS, GAPS = 0.3, (110.0, 320.0)  # higher columns are farther apart, so that lines are not too steep
Columns = list[list[drawing.Box]]


def draw_model(model: Any, title: str | None = None) -> drawing.Drawing:
    """The architecture: a box per input and neuron, a line per weight, wider for a larger |w|, dashed if w < 0.

    A box shows the bias b, after a pass the output a, and after `backward()` δ. Of a column of more than 16, the first
    and the last are shown. A model without layers is drawn as its parameters.
    """
    neurons = _neurons(model)
    if neurons is None:
        return _parameters_only(model, title)
    has_delta = any(_of_last_pass(neuron, "z", "grad") for column in neurons for neuron in column)
    inputs = [drawing.Box(f"i{j}", "leaf", name=name) for j, name in enumerate(_input_names(model, neurons))]
    columns = [inputs]
    for number_of_layer, column in enumerate(neurons, start=1):
        columns.append([_neuron_box(n, f"n{number_of_layer}-{i}", has_delta) for i, n in enumerate(column)])
    edges = _edges(columns, neurons)
    return _columns(columns, edges, title or repr(model), name=type(model).__name__)


def _neurons(model: Any) -> list[list[Any]] | None:
    """The neurons of a model, a layer or a neuron, layer by layer; None for anything else.

    A user's module may use the same names for other things, so the types of the attributes are checked.
    """
    layers = _all_of(vars(model).get("layers", [model]))
    columns = [_all_of(vars(layer).get("neurons", [layer])) if hasattr(layer, "__dict__") else [] for layer in layers]
    if not columns or not all(column and all(map(_is_neuron, column)) for column in columns):
        return None
    return columns if all(_fit(*each) for each in pairwise([[], *columns])) else None


def _input_names(model: Any, neurons: list[list[Any]]) -> list[str]:
    """Those of the columns that the model was trained on, or `a0[0]`, …"""
    size, names = len(neurons[0][0].w), _all_of(getattr(model, "feature_names", ()))
    if len(names) != size or not all(isinstance(name, str) for name in names):
        return [f"a0[{j}]" for j in range(size)]
    return [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]


def _all_of(x: Any) -> list[Any]:
    return list(x) if isinstance(x, list | tuple) else []


def _is_neuron(x: Any) -> bool:
    """Whether x has the attributes of `nn.Neuron` that the picture shows."""
    held = getattr(x, "__dict__", {})
    weights, activation = _all_of(held.get("w")), held.get("activation")
    return (
        all(isinstance(each, Value) for each in [*weights, held.get("b")])
        and isinstance(getattr(activation, "name", None), str)
        and callable(getattr(x, "name", None))
    )


def _fit(before: list[Any], column: list[Any]) -> bool:
    """Whether every neuron has one weight per neuron of the column before; the first column defines the inputs."""
    return {len(neuron.w) for neuron in column} == {len(before) or len(column[0].w)}


def _of_last_pass(neuron: Any, letter: str, what: str) -> float | None:
    value = vars(neuron).get(letter)  # missing before the first call
    return getattr(value, what) if isinstance(value, Value) else None


def _neuron_box(neuron: Any, box: str, has_delta: bool) -> drawing.Box:
    rows = [drawing.Row("b", drawing.number(neuron.b.data))]
    output, delta = _of_last_pass(neuron, "a", "data"), _of_last_pass(neuron, "z", "grad")
    if output is not None:
        rows.append(drawing.Row("a", drawing.number(output)))
    if has_delta and delta is not None:
        rows.append(drawing.Row("δ", drawing.number(delta), drawing.sign_of(delta)))
    return drawing.Box(
        box,
        "op",
        name=neuron.name("a"),
        head=neuron.activation.name,
        rows=tuple(rows),
        sign=drawing.sign_of(delta) if has_delta and delta is not None else "none",
        tooltip=f"{neuron.name('b')} = {neuron.b.data!r}",
    )


def _edges(columns: Columns, neurons: Sequence[Sequence[Any]]) -> list[drawing.Edge]:
    largest = max((abs(w.data) for column in neurons for neuron in column for w in neuron.w), default=0.0) or 1.0
    edges = []
    for sources, targets, column in zip(columns, columns[1:], neurons, strict=False):
        for i, neuron in enumerate(column):
            for j, w in enumerate(neuron.w):
                edges.append(
                    drawing.Edge(
                        id=f"w{targets[i].id[1:]}-{j}",
                        source=sources[j].id,
                        target=targets[i].id,
                        sign=drawing.sign_of(w.data),
                        weight=min(1.0, round(abs(w.data) / largest, 3)) if w.data == w.data else 1.0,
                        tooltip=f"{neuron.name('w', j)} = {w.data!r}\ngrad {w.grad!r}",
                    )
                )
    return edges


def _columns(columns: Columns, edges: list[drawing.Edge], title: str, name: str) -> drawing.Drawing:
    """The drawing of columns side by side, centred, with straight lines between neighbours."""
    shown = [_shortened(column, f"m{i}") for i, column in enumerate(columns)]
    boxes = {box.id: box for column in shown for box in column}
    layout, left = drawing.Layout("columns", {}, {}), 0.0
    heights = [sum(box.height for box in column) + ROW_GAP * (len(column) - 1) for column in shown]
    gap = min(max(STEEPNESS * max(heights), GAPS[0]), GAPS[1])
    for column, height in zip(shown, heights, strict=True):
        width = max(box.width for box in column)
        top = -height / 2
        for box in column:
            layout.centres[box.id] = (left + width / 2, top + box.height / 2)
            top += box.height + ROW_GAP
        left += width + gap
    visible = [edge for edge in edges if edge.source in boxes and edge.target in boxes]
    for edge in visible:
        (x0, y0), (x1, y1) = layout.centres[edge.source], layout.centres[edge.target]
        start, end = (x0 + boxes[edge.source].width / 2, y0), (x1 - boxes[edge.target].width / 2, y1)
        layout.curves[edge.id] = [start, start, end, end]
    scene = drawing.Scene(
        tuple(boxes.values()),
        tuple(visible),
        title=title,
        name=f"Architecture of {name}",
        description=f"{counted(len(columns), 'column')} of {', '.join(str(len(column)) for column in columns)} boxes; "
        f"{counted(len(edges), 'weight')}",
        arrows=False,
    )
    return drawing.Drawing(scene, layout=layout)


def _shortened(column: list[drawing.Box], box: str) -> list[drawing.Box]:
    if len(column) <= MOST:
        return column
    half = (MOST - 1) // 2
    rest = drawing.Box(box, "rest", head=f"{len(column) - 2 * half} more")
    return [*column[:half], rest, *column[-half:]]


def _parameters_only(model: Any, title: str | None) -> drawing.Drawing:
    name = type(model).__name__
    named = list(model.named_parameters())
    parameters = [drawing.Box(f"p{i}", "leaf", name=label, rows=_rows(p)) for i, (label, p) in enumerate(named)]
    whole = drawing.Box("model", "op", name=name, head=counted(len(parameters), "parameter"))
    edges = [drawing.Edge(f"e{i}", box.id, whole.id) for i, box in enumerate(parameters)]
    return _columns([parameters, [whole]] if parameters else [[whole]], edges, title or name, name=name)


def _rows(parameter: Value) -> tuple[drawing.Row, ...]:
    grad = parameter.grad
    return drawing.Row("data", drawing.number(parameter.data)), drawing.Row(
        "grad", drawing.number(grad), drawing.sign_of(grad)
    )
