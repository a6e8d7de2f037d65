"""Estimators: `nn.MLPClassifier` and `nn.MLPRegressor` beside scikit-learn's own, on its toy sets.

Both have the same hyperparameters, their defaults, and the same data, and are fitted in turns. Times are CPU seconds of
this process for `fit`. The first of ours includes the compilation, which estimators of the same architecture share.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import nn

NAME = "sklearn"
SEEDS, QUICK_SEEDS = 5, 2
QUICK_EPOCHS = 20
HOUSES = 4000
# The difference of two means of so few scores is uncertain: three standard errors, and one test sample of a small set.
ERRORS, SAMPLE = 3.0, 0.02


class Data(NamedTuple):
    """Rows and targets, of training and of test."""

    rows: Any
    test_rows: Any
    targets: Any
    test_targets: Any


class Fit(NamedTuple):
    """What one fit gave: the score on the test samples, and its CPU seconds."""

    score: float
    seconds: float


def houses(return_X_y: bool = True) -> tuple[Any, Any]:
    """Prices by eight skewed and correlated features, as in the California set: income, age, rooms, place."""
    random = np.random.default_rng(0)
    income, age = random.lognormal(1.2, 0.5, HOUSES), random.uniform(1.0, 52.0, HOUSES)
    rooms = 2.0 + income * random.uniform(0.6, 1.4, HOUSES)
    bedrooms, people = rooms * random.uniform(0.15, 0.3, HOUSES), random.lognormal(7.0, 0.7, HOUSES)
    household, east, north = random.lognormal(1.1, 0.3, HOUSES), *random.uniform(-1.0, 1.0, (2, HOUSES))
    coast = np.exp(-3.0 * np.abs(east + 0.5 * north))
    price = 0.4 * income + 0.01 * age + coast * (1.0 + 0.3 * income) - 0.2 * household + 0.1 * np.sin(4.0 * north)
    columns = [income, age, rooms, bedrooms, people, household, east, north]
    return np.column_stack(columns), price + random.normal(0.0, 0.3, HOUSES)


def run(quick: bool) -> bool:
    """Fit and report; False when our score is lower than scikit-learn's by more than chance."""
    if importlib.util.find_spec("sklearn") is None:
        print(f"\n{NAME}: skipped, its peer is missing; python -m pip install scikit-learn")
        return True
    from sklearn import datasets

    sets: list[Callable[..., Any]] = [datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer]
    sets += [] if quick else [datasets.load_digits, datasets.load_diabetes, houses]
    seeds = QUICK_SEEDS if quick else SEEDS
    print(f"\n{NAME}: estimators beside scikit-learn's, defaults, mean score and best time of {seeds} seeds")
    print(f"  {'':14} {'score':>17}   {'seconds to fit':>17}   {'ratio':>5}   {'first fit':>9}")
    print(f"  {'':14} {'ours':>8} {'theirs':>8}   {'ours':>8} {'theirs':>8}   {'':5}   {'ours':>9}")
    passed = [_row(each, quick) for each in sets]
    return all(passed)


def _row(load: Callable[..., Any], quick: bool) -> bool:
    from sklearn import neural_network

    data, kind = _split(load)
    options = {"max_iter": QUICK_EPOCHS} if quick else {}
    first = _fit(getattr(nn, kind)(random_state=0, **options), data).seconds
    ours, theirs = [], []
    for seed in range(QUICK_SEEDS if quick else SEEDS):
        for package, fits in ((nn, ours), (neural_network, theirs)):
            fits.append(_fit(getattr(package, kind)(random_state=seed, **options), data))
    score, peer = (statistics.fmean(fit.score for fit in fits) for fits in (ours, theirs))
    best, peer_best = (min(fit.seconds for fit in fits) for fits in (ours, theirs))
    name = load.__name__.removeprefix("load_")
    times = f"{best:8.3f} {peer_best:8.3f}   {best / peer_best:5.2f}   {first:9.3f}"
    print(f"  {name:14} {score:8.3f} {peer:8.3f}   {times}")
    variance = sum(statistics.variance(fit.score for fit in fits) for fits in (ours, theirs))
    if score >= peer - ERRORS * (variance / len(ours)) ** 0.5 - SAMPLE:
        return True
    print(f"  check   FAILED: {name}: the score is lower by {peer - score:.3f}")
    return False


def _split(load: Callable[..., Any]) -> tuple[Data, str]:
    """The set, scaled, with a quarter held out, and the kind of estimator for it."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    rows, targets = load(return_X_y=True)
    numbers = targets.dtype.kind == "f"
    data = Data(*train_test_split(rows, targets, random_state=0, stratify=None if numbers else targets))
    scaler = StandardScaler().fit(data.rows)
    data = data._replace(rows=scaler.transform(data.rows), test_rows=scaler.transform(data.test_rows))
    if numbers:
        mean, std = data.targets.mean(), data.targets.std()
        data = data._replace(targets=(data.targets - mean) / std, test_targets=(data.test_targets - mean) / std)
    return data, "MLPRegressor" if numbers else "MLPClassifier"


def _fit(estimator: Any, data: Data) -> Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # most of the sets have not converged after the default number of epochs
        start = time.process_time()
        estimator.fit(data.rows, data.targets)
        seconds = time.process_time() - start
    return Fit(estimator.score(data.test_rows, data.test_targets), seconds)
