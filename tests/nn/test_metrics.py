"""Metrics: accuracy of one and of several scores, and R² at its edges."""

from __future__ import annotations

import statistics
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nn.train.metrics import accuracy, get_metric, probability_accuracy, r_squared


@given(st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=1))
def test_one_score_and_its_two_score_form_have_the_same_accuracy(samples: list[tuple[float, bool]]) -> None:
    scores, classes = [score for score, _ in samples], [int(side) for _, side in samples]
    value = accuracy(scores, classes)
    assert value == accuracy([[0.0, score] for score in scores], classes)
    assert value == accuracy(scores, [2 * side - 1 for side in classes])


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(-10, 10))
def test_r_squared_of_a_shifted_prediction_is_one_minus_the_shift_over_the_spread(
    ys: list[float], shift: float
) -> None:
    spread = statistics.pvariance(ys)
    assume(spread > 1e-3)
    expected = 1.0 - shift**2 / spread
    # (y + shift) - y is off by a rounding of y (<= 100), which its square meets twice, over a spread of at least 1e-3.
    bound = 4 * 110 * sys.float_info.epsilon * (1 + abs(shift)) / spread + 1e-12 * abs(expected)
    assert r_squared([y + shift for y in ys], ys) == pytest.approx(expected, abs=bound)


def test_r_squared_of_constant_targets_is_1_or_0() -> None:
    assert r_squared([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert r_squared([2.0, 3.0], [2.0, 2.0]) == 0.0
    assert r_squared([[1.0, 5.0], [2.0, 6.0]], [[1.0, 5.0], [2.0, 6.0]]) == 1.0


def test_a_probability_means_class_1_above_one_half() -> None:
    assert probability_accuracy([0.51, 0.5, 0.1, 0.9], [1, 0, 0, 0]) == 0.75


def test_metrics_reject_no_samples_and_unequal_lengths() -> None:
    for metric in ("accuracy", "r_squared"):
        with pytest.raises(ValueError, match="as many predictions as targets"):
            get_metric(metric)([1.0], [])
        with pytest.raises(ValueError, match="got 0 and 0"):
            get_metric(metric)([], [])
