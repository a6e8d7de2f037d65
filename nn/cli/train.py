"""`python -m nn train`: read the data, train, judge the result on held-out samples, write everything down."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograd import draw
from autograd.errors import UsageError
from autograd.io.files import file_name
from autograd.io.printing import forgiving_stdout
from nn.cli.options import fill_in
from nn.inspection.diagnosis import diagnose
from nn.inspection.gradient_check import check_gradient
from nn.layers.mlp import MLP
from nn.lookup import look_up
from nn.persistence.storage import save
from nn.plotting.plots import boundary_picture, loss_picture
from nn.tabular.csv import TableError, read_cells
from nn.tabular.datasets import DATASETS, Dataset, load
from nn.tabular.preprocessing import Array, Recipe, Scaling
from nn.tabular.table import Column, read_table
from nn.train.history import History, describe
from nn.train.losses import get_loss
from nn.train.metrics import Prediction, get_metric
from nn.train.prediction import predict
from nn.train.tasks import output_for, scheme
from nn.train.until import Until
from nn.training import fit

# Below this many training samples a tenth is too few to tell epochs apart; the training loss decides then.
WATCH_FROM = 100
WATCHED = 0.1
DIAGNOSED = 200
INTERRUPTED = 130


@dataclass(frozen=True)
class Job:
    """One run: the options with every gap filled in, the samples, how to read them, and the model to be taught."""

    args: argparse.Namespace
    dataset: Dataset
    recipe: Recipe
    model: MLP

    def inputs(self, rows: Any) -> Array:
        """The samples of these row numbers, as the model wants them."""
        return self.recipe.x_scaling.apply(self.dataset.x[rows])

    def targets(self, rows: Any) -> list[Prediction]:
        """Their targets, as the loss wants them."""
        return self.recipe.encode_targets(self.dataset.y[rows])


def run(args: argparse.Namespace) -> int:
    """Train and report: 0 when all went well, 1 when it diverged or a gradient is wrong, 130 after Ctrl-C.

    When stdout takes nothing any more (`| head -1`), the run goes on and everything is written; the error comes after.
    """
    with forgiving_stdout() as stdout:
        code = _run(args)
    if stdout.error is not None and code != INTERRUPTED:
        raise stdout.error
    return code


def _run(args: argparse.Namespace) -> int:
    dataset, recipe = _read(args)
    args = fill_in(args, dataset.name)
    job = Job(args, dataset, recipe, _model(args, dataset, recipe))
    args.out.mkdir(parents=True, exist_ok=True)
    _introduce(job)
    history = _train(job)
    sound = history.stopped != "diverged"
    _report_end(job, history)
    score = _judge(job)
    right = _check(job)
    _hint(job)
    _write(job, history, score)
    if history.stopped == "interrupted":
        return INTERRUPTED
    return 0 if sound and right else 1


def _read(args: argparse.Namespace) -> tuple[Dataset, Recipe]:
    """The samples, and the recipe for reading more of them."""
    if args.checkpoint and not args.cluster:
        raise UsageError("--checkpoint is for training with --cluster; one worker process is --cluster 1")
    if args.cluster and not args.compile:
        raise UsageError("a cluster runs compiled losses only; leave --no-compile or --cluster out")
    if args.data in DATASETS:
        if args.target or args.ignore or args.task or args.drop_missing:
            raise UsageError(
                f"--target, --ignore, --task and --drop-missing are for CSV files; {args.data} knows its own"
            )
        dataset = load(args.data)
        columns, target = tuple(Column(name) for name in dataset.feature_names), TARGET_NAMES[args.data]
        x_scaling = Scaling.none(len(columns))
    else:
        _check_file(args)
        table = read_table(args.data, args.target, task=args.task, ignore=args.ignore, drop_missing=args.drop_missing)
        dataset, columns, target = table.dataset(), table.columns, table.target
        x_scaling = Scaling.of(dataset.x[dataset.train])
        dropped = f"; {table.dropped} rows left out (missing values)" if table.dropped else ""
        print(f"task: {dataset.task} ({table.reason}){dropped}")
    numbers = dataset.y[dataset.train].astype(np.float64)[:, None]
    y_scaling = Scaling.of(numbers) if dataset.task == "regression" else Scaling.none(1)
    chosen = _or_usage_error(scheme, dataset.task, args.loss)
    return dataset, Recipe(dataset.task, chosen.loss, target, columns, dataset.class_names, x_scaling, y_scaling)


TARGET_NAMES = {"xor": "xor", "moons": "moon", "digits": "digit"}


def _check_file(args: argparse.Namespace) -> None:
    path = Path(args.data)
    if not path.exists():
        try:
            look_up(DATASETS, args.data, "data set")
        except ValueError as error:
            raise UsageError(f"no file of this name, and {error}; or give a CSV file") from None
    if args.target is None:
        columns = ", ".join(read_cells(path).header)
        raise UsageError(f"which column of {file_name(path)} is to be learned? --target COLUMN, one of: {columns}")


def _or_usage_error(make: Any, *arguments: Any, **options: Any) -> Any:
    """What `make` gives; its ValueError is about the user's options."""
    try:
        return make(*arguments, **options)
    except TableError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from None


def _model(args: argparse.Namespace, dataset: Dataset, recipe: Recipe) -> MLP:
    n_out = len(dataset.class_names) if dataset.task == "classification" else 1
    output = _or_usage_error(output_for, recipe.scheme, args.output)
    n_outs = [*args.hidden, n_out]
    return MLP(dataset.x.shape[1], n_outs, hidden=args.activation, output=output, bias=args.bias, seed=args.seed)


def _watched(job: Job) -> float | None:
    return WATCHED if job.dataset.holds_out and len(job.dataset.train) >= WATCH_FROM else None


def _introduce(job: Job) -> None:
    dataset, args = job.dataset, job.args
    kind = f"{len(dataset.class_names)} classes" if dataset.class_names else "a number to predict"
    held_out = f"{len(dataset.held_out)} held out" if dataset.holds_out else "none held out (too few)"
    print(f"data: {dataset.name}, {len(dataset.x)} samples of {dataset.x.shape[1]} features, {kind}, {held_out}")
    print(f"model: {job.model!r}")
    print(
        f"training: {job.recipe.loss}, {args.optimizer}, learning rate {args.lr:g}, batches of {args.batch_size},"
        f" at most {args.epochs} epochs, seed {args.seed}",
        flush=True,
    )


def _train(job: Job) -> History:
    args, rows = job.args, job.dataset.train
    with warnings.catch_warnings():
        # Divergence, and why a run is eager, are told in the report.
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
            until=Until(loss=args.until_loss, patience=args.patience),
            validation=_watched(job),
            seed=args.seed,
            metric=job.recipe.scheme.metric,
            l2=args.l2,
            compile=args.compile,
            progress=not args.quiet,
            cluster=args.cluster,
            checkpoint=args.checkpoint,
        )


ENDINGS = {
    "target loss": "the training loss met the target",
    "patience": "no better loss for {patience} epochs",
    "epochs": "all epochs done",
    "interrupted": "interrupted; what there is follows",
    "diverged": "DIVERGED: the loss is no longer finite; try a smaller --lr",
}


def _report_end(job: Job, history: History) -> None:
    ending = ENDINGS[history.stopped].format(patience=job.args.patience)
    print(f"stopped after {len(history)} epochs, {history.seconds:.1f} s: {ending}")
    if history.engine:  # Ctrl-C may come before anything could compute
        print(f"engine: {history.engine}")
    if history.best:
        print(f"best epoch: {history.best_epoch}, {describe(history.best, history.metric_name)}")
    else:
        print("no epoch was completed with a finite loss: the model is as it was at the start")


def _judge(job: Job) -> dict[str, Any]:
    """The metric on the held-out samples, printed, and as it is stored with the model."""
    rows, chosen = job.dataset.held_out, job.recipe.scheme
    value = get_metric(chosen.metric)(predict(job.model, job.inputs(rows)), job.targets(rows))
    where = "held-out" if job.dataset.holds_out else "training (nothing is held out)"
    if chosen.metric == "r_squared":
        print(f"{where} R²: {value:.4f} ({len(rows)} samples)")
    else:
        print(f"{where} accuracy: {value:.2%} ({round(value * len(rows))} of {len(rows)})")
    return {"metric": job.recipe.metric_name, "value": value, "samples": len(rows), "held_out": job.dataset.holds_out}


def _check(job: Job) -> bool:
    """The gradient of one sample against central differences; whether every row agrees."""
    row = job.dataset.held_out[:1]
    [x], [y] = job.inputs(row).tolist(), job.targets(row)
    comparisons = check_gradient(job.model, x, y, get_loss(job.recipe.loss))
    print("gradient check of one sample (parameter, chain rule, central difference, relative difference):")
    for one in comparisons:
        verdict = "" if one.agrees else "  WRONG"
        print(f"  {one.name:<12} {one.analytic:>16.9g} {one.numerical:>16.9g} {one.difference:>9.1e}{verdict}")
    return all(one.agrees for one in comparisons)


def _hint(job: Job) -> None:
    rows = job.dataset.train[:: max(1, len(job.dataset.train) // DIAGNOSED)]
    for hint in diagnose(job.model, job.inputs(rows).tolist(), job.targets(rows), loss=job.recipe.loss).hints:
        print(f"hint: {hint}")


def _write(job: Job, history: History, score: dict[str, Any]) -> None:
    folder: Path = job.args.out
    recipe = replace(job.recipe, training=_account(job, history, score))
    save(job.model, folder / "model.json", extra=recipe.to_json())
    history.save_csv(folder / "history.csv")
    _draw_sample(job, folder / "graph.svg")
    written = ["model.json", "history.csv", "graph.svg", *_draw(job, history, folder)]
    print(f"written to {folder}: {', '.join(written)}")
    print(f"next: python -m nn inspect {folder / 'model.json'}")


def _account(job: Job, history: History, score: dict[str, Any]) -> dict[str, Any]:
    """How the model came about. No times: the same seed must give the same bytes."""
    kept = ("optimizer", "lr", "epochs", "batch_size", "l2", "until_loss", "patience", "bias", "seed")
    return {
        "data": job.dataset.name,
        "samples": len(job.dataset.x),
        "options": {name: getattr(job.args, name) for name in kept},
        "stopped": history.stopped,
        "epochs": len(history),
        "best_epoch": history.best_epoch,
        "score": score,
    }


def _draw_sample(job: Job, path: Path) -> None:
    """The computation of one sample's loss with its gradients, collapsed by module where it is large."""
    row = job.dataset.held_out[:1]
    [x], [y] = job.inputs(row).tolist(), job.targets(row)
    job.model.zero_grad()
    loss = get_loss(job.recipe.loss)(job.model(x), y)
    loss.label = "loss"
    loss.backward()
    draw(loss, title=f"{job.dataset.name}: the loss of one sample").save(path)
    job.model.zero_grad()


def _draw(job: Job, history: History, folder: Path) -> list[str]:
    """Draw what can be drawn and return the names of the files."""
    drawn: list[str] = []
    try:
        if history.rows:
            loss_picture(history, folder / "loss.svg", title=f"{job.dataset.name}: loss by epoch")
            drawn.append("loss.svg")
        if job.dataset.x.shape[1] == 2:
            boundary_picture(
                job.dataset,
                lambda points: job.recipe.answer(job.model, points),
                folder / "boundary.svg",
                title=f"{job.dataset.name}: the model's answer",
            )
            drawn.append("boundary.svg")
    except ImportError:
        print("pictures skipped: they need matplotlib (pip install matplotlib)")
    return drawn
