"""BP1-BP4 of the article in `derivation(loss, level="layer" | "neuron")`: its formulas, with the engine's numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import GraphError, Value, derivation
from autograd.derivations.document import Block
from autograd.graph import topological
from tests.derivations.latex_reader import check_form, read, sides
from tests.derivations.test_derivation import ALL_DIGITS

MATRIX = re.compile(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}")
NUMBERS = re.compile(r"([-()+\d. ]|\\cdot|\\left|\\right|\^\{-?\d+\})+")


def net_and_loss(hidden: str = "tanh", output: str = "linear") -> tuple[Any, Value]:
    net = nn.MLP(3, [4, 2], hidden=hidden, output=output, seed=1)
    loss = nn.train.losses.half_squared_error(net([0.1, -0.2, 0.3]), [1.0, 0.5])
    return net, loss


def arrays(text: str) -> Any:
    """A formula of matrices in numbers, computed by NumPy; None for one with symbols."""
    found: list[Any] = []

    def take(match: re.Match[str]) -> str:
        found.append(np.array([[float(read(x)) for x in row.split("&")] for row in match[1].split(r"\\")]))
        return f" M[{len(found) - 1}] "

    words = MATRIX.sub(take, text).replace(r"\odot", "*").replace(r"\left(", "(").replace(r"\right)", ")")
    words = re.sub(r"(\]|\)) +(?=M|\()", r"\1 @ ", words)
    return eval(words, {"M": found}) if re.fullmatch(r"[M\[\]\d\s@*+()]+", words) else None


def rows(block: Block) -> list[str]:
    return block.latex.split("\n")[1:-1]


def numeric_sides(block: Block) -> list[list[Any]]:
    """For each equation of a block the sides that are numbers, if there are any."""
    computed = [[arrays(side) for side in sides(row)] for row in rows(block)]
    return [found for found in ([side for side in each if side is not None] for each in computed) if found]


def blocks_of(loss: Value, level: Any, **options: Any) -> dict[str, Block]:
    return {block.name: block for block in derivation(loss, level, digits=ALL_DIGITS, **options).blocks if block.name}


@pytest.mark.parametrize("hidden", ["tanh", "relu", "sigmoid", "softplus"])
def test_matrices_are_the_engines_and_numpy_agrees(hidden: str) -> None:
    net, loss = net_and_loss(hidden)
    blocks = blocks_of(loss, "layer")
    loss.backward()
    assert list(blocks)[:2] == ["layer 1, forward", "layer 2, forward"]
    for number, layer in enumerate(net.layers, 1):
        block = blocks[f"layer {number}"]
        check_form(block.latex)
        for equal in numeric_sides(block):
            for side in equal[1:]:
                assert side == pytest.approx(equal[0], rel=1e-12, abs=1e-14)
        delta, by_weights, by_bias = [equal[-1] for equal in numeric_sides(block)][-3:]
        assert by_bias.ravel().tolist() == [neuron.b.grad for neuron in layer.neurons]
        assert by_weights.tolist() == [[w.grad for w in neuron.w] for neuron in layer.neurons]
        assert delta.ravel().tolist() == list(layer.delta)
        forward = [equal[0] for equal in numeric_sides(blocks[f"layer {number}, forward"])][number == 1 :]
        assert forward[0] == pytest.approx(forward[1], rel=1e-12, abs=1e-14), "W a + b is z"
        assert forward[1].ravel().tolist() == list(layer.z)


def test_formulas_are_those_of_the_article() -> None:
    _, loss = net_and_loss()
    text = derivation(loss, "layer").latex
    for formula in (
        r"z^{( 1 )} & = W^{( 1 )} a^{( 0 )} + b^{( 1 )}",
        r"a^{( 1 )} & = \sigma_{1} ( z^{( 1 )} ) = \tanh ( z^{( 1 )} )",
        r"\delta^{( 2 )} & = \frac{\partial \mathit{loss}}{\partial z^{( 2 )}} && \text{(BP1)}",
        r"\delta^{( 1 )} & = ( {( W^{( 2 )} )}^{\mathrm{T}} \delta^{( 2 )} ) \odot \sigma_{1}^{\prime} ( z^{( 1 )} )"
        r" && \text{(BP2)}",
        r"\sigma_{1}^{\prime} ( z^{( 1 )} ) & = \frac{1}{\cosh^{2} ( z^{( 1 )} )}",
        r"\frac{\partial \mathit{loss}}{\partial W^{( 1 )}} & = \delta^{( 1 )} {( a^{( 0 )} )}^{\mathrm{T}}"
        r" && \text{(BP3)}",
        r"\frac{\partial \mathit{loss}}{\partial b^{( 1 )}} & = \delta^{( 1 )} && \text{(BP4)}",
    ):
        assert formula.replace("{(", "(").replace(")}", ")") in text.replace("{(", "(").replace(")}", ")")
    last = derivation(net_and_loss(output="sigmoid")[1], "layer").latex
    by_a = r"\delta^{( 2 )} & = \frac{\partial L}{\partial a^{( 2 )}} \odot \sigma_{2}^{\prime} ( z^{( 2 )} )"
    assert by_a in last


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_neurons_have_the_same_in_components(output: str) -> None:
    net, loss = net_and_loss(output=output)
    blocks = blocks_of(loss, "neuron", max_steps=100)
    loss.backward()
    for number, layer in enumerate(net.layers, 1):
        for i, delta in enumerate(layer.delta):
            block = blocks[f"neuron {i} of layer {number}"]
            assert block.value == delta
            ends = [sides(row)[-1] for row in rows(block)]
            neuron = layer.neurons[i]
            gradients = [*[w.grad for w in neuron.w], neuron.b.grad]
            assert [float(read(end)) for end in ends[-len(gradients) :]] == gradients
            for row in rows(block):  # a product of numbers is the number at the end
                for side in filter(NUMBERS.fullmatch, sides(row)):
                    assert float(read(side)) == pytest.approx(float(read(sides(row)[-1])), rel=1e-12, abs=1e-15)
    bp2 = r"\delta_{0}^{( 1 )} & = ( w_{0 , 0}^{( 2 )} \cdot \delta_{0}^{( 2 )} + w_{1 , 0}^{( 2 )} \cdot \delta_{1}"
    assert bp2 in blocks["neuron 0 of layer 1"].latex


def test_layers_are_found_by_how_they_are_connected() -> None:
    """No labels, no bias, a skip connection: where BP2 does not hold, ∂L/∂a is derived node by node."""
    rng = iter(np.random.default_rng(0).normal(size=20).tolist())
    W = [[Value(next(rng)) for _ in range(2)] for _ in range(2)]
    V = [[Value(next(rng)) for _ in range(2)] for _ in range(2)]
    x = [Value(0.5), Value(-1.0)]
    hidden = [ag.tanh(z) for z in (ag.dot(row, x) for row in W)]
    out = [ag.dot(row, hidden) for row in V]
    loss = ag.total([o + h for o, h in zip(out, hidden, strict=True)])
    found = derivation(loss, "layer", digits=ALL_DIGITS)
    blocks = {block.name: block for block in found.blocks if block.name}
    assert {"layer 1", "layer 2"} <= blocks.keys()
    assert r"\partial b" not in found.latex
    loss.backward()
    assert numeric_sides(blocks["layer 1"])[-1][-1].tolist() == [[w.grad for w in row] for row in W]
    assert {block.value for block in found.blocks} >= {h.grad for h in hidden} | {each.grad for each in x}


def test_a_penalty_on_weights_is_not_forgotten() -> None:
    """BP3 is not all of its gradient then, so such a layer is derived node by node."""
    w, b, x = Value(0.5, label="w"), Value(0.1, label="b"), [2.0]
    z = ag.dot([w], x, b)
    v = Value(1.5, label="v")
    loss = ag.dot([v], [ag.tanh(z)]) ** 2 + w * w
    found = derivation(loss, "layer", digits=ALL_DIGITS)
    loss.backward()
    (block,) = [block for block in found.blocks if block.name == "w"]
    assert block.value == w.grad


def test_learnt_slopes_belong_to_their_neurons() -> None:
    _, loss = net_and_loss("prelu")
    assert r"\mathit{slope}^{( 1 )} \cdot [ 0 \geq z^{( 1 )} ]" in derivation(loss, "layer").latex
    assert r"\mathit{slope}_{1}^{( 1 )} \cdot [ 0 \geq z_{1}^{( 1 )} ]" in derivation(loss, "neuron").latex
    loss.backward()
    known = {block.name: block.value for block in derivation(loss, "layer").blocks}
    assert known["slope1[1]"] == next(x for x in loss_leaves(loss) if x.label == "slope1[1]").grad


def loss_leaves(loss: Value) -> list[Value]:
    return [node for node in topological(loss) if node.primitive is None]


@pytest.mark.slow
def test_samples_and_wide_layers() -> None:
    net = nn.MLP(2, [2], seed=0)
    loss = ag.total([net([1.0, 2.0])[0], net([3.0, 4.0])[0]])
    with pytest.raises(GraphError, match=r"the weight w1\[0,0\] is used by 2 neurons, as in the loss of several"):
        derivation(loss, "layer")
    wide = nn.MLP(50, [40, 1], hidden="tanh", seed=0)
    y = wide([0.01 * i for i in range(50)])
    assert len(derivation(y, "layer").latex) < 12_000
    assert len(derivation(y, "neuron", max_steps=5).latex) < 12_000
    assert r"\vdots" in derivation(y, "layer").latex
