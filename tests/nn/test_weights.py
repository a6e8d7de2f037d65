"""Weights of classes and samples, and what they do to a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn.cli.split_options import class_weight
from nn.train.weights import sample_weights, weights_by_class
from tests.nn.recipes import RECIPE

X, Y = [[0.0], [1.0], [2.0], [3.0]], [0.5, 0.0, 2.0, 1.0]


def trained(x: Any, y: Any, **options: Any) -> list[float]:
    model = nn.MLP(1, [2, 1], hidden="tanh", seed=0)
    nn.fit(model, x, y, optimizer="sgd", lr=0.1, epochs=3, batch_size=None, **options)
    return [parameter.data for parameter in model.parameters()]


@pytest.mark.parametrize("compile", [True, False], ids=["compiled", "eager"])
def test_a_weight_of_two_is_the_sample_twice(compile: bool) -> None:
    # Of five samples the mean is over five, of four weighted ones over four: the weights are in units of 4/5.
    once = trained(X, Y, sample_weight=[0.8, 0.8, 1.6, 0.8], compile=compile)
    twice = trained([*X, X[2]], [*Y, Y[2]], compile=compile)
    np.testing.assert_allclose(once, twice, rtol=0, atol=1e-13)  # three steps of sums of five products


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    compute = pytest.importorskip(
        "sklearn.utils.class_weight", reason="scikit-learn is the oracle"
    ).compute_class_weight
    y = [0, 2, 2, 1, 2, 0, 2]
    wanted = compute("balanced", classes=np.arange(3), y=np.array(y))
    found = weights_by_class("balanced", y)
    np.testing.assert_allclose([found[k] for k in range(3)], wanted, rtol=1e-15)
    weights = sample_weights(None, found, y)
    assert weights.mean() == pytest.approx(1.0, abs=1e-15)


def test_losses_of_the_history_are_weighted_and_class_weights_hold_for_validation_too() -> None:
    model = nn.MLP(1, [1], init="zeros", seed=0)
    history = nn.fit(
        model, [[0.0]] * 4, [0, 0, 0, 1], loss="binary_cross_entropy_with_logits", lr=1e-300, epochs=1,
        class_weight={1: 3.0}, validation=([[0.0], [0.0]], [0, 1]),
    )  # fmt: skip
    assert history.losses[0] == pytest.approx(1.5 * np.log(2), abs=1e-14)
    assert history.validation_losses[0] == pytest.approx(2.0 * np.log(2), abs=1e-14)


def test_one_hot_targets_have_classes() -> None:
    assert weights_by_class("balanced", [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]) == {0: 2 / 3, 1: 2.0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"class_weight": "even"}, "class_weight must be 'balanced' or a weight for each class, got 'even'"),
        ({"class_weight": {7: 1.0}}, "class_weight: no target is 7; the classes are 0, 0.5, 1, 2"),
        ({"class_weight": {1.0: 0.0}}, r"class_weight\[1.0\] must be a positive number, got 0.0"),
        ({"sample_weight": [1.0]}, r"sample_weight has the shape \(1,\); there are 4 samples"),
        ({"sample_weight": [1.0, -1.0, 1.0, 1.0]}, r"sample_weight\[1\] is -1.0"),
        ({"sample_weight": [0.0] * 4}, "every sample_weight is 0"),
        ({"sample_weight": [1.0] * 4, "cluster": 1}, "a cluster takes no class_weight= or sample_weight="),
    ],
)
def test_wrong_weights_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        trained(X, Y, **options)


def test_weights_of_the_command_line() -> None:
    assert class_weight("a=2, c = 0.5", RECIPE) == {0: 2.0, 2: 0.5}
    assert class_weight("balanced", RECIPE) == "balanced"
    for text, words in (
        ("d=2", "unknown class 'd'"),
        ("a=x", "'x' is not a positive number"),
        ("a", "write --class-weight balanced"),
    ):
        with pytest.raises(ValueError, match=words):
            class_weight(text, RECIPE)
