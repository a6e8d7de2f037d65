"""Initialisers: shapes, distributions, seeds, error messages."""

import math
import random

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from nn.layers.activations import ACTIVATIONS
from nn.layers.initializers import (
    INITIALIZERS,
    constant,
    get_initializer,
    given,
    normal,
    random_source,
    start_weights,
    uniform,
)

N_OUT, N_IN = 100, 300
N = N_OUT * N_IN
VARIANCES = {
    "he_normal": 2.0 / N_IN,
    "he_uniform": 2.0 / N_IN,
    "xavier_normal": 2.0 / (N_IN + N_OUT),
    "xavier_uniform": 2.0 / (N_IN + N_OUT),
    "normal": 1.0,
    "uniform": 1.0 / 3.0,
}


def five_sigma(name: str) -> float:
    """The mean of n squares has a relative standard error √((κ − 1)/n), κ = 3 for normal and 9/5 for uniform."""
    return 5.0 * math.sqrt((2.0 if "normal" in name else 0.8) / N)


def draws(name: str) -> np.ndarray:
    return np.array(INITIALIZERS[name](N_OUT, N_IN, random.Random(0)))


@pytest.mark.parametrize(("name", "variance"), VARIANCES.items())
def test_variance(name, variance):
    assert (draws(name) ** 2).mean() == pytest.approx(variance, rel=five_sigma(name))
    assert abs(draws(name).mean()) < 5.0 * math.sqrt(variance / N)


@pytest.mark.parametrize("name", VARIANCES)
def test_shape_of_the_distribution(name):
    """κ = E w⁴ / (E w²)² is 3 for a normal and 1.8 for a uniform distribution."""
    w = draws(name)
    kurtosis = (w**4).mean() / (w**2).mean() ** 2
    # Standard error of κ: √(24/n) for a normal one, less for a uniform one.
    assert kurtosis == pytest.approx(3.0 if "normal" in name else 1.8, abs=5.0 * math.sqrt(24.0 / N))
    if "uniform" in name:
        assert np.abs(w).max() <= math.sqrt(3.0 * VARIANCES[name])


def test_the_uniform_limit_squared_is_not_the_variance():
    """6/(n_in + n_out), sometimes given as Xavier's variance, is the squared uniform limit: three times too large."""
    variance = (draws("xavier_uniform") ** 2).mean()
    assert 3.0 * variance == pytest.approx(6.0 / (N_IN + N_OUT), rel=five_sigma("xavier_uniform"))


@examples(st.integers(1, 5), st.integers(1, 5), st.sampled_from(sorted(INITIALIZERS)))
def test_every_initializer_gives_n_out_rows_of_n_in_floats(n_out, n_in, name):
    rows = INITIALIZERS[name](n_out, n_in, random.Random(1))
    assert [len(row) for row in rows] == [n_in] * n_out
    assert all(type(w) is float for row in rows for w in row)


def test_identity_is_the_identity_also_when_it_is_not_square():
    for shape in ((3, 3), (2, 4), (4, 2)):
        assert np.array_equal(INITIALIZERS["identity"](*shape, random.Random(0)), np.eye(*shape))


def test_constant_initializers():
    rng = random.Random(0)
    assert INITIALIZERS["zeros"](2, 1, rng) == [[0.0], [0.0]]
    assert constant(0.5)(1, 2, rng) == [[0.5, 0.5]]
    assert start_weights(given(np.array([[1, 2]])), 1, 2, rng) == [[1.0, 2.0]]
    assert rng.getstate() == random.Random(0).getstate()


def test_every_activation_names_an_existing_initializer():
    assert {row.initializer for row in ACTIVATIONS.values()} <= set(INITIALIZERS)
    assert ACTIVATIONS["relu"].initializer == "he_normal"
    assert ACTIVATIONS["tanh"].initializer == "xavier_uniform"


def test_a_seed_fixes_the_draws():
    assert random_source(None, 5).random() == random_source(random.Random(5), None).random()
    random.seed(7)
    first = random_source(None, None).random()
    random.seed(7)
    assert random_source(None, None).random() == first
    assert random_source(None, None).random() != first


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: get_initializer("he"), ValueError, "unknown initializer 'he'"),
    (lambda: get_initializer("constant"), ValueError, r"constant\(c\)"),
    (lambda: get_initializer(0.1), TypeError, "initializer 0.1 is a float"),
    (lambda: uniform(1.0, -1.0), ValueError, "low=1.0, high=-1.0"),
    (lambda: uniform(math.nan, 1.0), ValueError, "low=nan"),
    (lambda: normal(-1.0), ValueError, "-1.0"),
    (lambda: start_weights(given([[1.0, 2.0]]), 2, 2, random.Random()), ValueError, r"gave 1 row of length \[2\]"),
    (lambda: start_weights(given([[1.0], [1.0, 2.0]]), 2, 2, random.Random()), ValueError, r"\[1, 2\]"),
    (lambda: random_source(random.Random(), 1), ValueError, "not both"),
    (lambda: random_source(np.random.default_rng(), None), TypeError, "random.Random, got Generator"),
])  # fmt: skip
def test_error_messages(call, error, words):
    with pytest.raises(error, match=words):
        call()
