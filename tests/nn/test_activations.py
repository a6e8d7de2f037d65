"""Activations: the right function behind each name, and the interval where it is alive."""

import math

import pytest

from autograd import Value
from nn.layers.activations import ACTIVATIONS, LEAKY_SLOPE, PRELU_START, Activation, get_activation

PLAIN = [name for name, row in ACTIVATIONS.items() if not (row.vector or row.learns_slope)]
POINTS = [-30.0, -4.5, -2.0, -0.7, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 30.0]
FORMULAS = {
    "linear": lambda z: z,
    "sigmoid": lambda z: 1.0 / (1.0 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0.0 else LEAKY_SLOPE * z,
    "elu": lambda z: z if z > 0.0 else math.expm1(z),
    "gelu": lambda z: 0.5 * z * math.erfc(-z / math.sqrt(2.0)),
    "silu": lambda z: z / (1.0 + math.exp(-z)),
    "softplus": lambda z: math.log1p(math.exp(z)),
}


def slope(name: str, z: float) -> float:
    """σ′(z) by a central difference: error h²/6 |σ‴| + ulp/h, below 1e-9 for |σ‴| <= 1."""
    f, h = ACTIVATIONS[name].function, 1e-5
    return (f(z + h) - f(z - h)) / (2.0 * h)


def test_every_activation_of_one_number_has_a_formula_here():
    assert set(PLAIN) == set(FORMULAS)


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_means_its_formula(name):
    for z in POINTS:
        # Both sides are correct to a few ulp of the value; erfc(−z/√2) at z = −30 adds its argument's rounding, z² ulp.
        assert ACTIVATIONS[name].function(z) == pytest.approx(FORMULAS[name](z), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", PLAIN)
def test_floats_stay_floats_and_values_are_recorded(name):
    z = Value(0.5)
    a = ACTIVATIONS[name].function(z)
    assert isinstance(a, Value)
    assert type(ACTIVATIONS[name].function(0.5)) is float
    assert a.data == ACTIVATIONS[name].function(0.5)


@pytest.mark.parametrize("name", [name for name in PLAIN if math.isfinite(min(map(abs, ACTIVATIONS[name].live)))])
def test_live_ends_where_the_slope_falls_to_5_percent(name):
    steepest = max(abs(slope(name, k / 100.0)) for k in range(-500, 2001))
    for edge, outwards in zip(ACTIVATIONS[name].live, (-1.0, 1.0), strict=True):
        if math.isinf(edge):
            continue
        if name == "relu":
            assert slope(name, edge - 1e-3) == 0.0
            continue
        # The knees are written to five decimals and |σ″| <= 1: 1e-5 of slope.
        assert abs(slope(name, edge)) == pytest.approx(0.05 * steepest, abs=1e-5)
        assert all(abs(slope(name, edge + outwards * k / 10.0)) < 0.05 * steepest for k in range(1, 200))


def test_saturated_counts_the_edge_as_flat():
    relu = get_activation("relu")
    assert relu.saturated(0.0)
    assert relu.saturated(-1.0)
    assert not relu.saturated(5e-324)
    assert not any(get_activation("leaky_relu").saturated(z) for z in POINTS)


@pytest.mark.parametrize(
    ("z", "value", "by_z", "by_slope"), [(-2.0, -0.5, 0.25, -2.0), (0.0, 0.0, 0.25, 0.0), (3.0, 3.0, 1.0, 0.0)]
)
def test_prelu_has_a_slope_that_learns(z, value, by_z, by_slope):
    x, learnt = Value(z), Value(PRELU_START)
    a = get_activation("prelu").function(x, learnt)
    a.backward()
    assert (a.data, x.grad, learnt.grad) == (value, by_z, by_slope)


def test_softmax_takes_a_whole_layer():
    a = get_activation("softmax").function([Value(0.0), Value(math.log(3.0))])
    assert [each.data for each in a] == pytest.approx([0.25, 0.75], rel=1e-15)


def test_a_function_and_an_activation_stand_for_themselves():
    def cubed(z):
        return z * z * z

    assert get_activation(cubed).function is cubed
    assert get_activation(cubed).name == "cubed"
    row = Activation("mine", cubed)
    assert get_activation(row) is row


@pytest.mark.parametrize(("wrong", "error", "words"), [
    ("rleu", ValueError, "did you mean 'relu'"),
    ("nothing like it", ValueError, "Known: linear, sigmoid, tanh"),
    ("ReLU", ValueError, "did you mean 'relu'"),
    (3, TypeError, "give a name"),
    (None, TypeError, "activation None"),
])  # fmt: skip
def test_a_wrong_name_gets_the_list(wrong, error, words):
    with pytest.raises(error, match=words):
        get_activation(wrong)
