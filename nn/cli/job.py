"""What one run of `python -m nn train` works on, and the training itself."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograd.errors import UsageError
from nn.cli.reading import Data, or_usage_error
from nn.cli.split_options import class_weight
from nn.layers.mlp import MLP
from nn.persistence.storage import MOST_PARAMETERS
from nn.tabular.datasets import Dataset
from nn.tabular.preprocessing import Array, Recipe
from nn.tabular.splitting import Rows, Splitter
from nn.train.history import Epoch, History
from nn.train.metrics import Prediction
from nn.train.tasks import output_for
from nn.train.until import Until
from nn.training import fit

# A tenth of fewer training samples is too few to tell epochs apart; the training loss then decides. With 24 validation
# samples, a chance low of their loss ended two trainings of ten after a quarter of the epochs.
VALIDATE_FROM = 300
VALIDATION = 0.1


@dataclass(frozen=True)
class Job:
    """One run: the complete options, the samples, the recipe for reading them, and the model to train."""

    args: argparse.Namespace
    dataset: Dataset
    recipe: Recipe
    model: MLP
    splitter: Splitter

    def inputs(self, rows: Any) -> Array:
        """The samples with these row numbers, scaled for the model."""
        return self.recipe.x_scaling.apply(self.dataset.x[rows])

    def targets(self, rows: Any) -> list[Prediction]:
        """Their targets, encoded for the loss."""
        return self.recipe.encode_targets(self.dataset.y[rows])

    @property
    def is_validated(self) -> bool:
        """Whether a part of the training samples decides which epoch is best."""
        return self.args.early_stopping and self.dataset.holds_out and len(self.dataset.train) >= VALIDATE_FROM

    @property
    def patience(self) -> int | None:
        """The epochs without a lower loss after which the training stops."""
        return self.args.patience if self.args.early_stopping else None


def job_of(args: argparse.Namespace, data: Data) -> Job:
    """The run with these options on this data."""
    return Job(args, data.dataset, data.recipe, _model(args, data.dataset, data.recipe), data.splitter)


def _model(args: argparse.Namespace, dataset: Dataset, recipe: Recipe) -> MLP:
    n_out = len(dataset.class_names) if dataset.task == "classification" else 1
    output = or_usage_error(lambda: output_for(recipe.scheme, args.output))
    n_outs = [*args.hidden, n_out]
    sizes = [dataset.x.shape[1], *n_outs]
    count = sum((n_in + 1) * n for n_in, n in pairwise(sizes))
    if count > MOST_PARAMETERS:
        raise UsageError(
            f"--hidden: a network of the sizes {', '.join(map(str, sizes))} has {count:,} parameters, more than the"
            f" {MOST_PARAMETERS:,} that a model file holds; make the layers smaller"
        )
    return MLP(dataset.x.shape[1], n_outs, hidden=args.activation, output=output, bias=args.bias, seed=args.seed)


def train(job: Job, progress: bool, on_epoch: Callable[[Epoch], None] | None = None) -> History:
    """Train the model on the training samples."""
    args = job.args
    rows, validation = _validation(job)
    with warnings.catch_warnings():
        # The report says that a run diverged, and why it is eager.
        warnings.simplefilter("ignore", RuntimeWarning)
        return fit(
            job.model,
            job.inputs(rows),
            job.targets(rows),
            loss=job.recipe.loss,
            optimizer=args.optimizer,
            lr=args.lr,
            epochs=args.epochs,
            batch_size=args.batch_size,
            until=Until(loss=args.until_loss, patience=job.patience),
            validation=validation,
            seed=args.seed,
            metric=job.recipe.scheme.metric,
            l2=args.l2,
            class_weight=class_weight(args.class_weight, job.recipe),
            compile=args.compile,
            progress=progress,
            on_epoch=on_epoch,
            cluster=args.cluster,
            checkpoint=args.checkpoint,
        )


def _validation(job: Job) -> tuple[Rows, float | tuple[Any, Any] | None]:
    """The rows to train on, and what to validate on: a tenth of them, drawn like the held-out samples."""
    rows = job.dataset.train
    if not job.is_validated:
        return rows, None
    if job.recipe.table is None:
        return rows, VALIDATION
    try:
        rows, others = job.splitter.split(rows, VALIDATION)
    except ValueError:  # a single group or time is left
        return rows, None
    return rows, (job.inputs(others), job.targets(others))
