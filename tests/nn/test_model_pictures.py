"""Pictures of models and histories: `model.draw()` and `history.plot()`."""

from __future__ import annotations

import pytest

from autograd import Value
from nn import MLP, Layer, Module, Neuron
from nn.plotting.network import MOST
from nn.train.history import Epoch, History


def test_a_box_per_neuron_and_a_line_per_weight() -> None:
    model = MLP(3, [4, 2], seed=0)
    scene = model.draw().scene
    assert [box.name for box in scene.boxes] == [
        *(f"a0[{j}]" for j in range(3)),
        *(f"a1[{i}]" for i in range(4)),
        *(f"a2[{i}]" for i in range(2)),
    ]
    assert len(scene.edges) == sum(layer.W.size for layer in model.layers)


def test_a_line_says_its_weight() -> None:
    model = MLP(1, [2, 1], seed=0)
    first = model.layers[0].neurons
    first[0].w[0].data, first[1].w[0].data = -2.0, 0.0
    edges = {(edge.source, edge.target): edge for edge in model.draw().scene.edges}
    assert (edges["i0", "n1-0"].sign, edges["i0", "n1-0"].weight) == ("neg", 1.0)
    assert (edges["i0", "n1-1"].sign, edges["i0", "n1-1"].weight) == ("zero", 0.0)
    assert edges["i0", "n1-0"].tooltip == "w1[0,0] = -2.0\ngrad 0.0"


def test_outputs_after_a_pass_and_deltas_after_backward() -> None:
    model = MLP(2, [2, 1], hidden="tanh", seed=0)
    captions = lambda: [row.caption for row in model.draw().scene.boxes[-1].rows]  # noqa: E731
    assert captions() == ["b"]
    out = model([1.0, 2.0])
    assert captions() == ["b", "a"]
    out.backward()
    assert captions() == ["b", "a", "δ"]
    assert model.draw().scene.boxes[-1].rows[-1].text == "1"


def test_a_wide_layer_is_shortened() -> None:
    scene = MLP(64, [10], seed=0).draw().scene
    column = [box for box in scene.boxes if box.name.startswith("a0") or box.kind == "rest"]
    assert len(column) == MOST - 1
    assert "50 more" in [box.head for box in column]
    assert len(scene.edges) == 14 * 10


class Line(Module):
    def __init__(self) -> None:
        self.slope = Value(2.0, label="slope")

    def parameters(self) -> list[Value]:
        return [self.slope]


@pytest.mark.parametrize("model", [Neuron(2, seed=0), Layer(2, 3, seed=0), Line(), Module()])
def test_every_module_can_be_drawn_and_shown(model: Module) -> None:
    drawing = model.draw(title="mine")
    assert drawing.scene.title == "mine"
    bundle = model._repr_mimebundle_()
    assert bundle["text/plain"] == repr(model)
    assert bundle["image/svg+xml"].startswith("<svg")


def test_a_weight_that_is_not_finite_is_drawn() -> None:
    model = Neuron(2, seed=0)
    model.w[0].data = float("nan")
    assert model.draw().scene.edges[0].sign == "bad"
    model.draw().svg.encode()


@pytest.mark.slow
def test_a_history_plots_its_losses() -> None:
    history = History([Epoch(1, 0.5, 0.6), Epoch(2, 0.2, 0.3)], "epochs")
    [axes] = history.plot(title="mine").axes
    assert axes.get_title() == "mine"
    assert [list(line.get_ydata()) for line in axes.lines[:2]] == [[0.5, 0.2], [0.6, 0.3]]
    with pytest.raises(ValueError, match="no complete epoch"):
        History().plot()


class Anything(Module):
    """A user's module with attributes of any names."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__ |= attributes

    def parameters(self) -> list[Value]:
        return [each for each in vars(self).values() if isinstance(each, Value)]


NAMES = ["w", "b", "z", "a", "layers", "neurons", "activation", "name", "n_in", "slope", "delta", "W"]
OBJECTS = [Value(2.0, label="mine"), [Value(1.0)], [], 3, "text", None, {"a": 1}, [Neuron(2, seed=0)], Anything()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: type(thing).__name__)
def test_attributes_of_any_name_draw(name: str, thing: object) -> None:
    """Row F18: the type of an attribute counts, not its name."""
    for module in (Anything(**{name: thing}), Anything(layers=[Anything(**{name: thing})])):
        assert "<svg" in module.draw().svg
        assert "text/plain" in module._repr_mimebundle_()


def test_a_users_module_of_our_layers_is_drawn_as_layers() -> None:
    layers = [Layer(2, 3, seed=0), Layer(3, 1, seed=0)]
    assert len(Anything(layers=layers).draw().scene.boxes) == 2 + 3 + 1
    assert len(Anything(layers=layers[::-1]).draw().scene.boxes) == 1, (
        "the layers do not match, so its parameters are drawn: none"
    )
