"""The diagnosis: its numbers, its hints, and cases without a hint."""

import math

import numpy as np
import pytest

from autograd import Value
from nn import MLP, Layer, Module, diagnose, given

X = [[0.1 * i - 1.0, math.sin(i)] for i in range(20)]
Y = [x[0] * x[1] for x in X]


def hints(model, x=X, y=Y, **options):
    return diagnose(model, x, y, **options).hints


def only(found, *parts):
    """Whether there is exactly one hint, and it contains these words."""
    [hint] = [hint for hint in found if all(part in hint for part in parts)]
    return hint


def test_a_sound_model_gets_no_hint():
    assert hints(MLP(2, [8, 8, 1], hidden="relu", bias=0.1, seed=0)) == []
    assert hints(MLP(2, [8, 1], hidden="tanh", seed=1)) == []


def test_the_numbers_are_those_of_the_pass():
    layer = Layer(1, 2, activation="relu", init=given([[1.0], [-1.0]]))
    a, b = layer([3.0])
    (2.0 * a + 5.0 * b).backward()
    [report] = diagnose(layer).layers
    assert (report.number, report.units, report.activation) == (1, 2, "relu")
    assert (report.mean_a, report.std_a) == (1.5, 1.5)
    assert report.mean_delta == 1.0  # δ = 2 and 0
    assert (report.saturated, report.dead) == (0.5, (1,))


def test_samples_are_averaged_and_gradients_left_alone():
    model = MLP(1, [1], init=given([[2.0]]))
    model.layers[0].neurons[0].w[0].grad = 7.0
    report = diagnose(model, [[1.0], [2.0]], [1.0, 1.0])
    assert report.samples == 2
    # z = 2 and 4, δ = z − y = 1 and 3
    assert (report.layers[0].mean_a, report.layers[0].mean_delta) == (3.0, 2.0)
    assert model.layers[0].neurons[0].w[0].grad == 7.0


def test_gradients_are_left_alone_when_a_sample_is_wrong():
    model = MLP(2, [1], seed=0)
    model.parameters()[0].grad = 7.0
    with pytest.raises(ValueError, match="expected 2 inputs"):
        diagnose(model, [[1.0, 2.0], [1.0]], [0.0, 0.0])
    assert model.parameters()[0].grad == 7.0


def test_other_losses():
    model = MLP(2, [4, 3], seed=0)
    assert diagnose(model, X, [i % 3 for i in range(20)], loss="cross_entropy").samples == 20


def test_sigmoid_in_hidden_layers():
    found = hints(MLP(2, [4, 4, 1], hidden="sigmoid", output="sigmoid", seed=0))
    assert only(found, "layers 1, 2: sigmoid in a hidden layer", "'relu'")
    assert not any("3: sigmoid" in hint for hint in found)


@pytest.mark.parametrize("init", ["zeros", lambda n_out, n_in, rng: [[0.5] * n_in] * n_out], ids=["zeros", "constant"])
def test_symmetry(init):
    report = diagnose(MLP(2, [3, 1], hidden="tanh", init=init), X, Y)
    assert [layer.identical for layer in report.layers] == [True, False]
    assert only(report.hints, "layer 1: all neurons have the same weights", "random")


def test_one_neuron_is_not_symmetric():
    assert not any("same weights" in hint for hint in hints(MLP(2, [1, 1], hidden="tanh", init="zeros")))


def test_different_incoming_weights_break_the_symmetry():
    model = MLP(2, [2, 1], hidden="tanh", seed=0)
    for w in model.layers[1].neurons[0].w:
        w.data = 0.0
    assert not diagnose(model, X, Y).layers[0].identical


def test_different_outgoing_weights_break_the_symmetry():
    model = MLP(2, [2, 1], hidden="tanh", init="zeros")
    model.layers[1].neurons[0].w[0].data = 1.0
    assert not diagnose(model, X, Y).layers[0].identical


def test_dead_relus_are_counted_over_all_samples():
    model = MLP(2, [3, 1], seed=0)
    model.layers[0].neurons[2].b.data = -100.0
    report = diagnose(model, X, Y)
    assert report.layers[0].dead == (2,)
    assert only(report.hints, "layer 1: 1 of 3 ReLUs are active on no sample", "bias=0.1")


def test_one_sample_does_not_show_that_a_relu_is_dead():
    model = MLP(2, [3, 1], init="zeros", bias=-1.0)
    model([1.0, 1.0]).backward()
    report = diagnose(model)
    assert (report.samples, report.layers[0].dead) == (1, (0, 1, 2))
    assert not any("ReLUs" in hint for hint in report.hints)


def test_saturated_units():
    model = MLP(2, [4, 1], hidden="tanh", init="normal", seed=0)
    assert only(
        diagnose(model, [[100.0 * v for v in x] for x in X], Y).hints, "layer 1", "tanh outputs are saturated", "scale"
    )


def test_linear_hidden_layers_collapse():
    assert only(hints(MLP(2, [4, 4, 1], hidden="linear", seed=0)), "one linear map")
    assert hints(MLP(2, [1], seed=0)) == []


def test_vanishing_and_exploding():
    small = MLP(
        2,
        [4, 4, 4, 1],
        hidden="tanh",
        init=lambda n, m, rng: [[rng.gauss(0, 0.05) for _ in range(m)] for _ in range(n)],
        seed=0,
    )
    report = diagnose(small, X, Y)
    assert report.fading > 100.0
    assert only(report.hints, "δ vanishes", f"{report.fading:.3g} times smaller")
    large = MLP(
        2,
        [4, 4, 4, 1],
        hidden="relu",
        init=lambda n, m, rng: [[rng.gauss(0, 20) for _ in range(m)] for _ in range(n)],
        seed=0,
    )
    assert only(hints(large), "δ explodes")


def test_a_delta_that_is_not_finite():
    model = MLP(2, [2, 1], hidden="linear", seed=0)
    model.layers[1].neurons[0].w[0].data = math.inf
    assert only(hints(model), "δ is not finite")


@pytest.mark.parametrize(("first", "last", "fading"), [(0.0, 0.0, 1.0), (0.0, 2.0, math.inf), (4.0, 2.0, 0.5)])
def test_fading_at_its_edges(first, last, fading):
    layers = [Layer(1, 1, activation="linear", init="zeros", number=i) for i in (1, 2)]

    class Two(Module):
        def __init__(self):
            self.layers = layers

    for layer, delta in zip(layers, (first, last), strict=True):
        layer([1.0])
        layer.neurons[0].z.grad = delta
    assert diagnose(Two()).fading == fading


def test_it_prints_as_a_table():
    model = MLP(2, [3, 1], hidden="sigmoid", seed=0)
    text = str(diagnose(model, X, Y))
    title, first, second, samples, *found = text.splitlines()
    assert "mean |δ|" in title
    assert first.split()[:3] == ["1", "3", "sigmoid"]
    assert second.split()[:3] == ["2", "1", "linear"]
    assert len(title) == len(first) == len(second)
    assert samples == "over 20 samples"
    assert found[0].startswith("- layer 1: sigmoid")


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: diagnose(Module()), TypeError, "Module is neither"),
    (lambda: diagnose(MLP(2, [1]), X), ValueError, "got 20 and None"),
    (lambda: diagnose(MLP(2, [1]), X, Y[:3]), ValueError, "got 20 and 3"),
    (lambda: diagnose(MLP(2, [1]), [], []), ValueError, "at least one"),
    (lambda: diagnose(MLP(2, [1])), AttributeError, "has not been called"),
    (lambda: diagnose(MLP(2, [1]), X, Y, loss="msee"), ValueError, "did you mean 'mse'"),
])  # fmt: skip
def test_bad_input_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_arrays_are_samples_too():
    model = MLP(2, [2, 1], hidden="tanh", seed=0)
    assert diagnose(model, np.array(X), np.array(Y)).layers == diagnose(model, X, Y).layers
    assert isinstance(model.layers[0].neurons[0].z, Value)
