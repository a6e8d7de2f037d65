"""Cross-validation in `python -m nn train --folds K`: the score of K models, each on samples it was not trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograd.io.plural import counted
from nn.cli.job import Job, job_of, train
from nn.cli.reading import Data, or_usage_error, scaled
from nn.train.metrics import get_metric
from nn.train.prediction import predict


def cross_validate(job: Job) -> tuple[float, ...]:
    """Train a new model for each fold, with the scaling of its training samples; print and return the scores."""
    scores: list[float] = []
    for train_rows, held_out in or_usage_error(lambda: job.splitter.folds(job.args.folds)):
        dataset = replace(job.dataset, train=train_rows, held_out=held_out)
        fold = job_of(job.args, Data(dataset, scaled(job.recipe, dataset), None, job.splitter))
        if train(fold, progress=False).stopped == "interrupted":
            print("cross-validation: interrupted")
            return ()
        outputs = predict(fold.model, fold.inputs(held_out))
        scores.append(get_metric(job.recipe.scheme.metric)(outputs, fold.targets(held_out)))
    listed = ", ".join(f"{score:.3f}" for score in scores)
    print(f"cross-validation: {job.recipe.metric_name} {np.mean(scores):.3f} ± {np.std(scores):.3f}")
    print(f"  ({counted(len(scores), 'fold')}: {listed})")
    return tuple(scores)
