"""Programs written for micrograd and for microgpt run unchanged, apart from their import lines."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nn
from autograd import Value, backward_steps
from tests.benchmark import tuples
from tests.support.graphs import post_order

PROGRAMS = Path(__file__).parents[1] / "dialects"
MICROGRAD = {
    "from autograd import Value": "from micrograd.engine import Value",
    "from nn import MLP": "from micrograd.nn import MLP",
}
# A subclass, so that programs may hang attributes on their parameters, as they may with any class that has no slots.
TUPLES = {"from autograd import Value": "from tests.docs.test_dialects import RoomyTuples as Value"}

# Sums of at most 10**3 terms in another order: n u = 1e-13 of the largest term, and as much again for the two
# divisions that peers spell as a multiplication with a reciprocal.
REORDERED = 1e-12

needs_micrograd = pytest.mark.skipif(
    importlib.util.find_spec("micrograd") is None, reason="python -m pip install micrograd"
)


class RoomyTuples(tuples.Value):
    """The slots-and-tuples Value with a ``__dict__``."""


def program(name: str, replaced: Mapping[str, str] | None = None) -> ModuleType:
    """The program as a module, with some of its lines replaced by others."""
    path = PROGRAMS / f"{name}.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    for old, new in (replaced or {}).items():
        lines[lines.index(old)] = new
    module = ModuleType(name)
    exec(compile("\n".join(lines), str(path), "exec"), module.__dict__)
    return module


def close(ours: Sequence[float], theirs: Sequence[float], tolerance: float = REORDERED) -> bool:
    """Equal up to rounding, which scales with the largest entry."""
    scale = max(map(abs, theirs))
    return len(ours) == len(theirs) and all(abs(a - b) <= tolerance * scale for a, b in zip(ours, theirs, strict=True))


class TestMicrogradPrograms:
    def test_training_learns(self) -> None:
        losses, accuracies, gradients = program("moons_program").train(steps=40)
        assert losses[-1] < 0.5 * losses[0]
        assert accuracies[-1] >= 0.9
        assert any(gradients)

    @needs_micrograd
    def test_training_agrees_with_micrograd(self) -> None:
        losses, accuracies, gradients = program("moons_program").train(steps=4)
        their_losses, their_accuracies, their_gradients = program("moons_program", MICROGRAD).train(steps=4)
        assert close(gradients, their_gradients)
        assert close(losses, their_losses)
        assert accuracies == their_accuracies

    @needs_micrograd
    @given(st.floats(-4.0, 4.0), st.floats(0.25, 4.0))
    def test_every_operator_agrees_with_micrograd(self, a: float, b: float) -> None:
        mine, theirs = program("moons_program"), program("moons_program", MICROGRAD)
        value, gradients = mine.every_operator(a, b)
        their_value, their_gradients = theirs.every_operator(a, b)
        assume(abs(a + 2 * b) > 1e-6)  # micrograd and we agree at the kink, but rounding decides who is on which side
        assert close([value], [their_value])
        assert close(gradients, their_gradients)


class TestMicrogptPrograms:
    def test_training_learns_and_writes(self) -> None:
        losses, _, _, words = program("names_program").train(steps=40)
        assert sum(losses[-4:]) < 0.5 * sum(losses[:4])
        assert all(set(word) <= set("anot") for word in words)

    def test_own_walk_over_children_gives_the_gradient(self) -> None:
        _, gradients, walked, _ = program("names_program").train(steps=1)
        assert close(walked, gradients)

    def test_training_agrees_with_slots_and_tuples(self) -> None:
        losses, gradients, _, words = program("names_program").train(steps=8)
        their_losses, their_gradients, _, their_words = program("names_program", TUPLES).train(steps=8)
        assert close(gradients, their_gradients)
        # Adam divides by a running size of the gradient: a rounding error of a tiny gradient grows by up to lr / eps.
        assert close(losses, their_losses, 1e-9)
        assert words == their_words


class TestConstructor:
    def test_node_made_by_hand(self) -> None:
        x = Value(3.0)
        square = Value(9.0, (x,), (6.0,))
        (square * 2).backward()
        assert x.grad == 12.0

    def test_operand_given_twice_counts_twice(self) -> None:
        x = Value(3.0)
        Value(9.0, (x, x), (3.0, 3.0)).backward()
        assert x.grad == 6.0

    def test_closure_constructor_points_to_define(self) -> None:
        with pytest.raises(TypeError, match=r"autograd\.define"):
            Value(9.0, (Value(3.0),), "square")  # type: ignore[arg-type]

    @pytest.mark.parametrize("node", [Value(3.0), Value(3.0) * 2.0], ids=["leaf", "interior"])
    def test_closure_assignment_points_to_define(self, node: Any) -> None:
        with pytest.raises(AttributeError, match=r"autograd\.define"):
            node._backward = lambda: None


class TestAttributes:
    def test_micrograd_names(self) -> None:
        x, y = Value(2.0), Value(3.0)
        node = x * y + x * x
        product, square = node.parents
        assert node._prev == {product, square}
        assert product._prev == {x, y}
        assert square._prev == {x}
        assert isinstance(node._op, str)
        assert node._op
        assert x._op == ""
        assert x._prev == set()

    def test_microgpt_names(self) -> None:
        x, y = Value(2.0), Value(3.0)
        product = x * y
        assert list(product._children) == [x, y]
        assert list(product._local_grads) == [3.0, 2.0]
        assert not list(x._children)
        assert not list(x._local_grads)

    def test_data_grad_and_label_can_be_set(self) -> None:
        p = Value(2.0)
        p.data -= 0.5
        p.grad = 0
        p.label = "p"
        assert (p.data, p.grad, p.label) == (1.5, 0.0, "p")

    @pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: Value(1.0) + 1.0], ids=["leaf", "interior"])
    def test_other_attributes_may_be_hung_on(self, make: Callable[[], Any]) -> None:
        p, other = make(), make()
        p.m, p.velocity = 0.25, [1.0]
        assert (p.m, p.velocity) == (0.25, [1.0])
        assert not hasattr(other, "m")

    def test_subclass_with_its_own_state(self) -> None:
        class Parameter(Value):
            def __init__(self, data: float) -> None:
                super().__init__(data)
                self.momentum = 0.5

        p = Parameter(3.0)
        (p * p).backward()
        assert (p.grad, p.momentum) == (6.0, 0.5)


class TestIdentityAndNumbers:
    def test_type_and_identity(self) -> None:
        x, y = Value(1.0), Value(1.0)
        assert type(x) == Value == type(x + y)  # noqa: E721  (programs do write it with ==)
        assert x != y
        assert len({x, y, x}) == 2
        assert x in [y, x]
        assert x not in [y]

    @pytest.mark.parametrize("number", [np.int64(3), np.float64(3.0), np.float32(3.0), 3, True + 2])
    def test_numpy_numbers_on_either_side(self, number: Any) -> None:
        for product in (number * Value(2.0), Value(2.0) * number, Value(number) * 2):
            assert type(product) is Value
            assert product.data == 6.0
            assert type(product.data) is float

    def test_sum_starts_with_zero(self) -> None:
        xs = [Value(1.0), Value(2.5)]
        total: Any = sum(xs)
        total.backward()
        assert (total.data, [x.grad for x in xs]) == (3.5, [1.0, 1.0])


class TestBackward:
    def test_root_is_one_and_leaves_accumulate(self) -> None:
        x = Value(2.0)
        for expected in (4.0, 8.0):
            root = x * x
            root.backward()
            assert (root.grad, x.grad) == (1.0, expected)

    def test_division_is_true_division(self) -> None:
        assert (Value(49.0) / Value(49.0)).data == 1.0
        assert (1 / Value(3.0)).data == 1 / 3
        assert 49 * (1 / 49) != 1.0  # what the multiplication by a reciprocal would have given

    @given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=30))
    def test_order_is_the_reverse_of_the_recursive_post_order(self, edges: list[tuple[int, int]]) -> None:
        nodes = [Value(0.5), Value(1.5), Value(2.5)]
        for first, second in edges:
            nodes.append(nodes[first % len(nodes)] * nodes[second % len(nodes)])
        walked = list(dict.fromkeys(step.node for step in backward_steps(nodes[-1])))
        assert walked == [node for node in reversed(post_order(nodes[-1])) if node.parents]


class TestNetworks:
    def test_constructors_and_attributes(self) -> None:
        model = nn.MLP(3, [4, 1])
        first, last = model.layers
        assert [len(neuron.w) for neuron in first.neurons] == [3, 3, 3, 3]
        assert len(model.parameters()) == 4 * (3 + 1) + (4 + 1)
        assert {type(p) for p in model.parameters()} == {Value}
        assert last.neurons[0].b in model.parameters()

    def test_one_neuron_at_the_end_returns_the_value_itself(self) -> None:
        x = [Value(1.0), Value(-2.0)]
        assert isinstance(nn.MLP(2, [3, 1])(x), Value)
        outputs: Any = nn.MLP(2, [3, 2])(x)
        assert [type(a) for a in outputs] == [Value, Value]
        assert isinstance(nn.Layer(2, 1)(x), Value)

    def test_nonlin_chooses_relu_or_nothing(self) -> None:
        x = [Value(1.0), Value(2.0)]
        for nonlin, expected in ((True, 0.0), (False, -3.0)):
            for module in (nn.Neuron(2, nonlin=nonlin), nn.Layer(2, 1, nonlin=nonlin)):
                *weights, _bias = module.parameters()
                for w in weights:
                    w.data = -1.0
                output: Any = module(x)
                assert output.data == expected

    def test_zero_grad(self) -> None:
        model = nn.MLP(2, [2, 1])
        for p in model.parameters():
            p.grad = 3.0
        model.zero_grad()
        assert {p.grad for p in model.parameters()} == {0.0}
