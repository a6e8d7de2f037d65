"""The benchmark of the estimators fails when their scores are worse than scikit-learn's by more than chance."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmark import estimators
from tests.benchmark.estimators import Data, Fit


@pytest.mark.parametrize(("score", "passes"), [(0.95, True), (0.94, True), (1.0, True), (0.85, False)])
def test_a_worse_score_fails_the_run(
    score: float, passes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = iter([0.01, 0.0] * 100)

    def fit(estimator: Any, data: Data) -> Fit:
        ours = type(estimator).__module__.startswith("nn.")
        return Fit((score if ours else 0.95) + next(noise) * 0.1, 1.0 if ours else 2.0)

    monkeypatch.setattr(estimators, "_fit", fit)
    assert estimators.run(quick=True) == passes
    text = capsys.readouterr().out
    assert ("FAILED: iris: the score is lower by 0.1" in text) != passes
    assert "0.50" in text  # the ratio


def test_data_are_scaled_and_every_target_has_its_kind_of_estimator() -> None:
    data, kind = estimators._split(estimators.houses)
    assert kind == "MLPRegressor"
    assert abs(data.rows.mean()) + abs(data.targets.mean()) < 1e-12
    assert len(data.rows) == 3 * len(data.test_rows) == 0.75 * estimators.HOUSES
