"""The README's pictures, and helpers of tests; `python -m tests.drawing.pictures` draws the pictures again."""

from __future__ import annotations

import random
import re
from pathlib import Path

import nn
from autograd import Value, draw, log, relu, tanh, total
from autograd.drawing import Box, Drawing, Scene
from autograd.drawing.layout.clusters import nested
from autograd.drawing.layout.engines import find_program
from autograd.drawing.layout.geometry import Rectangle, box_frame, label_frame
from autograd.drawing.render.animate import Timeline
from autograd.drawing.render.svg import render

GOLDEN = Path(__file__).parent / "golden"
GRAPHVIZ = "graphviz-pure"  # the engine that pip installs


def readme_value() -> Value:
    """The README's ten lines."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    d = relu(a * b + c)
    d.label = "d"
    d.backward()
    return d


def readme_pictures() -> dict[str, Drawing]:
    return {"readme.svg": draw(readme_value()), "readme-animated.svg": draw(readme_value(), animate=True)}


def has_graphviz() -> bool:
    return find_program(GRAPHVIZ) is not None


def article_net() -> Value:
    """The article's figure: 3 inputs, 2 outputs, the loss of one sample."""
    model = nn.MLP(3, [2, 2], hidden="sigmoid", output="sigmoid", seed=0)
    inputs = [Value(x, label=f"a0[{j}]") for j, x in enumerate((0.5, -1.0, 2.0))]
    loss: Value = nn.half_squared_error(model(inputs), [1.0, 0.0])
    loss.label = "loss"
    loss.backward()
    return loss


def batch_loss(samples: int = 100) -> Value:
    """micrograd's demo: the mean hinge loss of a batch, thousands of values."""
    model, rng = nn.MLP(2, [16, 16, 1], seed=0), random.Random(0)
    losses = [relu(1.0 - model([rng.uniform(-1, 1), rng.uniform(-1, 1)])) for _ in range(samples)]
    loss: Value = total(losses) / samples
    loss.label = "loss"
    loss.backward()
    return loss


def awkward_value() -> Value:
    """Wide, combining, right-to-left and markup characters, a name that is too long, nan and infinity."""
    a, b = Value(-1.5, label="損失関数"), Value(2.5, label='größe <&>"\\n{|} 😀')
    c = Value(float("inf"), label="the_weight_of_the_first_input_")
    d = tanh(log(a) * b + c) * Value(1.0, label="é\u0301 عربى")
    d.label = "W" * 60
    d.backward()
    return d


def cases() -> dict[str, Drawing]:
    """Every kind of picture."""
    readme = readme_value()
    before = Value(2.0) * 3.0
    return {
        "readme": draw(readme),
        "downwards": draw(readme, rankdir="TB", title="A title that is wider than the picture it stands above, by far"),
        "animated": draw(readme, animate=True),
        "before": draw(before * before),
        "article": draw(article_net()),
        "batch": draw(batch_loss(3), depth=1),
        "neurons": draw(batch_loss(3), depth=2),
        "focus": draw(article_net(), focus="z2[0]", radius=1),
        "awkward": draw(awkward_value()),
        "model": nn.MLP(2, [20, 1], seed=0).draw(),
    }


def with_own_layout(scene: Scene, timeline: Timeline | None = None) -> str:
    return render(scene, nested(scene), timeline)


def frames(drawing: Drawing) -> dict[str, Rectangle]:
    """The rectangles of boxes and of edge labels."""
    boxes = {box.id: box_frame(drawing.layout, box) for box in drawing.scene.boxes}
    labels = {
        edge.id: label_frame(drawing.layout, edge) for edge in drawing.scene.edges if edge.id in drawing.layout.labels
    }
    return boxes | labels


def named(drawing: Drawing, name: str) -> Box:
    [box] = [box for box in drawing.scene.boxes if box.name == name]
    return box


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def view_box(svg: str) -> Rectangle:
    found = re.search(r'viewBox="(\S+) (\S+) (\S+) (\S+)"', svg)
    assert found
    left, top, width, height = map(float, found.groups())
    return left, top, left + width, top + height


if __name__ == "__main__":
    for name, drawing in readme_pictures().items():
        drawing.save(GOLDEN / name)
