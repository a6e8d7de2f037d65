"""What is said of a model that did not learn, and of one that predicts a single class (row E5)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nn.cli.verdict import did_not_learn, one_class_only, worst_loss
from nn.evaluation.report import ClassReport
from nn.train.baseline import Baseline
from nn.train.history import Epoch, History

HALF = Baseline(0.0, 0.5)


@pytest.mark.parametrize(
    ("before", "after", "worst", "score", "words"),
    [
        (0.5, 3e6, 4e6, -1e6, "try a smaller --lr"),
        (0.5, 0.5, math.inf, 0.4, "try a smaller --lr"),  # diverged: the parameters are as before
        (0.5, 0.5, 0.5, 0.4, "try a larger --lr"),
        (0.5, 0.49999, 0.5, 0.4, "try a larger --lr"),
        (0.5, 0.4, 0.6, -3.0, "a constant prediction is better by far"),
        (0.5, 0.4, 0.5, 0.5, "no better than a constant prediction"),
        (0.5, 0.4, 0.6, 0.51, ""),
    ],
)
def test_e5_the_advice_fits_what_went_wrong(
    before: float, after: float, worst: float, score: float, words: str
) -> None:
    found = did_not_learn(before, after, worst, score, HALF)
    assert words in found
    assert bool(words) == bool(found)


def test_the_worst_loss_is_infinite_if_one_was_not_finite() -> None:
    assert worst_loss(History([Epoch(1, 0.5), Epoch(2, 0.7), Epoch(3, 0.2)])) == 0.7
    assert worst_loss(History([Epoch(1, math.nan)])) == math.inf


@pytest.mark.parametrize(
    ("y", "predicted", "said"),
    [([0, 0, 1], [0, 0, 0], True), ([0, 0, 0], [0, 0, 0], False), ([0, 0, 1], [0, 1, 0], False)],
)
def test_a_model_that_predicts_one_class_is_told_to_weigh_them(y: list[int], predicted: list[int], said: bool) -> None:
    report = ClassReport.of(("no", "yes"), np.array(y), np.array(predicted, dtype=float), None)
    assert ("--class-weight balanced" in one_class_only(report)) == said
