"""Neuron, Layer, MLP, Module: values, names, and error messages."""

import copy
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import MLP, Layer, Module, Neuron
from nn import given as these

sizes = st.integers(1, 4)
SAMPLE = [0.5, -1.0, 2.0]


def outputs_of(model, x):
    out = model(x)
    return [each.data for each in out] if isinstance(out, list) else [out.data]


@given(sizes, st.lists(sizes, min_size=1, max_size=3), st.integers(0, 99))
def test_a_pass_is_w_x_plus_b_then_the_activation(n_in, n_outs, seed):
    model = MLP(n_in, n_outs, hidden="tanh", bias=0.25, seed=seed)
    a = np.array(SAMPLE * 2)[:n_in]
    out = model(a.tolist())
    for layer in model.layers:
        z = layer.W @ a + layer.b
        a = z if layer is model.layers[-1] else np.tanh(z)
        # Four products of numbers up to about 5, summed in another order.
        assert layer.z == pytest.approx(z, abs=1e-13)
        assert layer.a == pytest.approx(a, abs=1e-13)
        assert (layer.W.shape, layer.b.shape, layer.delta.shape) == (
            (layer.n_out, layer.n_in),
            (layer.n_out,),
            (layer.n_out,),
        )
    assert isinstance(out, Value) if n_outs[-1] == 1 else len(out) == n_outs[-1]


def test_a_neuron_is_one_node_and_its_activation():
    neuron = Neuron(2, activation="tanh", seed=0)
    x = [Value(1.0), Value(2.0)]
    a = neuron(x)
    assert a is neuron.a
    assert (a.op, a.parents) == ("tanh", (neuron.z,))
    assert (neuron.z.op, neuron.z.parents) == ("dot", (*neuron.w, *x, neuron.b))
    assert neuron([1.0, 2.0]).parents[0].parents == (*neuron.w, neuron.b)


def test_names_are_those_of_the_article():
    model = MLP(2, [2, 1], hidden="prelu", seed=0)
    names = [name for name, _ in model.named_parameters()]
    assert names == [
        "w1[0,0]", "w1[0,1]", "b1[0]", "slope1[0]", "w1[1,0]", "w1[1,1]", "b1[1]", "slope1[1]",
        "w2[0,0]", "w2[0,1]", "b2[0]",
    ]  # fmt: skip
    assert [parameter for _, parameter in model.named_parameters()] == model.parameters()
    assert [parameter.label for parameter in model.parameters()] == names
    assert [name for name, _ in Neuron(2, activation="prelu").named_parameters()] == ["w[0]", "w[1]", "b", "slope"]


def test_nodes_of_a_pass_are_named_on_request():
    model = MLP(2, [2, 1], seed=0)
    out = model([1.0, 2.0])
    model.name_nodes()
    assert [(n.z.label, n.a.label) for n in model.layers[0].neurons] == [("z1[0]", "a1[0]"), ("z1[1]", "a1[1]")]
    assert out.label == "z2[0]"  # linear: a is z


def test_inputs_are_named_unless_they_have_a_name():
    model, inputs = MLP(2, [2, 1], hidden="tanh", seed=0), [Value(1.0), Value(2.0, label="mine")]
    model(inputs)
    model.name_nodes()
    assert [each.label for each in inputs] == ["a0[0]", "mine"]
    assert model.layers[0].neurons[1].a.label == "a1[1]"  # not renamed as an input of layer 2
    model([1.0, 2.0])
    model.name_nodes()  # numbers have no labels


def test_row_i_leads_into_neuron_i():
    layer = Layer(3, 2, activation="linear", init=these([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), bias=0.5)
    assert layer.W.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert layer.neurons[1].w[2].label == "w1[1,2]"
    assert outputs_of(layer, [1.0, 0.0, 0.0]) == [1.5, 4.5]


def test_delta_is_zero_before_backward_and_belongs_to_the_last_pass():
    layer = Layer(1, 2, activation="linear", init=these([[1.0], [2.0]]))
    a, b = layer([3.0])
    assert layer.delta.tolist() == [0.0, 0.0]
    (2.0 * a + b).backward()
    assert layer.delta.tolist() == [2.0, 1.0]
    layer([3.0])
    assert layer.delta.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["z", "a", "delta"])
def test_before_the_first_pass_there_is_no_z_a_delta(name):
    with pytest.raises(AttributeError, match="has not been called"):
        getattr(Layer(1, 2), name)
    with pytest.raises(AttributeError, match="no attribute 'zz'"):
        _ = Neuron(1).zz


# --- micrograd's dialect ---------------------------------------------------------------------------------------------


def test_micrograd_constructors():
    model = MLP(3, [4, 4, 1])
    assert len(model.parameters()) == 41
    assert [layer.activation.name for layer in model.layers] == ["relu", "relu", "linear"]
    assert Neuron(2).activation.name == "relu"
    assert Neuron(2, False).activation.name == Layer(2, 3, nonlin=False).activation.name == "linear"
    assert isinstance(model([Value(1.0), Value(2.0), Value(3.0)]), Value)
    assert isinstance(MLP(3, [2])(SAMPLE), list)


def test_a_hidden_layer_of_one_neuron_works():
    model = MLP(2, [1, 1, 2], hidden="tanh", seed=0)
    assert len(model([1.0, 2.0])) == 2


def test_zero_grad():
    model = MLP(2, [2, 1], hidden="tanh", seed=0)
    model([1.0, 2.0]).backward()
    assert any(parameter.grad for parameter in model.parameters())
    model.zero_grad()
    assert {parameter.grad for parameter in model.parameters()} == {0.0}


def test_the_random_module_fixes_a_model_as_in_micrograd_programs():
    random.seed(1337)
    first = MLP(2, [3, 1])
    random.seed(1337)
    second, third = MLP(2, [3, 1]), MLP(2, [3, 1])
    assert outputs_of(first, [1.0, 2.0]) == outputs_of(second, [1.0, 2.0]) != outputs_of(third, [1.0, 2.0])


def test_seed_and_rng_fix_a_model_and_leave_the_random_module_alone():
    state = random.getstate()
    one, two = MLP(2, [3, 1], seed=5), MLP(2, [3, 1], rng=random.Random(5))
    assert random.getstate() == state
    assert [p.data for p in one.parameters()] == [p.data for p in two.parameters()]
    assert one.layers[0].W[0].tolist() != one.layers[0].W[1].tolist()


def test_a_module_needs_only_parameters():
    class Mine(Module):
        def __init__(self):
            self.inner, self.loose, self.other = Neuron(1), Value(1.0), Value(2.0, label="b")

        def parameters(self):
            return [*self.inner.parameters(), self.loose, self.other]

    mine = Mine()
    assert [name for name, _ in mine.named_parameters()] == ["w[0]", "b", "parameter[2]", "parameter[3]"]
    assert Module().parameters() == []
    with pytest.raises(NotImplementedError, match="Mine defines no __call__"):
        mine(1.0)


# --- samples ---------------------------------------------------------------------------------------------------------

MODEL = MLP(2, [2, 1], hidden="tanh", seed=0)


@pytest.mark.parametrize("x", [
    (1.0, 2.0), [1, 2], range(1, 3), np.array([1.0, 2.0]), np.array([1, 2], dtype=np.int8), iter([1.0, 2.0]),
    [np.float64(1.0), np.int64(2)], [Value(1.0), 2.0], np.array([Value(1.0), Value(2.0)], dtype=object),
])  # fmt: skip
def test_a_sample_may_have_any_usual_form(x):
    assert outputs_of(MODEL, x) == outputs_of(MODEL, [1.0, 2.0])


@pytest.mark.parametrize("x", [1.5, Value(1.5), np.float64(1.5), np.array(1.5), [1.5]])
def test_one_number_is_a_sample_of_one(x):
    assert outputs_of(MLP(1, [2, 1], seed=0), x) == outputs_of(MLP(1, [2, 1], seed=0), [1.5])


@pytest.mark.parametrize(("x", "error", "words"), [
    ([1.0], ValueError, "expected 2 inputs, got 1"),
    ([1.0, 2.0, 3.0], ValueError, "got 3"),
    (np.zeros((5, 2)), ValueError, r"shape \(5, 2\): a model takes one sample"),
    ([[1.0, 2.0], [3.0, 4.0]], TypeError, r"input 0 is \[1.0, 2.0\]: a model takes one sample"),
    ([1.0, "2"], TypeError, "input 1 is '2', a str"),
    ([1.0, None], TypeError, "input 1 is None"),
    ([True, 1.0], TypeError, "input 0 is True, a bool"),
    ([1.0, 2j], TypeError, "input 1 is 2j"),
    ("ab", TypeError, "a list of 2 numbers, got 'ab'"),
    (None, TypeError, "got None"),
    (1.0, ValueError, "got 1"),
])  # fmt: skip
@pytest.mark.parametrize("model", [MODEL, MODEL.layers[0], MODEL.layers[0].neurons[0]], ids=["MLP", "Layer", "Neuron"])
def test_error_messages_for_samples(model, x, error, words):
    with pytest.raises(error, match=words):
        model(x)


def test_an_error_inside_an_activation_is_left_as_it_is():
    def broken(z):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        MLP(1, [1], output=broken)([1.0])


# --- shapes and choices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: MLP(2, []), ValueError, "n_outs is empty"),
    (lambda: MLP(2, [4, 0]), ValueError, r"n_outs\[1\] must be at least 1, got 0"),
    (lambda: MLP(2, [-3]), ValueError, "got -3"),
    (lambda: MLP(2, [4, 1.5]), TypeError, r"n_outs\[1\] must be an integer, got 1.5"),
    (lambda: MLP(2, 4), TypeError, r"list of layer sizes, such as \[16, 1\]; got 4"),
    (lambda: MLP(2, "41"), TypeError, "got '41'"),
    (lambda: MLP(0, [1]), ValueError, "n_in must be at least 1, got 0"),
    (lambda: MLP(True, [1]), ValueError, "got True"),
    (lambda: MLP(2, [2, 1], hidden="softmax"), ValueError, "softmax is for the output layer"),
    (lambda: MLP(2, [2, 1], output="softmax"), ValueError, "one output is always 1; use 'sigmoid'"),
    (lambda: Neuron(2, activation="softmax"), ValueError, "activation of a Layer"),
    (lambda: MLP(2, [1], hidden="rleu"), ValueError, "did you mean 'relu'"),
    (lambda: MLP(2, [1], init="he"), ValueError, "unknown initializer"),
    (lambda: MLP(2, [1], init=these([[1.0]])), ValueError, "2 inputs and 1 neuron needs"),
    (lambda: MLP(2, [1], seed=1, rng=random.Random()), ValueError, "not both"),
    (lambda: MLP(2, [1], bias="0"), TypeError, "'0'"),
    (lambda: Neuron(2, False, activation="relu"), ValueError, "nonlin=False contradicts activation='relu'"),
    (lambda: Layer(2, 2, nonlin=False, activation="tanh"), ValueError, "nonlin=False contradicts"),
])  # fmt: skip
def test_error_messages_for_models(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_sizes_may_be_numpys():
    assert MLP(np.int64(2), np.array([3, 1])).n_outs == [3, 1]


def test_softmax_at_the_output():
    model = MLP(2, [3, 3], output="softmax", seed=0)
    out = model([1.0, 2.0])
    layer = model.layers[-1]
    exps = np.exp(layer.z - layer.z.max())
    # Three exponentials, one sum, one quotient: a few ulp.
    assert layer.a == pytest.approx(exps / exps.sum(), rel=1e-14)
    assert [each.data for each in out] == layer.a.tolist()
    (-1.0 * out[0]).backward()
    p = layer.a
    assert layer.delta == pytest.approx(-p[0] * (np.array([1.0, 0.0, 0.0]) - p), abs=1e-15)


def test_prelu_owns_one_slope_per_neuron():
    layer = Layer(1, 2, activation="prelu", init=these([[1.0], [1.0]]))
    assert [neuron.slope.data for neuron in layer.neurons] == [0.25, 0.25]
    a, b = layer([-2.0])
    (a + 3.0 * b).backward()
    assert (a.data, [neuron.slope.grad for neuron in layer.neurons]) == (-0.5, [-2.0, -6.0])
    assert len(layer.parameters()) == 6


def test_repr_says_how_to_make_it_again():
    assert repr(MLP(2, [3, 1])) == "MLP(2, [3, 1], hidden='relu', output='linear')  # 13 parameters"
    for model in (MLP(2, [3, 1], output="sigmoid"), Layer(2, 3, activation="tanh"), Neuron(2)):
        assert repr(eval(repr(model))) == repr(model)


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"]
)
def test_copies_compute_the_same_and_share_nothing(clone):
    model = MLP(2, [2, 1], hidden="prelu", seed=0)
    before = outputs_of(model, [-1.0, 2.0])
    other = clone(model)
    for parameter in other.parameters():
        parameter.data = 0.0
    assert outputs_of(model, [-1.0, 2.0]) == before
    assert outputs_of(other, [-1.0, 2.0]) == [0.0]


def test_d4_a_network_spells_its_activation_as_its_layers_do() -> None:
    one, other = MLP(2, [3, 1], activation="tanh", seed=0), MLP(2, [3, 1], hidden="tanh", seed=0)
    assert one([1.0, 2.0]).data == other([1.0, 2.0]).data
    assert one.hidden.name == "tanh"
    assert MLP(2, [3, 1]).hidden.name == "relu"
    with pytest.raises(ValueError, match="activation='tanh' and hidden='relu' are the same option"):
        MLP(2, [3, 1], activation="tanh", hidden="relu")
