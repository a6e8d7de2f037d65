"""The loss of the held-out samples by epoch, which shows whether a model learns its training samples by heart."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from nn.cli.job import Job
from nn.train.history import Epoch
from nn.train.losses import get_loss

MOST = 1000  # samples that are measured


class LearningCurve:
    """Called after every epoch; `losses` are those of the held-out samples. They decide nothing.

    They stay empty if none are held out, or the run is eager or on a cluster, where measuring would take long.
    """

    def __init__(self, job: Job) -> None:
        self.losses: list[float] = []
        rows = job.dataset.held_out[:MOST]
        self.x, self.y = job.inputs(rows), np.array(job.targets(rows))
        loss, model = get_loss(job.recipe.loss), job.model

        def sample_loss(x: Any, y: Any) -> Any:
            return loss(model(x), y)

        self.program = None
        if job.dataset.holds_out and job.args.compile and not job.args.cluster:
            self.program = autograd.compile(sample_loss, parameters=model.parameters(), batch=("x", "y"))

    def __call__(self, _row: Epoch) -> None:
        if self.program is not None:
            self.losses.append(float(np.mean(self.program.map(self.x, self.y))))
