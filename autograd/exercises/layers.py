"""The problems of levels 4 and 5: δ of a neuron, and BP1–BP4 of a layer, in the notation of the guide."""

from __future__ import annotations

import random

from autograd.drawing.text import number
from autograd.exercises import graphs
from autograd.exercises.picture import picture
from autograd.exercises.problems import (
    Group,
    Problem,
    backward,
    formulas,
    forward,
    gradient_questions,
    local_derivatives,
    numeric,
)
from autograd.functions import dot, relu, sigmoid, tanh
from autograd.graph import topological
from autograd.notation.chain_rule import partial
from autograd.value import Value

SMALL = (-2.0, -1.0, 1.0, 2.0, 3.0)


def _leaf(rng: random.Random, name: str) -> Value:
    return Value(rng.choice(SMALL), label=name)


def _labelled(node: Value, name: str) -> Value:
    node.label = name
    return node


def _by_name(root: Value) -> dict[str, Value]:
    return {node.label: node for node in topological(root)}


# --- a neuron ---------------------------------------------------------------------------------------------------------


def _neuron(rng: random.Random) -> Value:
    """½(a − y)², a = σ(z), z = w·x + b; tanh and the sigmoid at z = 0, where their numbers are simple."""
    w, x = ([_leaf(rng, f"{name}{i}") for i in (1, 2)] for name in "wx")
    activation = rng.choice((relu, relu, sigmoid, tanh))
    product = sum(one.data * other.data for one, other in zip(w, x, strict=True))
    b = _leaf(rng, "b") if activation is relu else Value(-product, label="b")
    a = _labelled(activation(_labelled(dot(w, x, b), "z")), "a")
    target = 0.0 if activation is not sigmoid else rng.choice((-0.5, 0.0, 1.0, 1.5))
    e = _labelled(a - (target or rng.choice((-1.0, 1.0, 2.0, 3.0))), "e")
    return _labelled(_labelled(e**2, "s") * 0.5, "L")


def _is_alive(root: Value) -> bool:
    return _by_name(root)["e"].data not in (0.0, 1.0)


def neuron(rng: random.Random) -> Problem:
    """Level 4: δ of a neuron, and what follows from it."""
    root = graphs.draw_until(_neuron, _is_alive, rng)
    node = _by_name(root)
    return Problem(
        "A neuron's δ",
        "A neuron with z = w·x + b and a = σ(z), and the loss L = ½(a − y)². Its error is δ = ∂L/∂z. All other "
        "gradients follow from δ: ∂L/∂w = δ · x, ∂L/∂b = δ, and ∂L/∂x = δ · w goes to the layer before.",
        [*formulas(root), "e = a − y, and s = e²"],
        picture(root, hidden=True),
        [
            Group("Forward", [numeric(name, node[name].data) for name in "zae"]),
            Group(
                "δ",
                [
                    *gradient_questions(root, [node["a"]]),
                    numeric(f"σ′(z) = {partial('a', 'z')}", node["a"].partials[0]),
                    numeric("δ = ∂L/∂z", node["z"].grad),
                ],
            ),
            Group("Gradients", gradient_questions(root, [node[name] for name in ("w1", "w2", "b", "x1", "x2")])),
        ],
        [*forward(root), "", *local_derivatives(root), "", *backward(root), "", f"δ = ∂L/∂z = {node['z'].grad:g}"],
    )


# --- a layer ----------------------------------------------------------------------------------------------------------


def _layer(rng: random.Random) -> Value:
    """½‖a2 − y‖² of a layer of two neurons, z2 = W2 a1 + b2, after two hidden neurons whose z1 are given."""
    z1 = [Value(rng.choice((-1.0, 1.0, 2.0, 3.0)), label=f"z1[{i}]") for i in (0, 1)]
    a1 = [_labelled(relu(z), f"a1[{i}]") for i, z in enumerate(z1)]
    errors = []
    for i in (0, 1):
        row = [_leaf(rng, f"w2[{i},{j}]") for j in (0, 1)]
        a2 = _labelled(relu(_labelled(dot(row, a1, _leaf(rng, f"b2[{i}]")), f"z2[{i}]")), f"a2[{i}]")
        errors.append(_labelled(_labelled(a2 - rng.choice(SMALL), f"e[{i}]") ** 2, f"s[{i}]"))
    return _labelled(_labelled(errors[0] + errors[1], "s") * 0.5, "L")


def _is_alive_layer(root: Value) -> bool:
    """Whether both outputs have an error, not the same one, and a hidden unit has too."""
    node = _by_name(root)
    deltas = [node[f"z2[{i}]"].grad for i in (0, 1)]
    return all(deltas) and deltas[0] != deltas[1] and any(node[f"z1[{i}]"].grad for i in (0, 1))


def _nice_layer(rng: random.Random) -> Value:
    """A layer whose numbers are simple; gradients may be 0, those behind a hidden unit that is off."""
    while True:
        root = _layer(rng)
        root.backward()
        numbers = [x for each in topological(root) for x in (each.data, each.grad)]
        if all(map(graphs.is_nice, numbers)) and max(map(abs, numbers)) <= 50.0 and _is_alive_layer(root):
            return root


def layer(rng: random.Random) -> Problem:
    """Level 5: BP1–BP4 of a layer of two neurons."""
    root = _nice_layer(rng)
    node = _by_name(root)
    pairs = [(i, j) for i in (0, 1) for j in (0, 1)]
    return Problem(
        "BP1–BP4 of a layer",
        "A layer of two neurons, z2 = W2 a1 + b2 and a2 = relu(z2), after two hidden neurons with a1 = relu(z1), and "
        "the loss L = ½‖a2 − y‖². w2[i,j] goes from hidden neuron j to output i. σ′ of relu is 1 for z > 0, else 0.",
        [f"y[{i}] = {number(node[f'e[{i}]'].operands[1])}" for i in (0, 1)],
        picture(node["a2[0]"], node["a2[1]"]),
        [
            Group("BP1: δ2 = (a2 − y) ⊙ σ′(z2)", [numeric(f"δ2[{i}]", node[f"z2[{i}]"].grad) for i in (0, 1)]),
            Group("BP2: δ1 = W2ᵀ δ2 ⊙ σ′(z1)", [numeric(f"δ1[{j}]", node[f"z1[{j}]"].grad) for j in (0, 1)]),
            Group("BP3: ∂L/∂W2 = δ2 a1ᵀ", gradient_questions(root, [node[f"w2[{i},{j}]"] for i, j in pairs])),
            Group("BP4: ∂L/∂b2 = δ2", gradient_questions(root, [node[f"b2[{i}]"] for i in (0, 1)])),
        ],
        [*_in_matrices(node), "", "The same, edge by edge:", "", *backward(root)],
    )


def _in_matrices(node: dict[str, Value]) -> list[str]:
    def g(name: str) -> str:
        return f"{node[name].grad:g}"

    def d(name: str) -> str:
        return f"{node[name].data:g}"

    lines = [f"BP1  δ2[{i}] = (a2[{i}] − y[{i}]) · 1 = {d(f'e[{i}]')} · 1 = {g(f'z2[{i}]')}" for i in (0, 1)]
    for j in (0, 1):
        terms = " + ".join(f"({d(f'w2[{i},{j}]')}) · ({g(f'z2[{i}]')})" for i in (0, 1))
        slope = node[f"a1[{j}]"].partials[0]
        lines.append(f"BP2  δ1[{j}] = ({terms}) · σ′({d(f'z1[{j}]')}) = {g(f'a1[{j}]')} · {slope:g} = {g(f'z1[{j}]')}")
    for i in (0, 1):
        for j in (0, 1):
            product = f"({g(f'z2[{i}]')}) · ({d(f'a1[{j}]')})"
            lines.append(f"BP3  ∂L/∂w2[{i},{j}] = δ2[{i}] · a1[{j}] = {product} = {g(f'w2[{i},{j}]')}")
    return [*lines, *[f"BP4  ∂L/∂b2[{i}] = δ2[{i}] = {g(f'b2[{i}]')}" for i in (0, 1)]]
