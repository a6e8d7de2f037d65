"""The built-in data sets, the split, and the tasks."""

from __future__ import annotations

import importlib.resources
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.tabular.datasets import DATASETS, HELD_OUT, load, split
from nn.train.tasks import SCHEMES, Task, output_for, scheme


def test_xor_is_the_exclusive_or() -> None:
    xor = load("xor")
    assert {(int(a), int(b)): int(y) for (a, b), y in zip(xor.x, xor.y, strict=True)} == {
        (a, b): a ^ b for a in (0, 1) for b in (0, 1)
    }
    assert not xor.holds_out


def test_moons_are_two_half_circles_of_noisy_points() -> None:
    moons = load("moons")
    centres = np.where(moons.y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    distances = np.linalg.norm(moons.x - centres, axis=1)
    # Radius 1 with noise of standard deviation 0.1 in each direction: six of them do not occur in 400 points.
    assert np.all(np.abs(distances - 1.0) < 0.6)
    assert np.bincount(moons.y).tolist() == [200, 200]
    assert np.median(moons.x[moons.y == 0, 1]) > 0.5 > 0.0 > np.median(moons.x[moons.y == 1, 1])


def test_digits_are_the_1797_images() -> None:
    digits = load("digits")
    # Class counts of the UCI test part, from its documentation.
    assert np.bincount(digits.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits.x.shape == (1797, 64)
    assert set(np.unique(digits.x * 16)) == set(range(17))
    assert digits.x.sum() * 16 == 561718


def test_bundled_data_is_small_and_says_where_it_comes_from() -> None:
    folder = importlib.resources.files("nn").joinpath("data")
    assert len(folder.joinpath("digits.csv.gz").read_bytes()) < 100_000
    text = folder.joinpath("README.md").read_text(encoding="utf-8")
    for words in ("Alpaydin", "Kaynak", "CC BY 4.0", "BSD 3-clause", "UCI"):
        assert words in text


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_the_same_every_time_and_fits_together(name: str) -> None:
    one, two = load(name), load(name)
    for array in ("x", "y", "train", "held_out"):
        np.testing.assert_array_equal(getattr(one, array), getattr(two, array))
    assert one.x.shape == (len(one.y), len(one.feature_names))
    assert set(np.unique(one.y)) == set(range(len(one.class_names)))


def test_the_seed_draws_the_noise_and_the_held_out_samples() -> None:
    assert not np.array_equal(load("moons", seed=1).x, load("moons", seed=2).x)
    assert not np.array_equal(load("digits", seed=1).held_out, load("digits", seed=2).held_out)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown data set 'digit'; did you mean 'digits'\?.*xor, moons, digits"):
        load("digit")


@given(st.lists(st.integers(0, 3), min_size=10, max_size=80), st.integers(0, 5))
def test_a_stratified_split_takes_a_fifth_of_every_class(labels: list[int], seed: int) -> None:
    y = np.array(labels)
    train, held_out = split(y, "classification", seed=seed)
    if np.array_equal(train, held_out):
        assert max(np.bincount(y)) < 3  # no class has three samples: nothing to hold out
        return
    assert sorted([*train, *held_out]) == list(range(len(y)))
    for label in set(labels):
        size, taken = np.sum(y == label), np.sum(y[held_out] == label)
        assert abs(taken - HELD_OUT * size) <= 0.5 or (size < 3 and taken == 0)


@given(st.integers(10, 200))
def test_a_regression_holds_out_a_fifth(n: int) -> None:
    train, held_out = split(np.linspace(0.0, 1.0, n), "regression")
    assert sorted([*train, *held_out]) == list(range(n))
    assert len(held_out) == round(n / 5)


def test_a_tiny_set_is_not_split() -> None:
    train, held_out = split(np.array([0, 1] * 4), "binary")
    assert train.tolist() == held_out.tolist() == list(range(8))


# --- tasks: targets and outputs that suit a loss ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "loss", "y", "target"),
    [
        ("binary", "auto", 1, 1),
        ("binary", "hinge", 0, -1.0),
        ("binary", "hinge", 1, 1.0),
        ("classification", "cross_entropy", 2, 2),
        ("classification", "mse", 2, [0.0, 0.0, 1.0]),
        ("regression", "auto", 2.5, 2.5),
    ],
)
def test_targets_are_encoded_for_the_loss(task: Task, loss: str, y: float, target: object) -> None:
    assert scheme(task, loss).encode(y, 3) == target


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=5))
def test_probabilities_sum_to_one_and_the_class_read_is_the_likeliest(scores: list[float]) -> None:
    for task, output in (("classification", scores), ("binary", scores[0])):
        chosen = scheme(task)  # type: ignore[arg-type]
        assert chosen.probabilities is not None
        shares = chosen.probabilities(output)  # type: ignore[arg-type]
        # Each share is within two roundings of its exact value, and those sum to 1.
        assert sum(shares) == pytest.approx(1.0, abs=1e-15 * len(scores))
        assert shares[chosen.read_class(output)] == max(shares)  # type: ignore[arg-type]


def test_a_loss_or_output_that_does_not_fit_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"loss 'hinge' does not fit the task 'regression'.*half_squared_error, mse"):
        scheme("regression", "hinge")
    with pytest.raises(ValueError, match=r"output activation 'softmax' does not fit the loss 'cross_entropy'.*linear"):
        output_for(scheme("classification"), "softmax")


def test_every_task_has_schemes() -> None:
    assert set(SCHEMES) == set(get_args(Task))
