"""The results of `python -m nn train`: the score, the report on held-out samples, and its pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd.io.plural import counted
from nn.cli.job import Job
from nn.cli.verdict import beside_baseline
from nn.evaluation.importance import REPEATS, Importance, permutation_importance
from nn.evaluation.report import ClassReport, NumberReport, Report
from nn.plotting.results import calibration_picture, confusion_picture, importance_picture, residual_picture
from nn.tabular.preprocessing import Array, Recipe
from nn.train.engines import by_sample
from nn.train.metrics import Prediction, get_metric
from nn.train.prediction import predict

# Predictions that the importance of all columns may take: a second by a program, some seconds eagerly.
PREDICTIONS = {True: 100_000, False: 2_000}
HUGE = 1e6  # a score that is not written in full
LEAST = 20  # samples, below which shuffling says nothing
Forward = Callable[[Array], list[Prediction]]


def evaluate(job: Job) -> dict[str, Any]:
    """Print the metric on the held-out samples; return it as it is stored with the model."""
    rows, chosen = job.dataset.held_out, job.recipe.scheme
    value = get_metric(chosen.metric)(predict(job.model, job.inputs(rows)), job.targets(rows))
    constant = f"; {beside_baseline(job.dataset)[1]}"
    where = "held-out" if job.dataset.holds_out else "training (no samples held out)"
    if chosen.metric == "r_squared":
        shown = f"{value:.4f}" if abs(value) < HUGE else f"{value:.4g}"
        print(f"{where} R²: {shown} ({counted(len(rows), 'sample')}){constant}")
    else:
        print(f"{where} accuracy: {value:.2%} ({round(value * len(rows))} of {len(rows)}){constant}")
    return {"metric": job.recipe.metric_name, "value": value, "samples": len(rows), "held_out": job.dataset.holds_out}


def report_on(job: Job, score: dict[str, Any]) -> Report:
    """What the held-out samples say of the model; the training samples if none are held out."""
    rows, recipe = job.dataset.held_out, job.recipe
    outputs, y = predict(job.model, job.inputs(rows)), job.dataset.y[rows]
    predicted = recipe.read_outputs(outputs)
    detail: ClassReport | NumberReport
    if recipe.task == "regression":
        detail = NumberReport.of(y, predicted)
    else:
        read = recipe.scheme.probabilities
        probabilities = None if read is None else np.array([read(output) for output in outputs])
        detail = ClassReport.of(recipe.class_names, y, predicted, probabilities)
    return Report(
        target=recipe.target,
        where="held-out" if job.dataset.holds_out else "training",
        score=score,
        baseline=beside_baseline(job.dataset)[0].score,
        detail=detail,
        importances=_importances(job),
    )


def _importances(job: Job) -> list[Importance]:
    """The importance of the columns, on as many held-out samples as there is time for."""
    columns = dict(features_of(job.recipe))
    most = PREDICTIONS[job.args.compile] // (REPEATS * len(columns))
    rows = job.dataset.held_out[: max(most, LEAST)]
    if len(rows) < LEAST or len(columns) < 2:
        return []
    forward, metric = _forward(job), get_metric(job.recipe.scheme.metric)
    targets = job.targets(rows)
    return permutation_importance(lambda x: metric(forward(x), targets), job.inputs(rows), columns)


def features_of(recipe: Recipe) -> Iterator[tuple[str, list[int]]]:
    """The positions of the features of each column."""
    first = 0
    for column in recipe.columns:
        size = len(column.feature_names)
        yield column.name, list(range(first, first + size))
        first += size


def _forward(job: Job) -> Forward:
    """The model for many rows at once."""
    if not job.args.compile:
        return lambda x: predict(job.model, x)
    program = autograd.compile(job.model, parameters=job.model.parameters(), batch=("x",))
    return lambda x: by_sample(program.map(x))


def draw_results(job: Job, report: Report, folder: Path) -> list[str]:
    """Draw the pictures of the report; return the names of the files. ImportError without matplotlib."""
    name, detail, where = job.dataset.name, report.detail, f"({report.where} samples)"
    pictures: dict[str, Callable[[Path], None]] = {}
    if isinstance(detail, ClassReport):
        pictures["confusion.svg"] = lambda path: confusion_picture(
            detail.matrix, detail.names, path, title=f"{name}: confusion matrix {where}"
        )
        if known := detail.calibration:
            pictures["calibration.svg"] = lambda path: calibration_picture(
                known.bins, path, title=f"{name}: calibration {where}"
            )
    elif np.isfinite(detail.predicted).all():
        pictures["residuals.svg"] = lambda path: residual_picture(
            detail.y, detail.predicted, path, target=report.target, title=f"{name}: predictions {where}"
        )
    if report.importances:
        metric = report.score["metric"]
        pictures["importance.svg"] = lambda path: importance_picture(
            report.importances, path, metric=metric, title=f"{name}: importance of the columns"
        )
    for name_of_file, draw in pictures.items():
        draw(folder / name_of_file)
    return list(pictures)
