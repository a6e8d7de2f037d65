"""`python -m nn train`: read the data, train, evaluate on held-out samples, save everything."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograd import Value, draw, explore
from autograd.cli.frame import FAILED, INTERRUPTED, OK
from autograd.errors import UsageError
from autograd.io.files import write_text
from autograd.io.plural import counted
from autograd.io.printing import forgiving_stdout
from nn.cli.crossvalidation import cross_validate
from nn.cli.job import Job, job_of, train
from nn.cli.learning_curve import LearningCurve
from nn.cli.options import fill_in
from nn.cli.reading import Data, or_usage_error, read
from nn.cli.results import draw_results, evaluate, report_on
from nn.cli.split_options import class_weight
from nn.cli.terminal import block, width, wrapping_stdout
from nn.cli.verdict import LOOKED_AT, UNTRAINED, beside_baseline, did_not_learn, mean_loss, one_class_only, worst_loss
from nn.evaluation.report import ClassReport, Report
from nn.evaluation.wording import lines as report_lines
from nn.inspection.diagnosis import diagnose
from nn.inspection.gradient_check import compare_with_differences
from nn.persistence.storage import save
from nn.plotting.plots import boundary_picture, loss_picture
from nn.train.history import History, describe
from nn.train.losses import get_loss

NAMED = 16  # inputs that are drawn one by one
DIAGNOSED = 200  # samples that hints are based on; up to twice as many are used


def run(args: argparse.Namespace) -> int:
    """Train and report; exit code 0, 1 if training diverged or a gradient is wrong, 130 after Ctrl-C.

    When stdout can no longer be written (`| head -1`), the run goes on and everything is saved; the error comes after.
    """
    with forgiving_stdout() as stdout, wrapping_stdout():
        code = _run(args)
    if stdout.error is not None and code != INTERRUPTED:
        raise stdout.error
    return code


def _run(args: argparse.Namespace) -> int:
    _check_cluster(args)
    data = read(args)
    _print_table(data)
    if args.dry_run:
        return OK
    args = fill_in(args, data.dataset.name)
    _check_split(args, data)
    job = job_of(args, data)
    args.out.mkdir(parents=True, exist_ok=True)
    _print_setup(job)
    before = _loss(job)
    curve = LearningCurve(job)
    history = train(job, progress=not args.quiet, on_epoch=curve)
    _print_end(job, history)
    score = evaluate(job)
    _save(job, history, score)  # before what takes time, and may be interrupted
    report = replace(report_on(job, score), curve=tuple(curve.losses))
    for line in report_lines(report, width(), block()):
        print(line)
    if args.folds and history.stopped != "interrupted":
        report = replace(report, folds=cross_validate(job))
    agrees = _check_gradients(job)
    _print_hints(job)
    learned = _print_verdict(job, before, history, report)
    _write(job, history, report)
    if history.stopped == "interrupted":
        return INTERRUPTED
    return OK if history.stopped != "diverged" and agrees and learned else FAILED


def _loss(job: Job) -> float:
    rows = job.dataset.train[:LOOKED_AT]
    return mean_loss(job.model, job.inputs(rows), job.targets(rows), job.recipe.loss)


def _print_verdict(job: Job, before: float, history: History, report: Report) -> bool:
    """Say what is wrong if the model has learned nothing; whether it has learned something."""
    constant, _ = beside_baseline(job.dataset)
    problem = did_not_learn(before, _loss(job), worst_loss(history), report.score["value"], constant)
    if problem:
        print(f"hint: {problem}")
    if isinstance(report.detail, ClassReport) and (other := one_class_only(report.detail)):
        print(f"hint: {other}")
    return not problem.startswith(UNTRAINED)


def _check_cluster(args: argparse.Namespace) -> None:
    if args.checkpoint and not args.cluster:
        raise UsageError("--checkpoint needs --cluster; for one worker process use --cluster 1")
    if args.cluster and not args.compile:
        raise UsageError("a cluster runs compiled losses only; remove --no-compile or --cluster")
    if args.cluster and (args.class_weight or args.folds):
        raise UsageError("--class-weight and --folds are for training without --cluster")


def _check_split(args: argparse.Namespace, data: Data) -> None:
    """Raise UsageError now for what would only be found out after the training."""
    class_weight(args.class_weight, data.recipe)
    if args.folds:
        or_usage_error(lambda: data.splitter.folds(args.folds))


def _print_table(data: Data) -> None:
    """What a file was understood to hold."""
    if data.table is not None:
        for line in data.table.understood():
            print(line)
        for hint in data.table.hints():
            print(f"hint: {hint}")


def _print_setup(job: Job) -> None:
    dataset, args = job.dataset, job.args
    kind = f"{len(dataset.class_names)} classes" if dataset.class_names else "a number to predict"
    held_out = (
        f"{len(dataset.held_out)} held out{_how(args)}" if dataset.holds_out else "none held out (too few samples)"
    )
    size = f"{counted(len(dataset.x), 'sample')} of {counted(dataset.x.shape[1], 'feature')}"
    print(f"data: {dataset.name}, {size}, {kind}, {held_out}")
    print(f"model: {job.model!r}")
    print(
        f"training: {job.recipe.loss}, {args.optimizer}, learning rate {args.lr:g}, batches of {args.batch_size},"
        f" at most {counted(args.epochs, 'epoch')}, seed {args.seed}",
        flush=True,
    )
    if job.patience:
        watched = "a tenth of them, kept for that" if job.is_validated else "the training samples"
        print(f"early stopping: after {counted(job.patience, 'epoch')} without a lower loss on {watched}", flush=True)


def _how(args: argparse.Namespace) -> str:
    if args.groups:
        return f" (whole groups of {args.groups!r})"
    return f" (the last, by {args.time!r})" if args.time else ""


ENDINGS = {
    "target loss": "the training loss reached the target",
    "patience": "no lower loss for {patience}",
    "epochs": "all epochs done",
    "interrupted": "interrupted; the results so far follow",
    "diverged": "DIVERGED: the loss is no longer finite; try a smaller --lr",
}


def _print_end(job: Job, history: History) -> None:
    ending = ENDINGS[history.stopped].format(patience=counted(job.args.patience or 0, "epoch"))
    print(f"stopped after {counted(len(history), 'epoch')}, {history.seconds:.1f} s: {ending}")
    if history.engine:  # empty if Ctrl-C came before there was one
        print(f"engine: {history.engine}")
    if history.best:
        print(f"best epoch: {history.best_epoch}, {describe(history.best, history.metric_name)}")
    else:
        print("no epoch ended with a finite loss: the model has its initial parameters")


def _check_gradients(job: Job) -> bool:
    """Print the gradient of one sample beside central differences; return whether all agree."""
    row = job.dataset.held_out[:1]
    [x], [y] = job.inputs(row).tolist(), job.targets(row)
    comparisons = compare_with_differences(job.model, x, y, get_loss(job.recipe.loss))
    print("gradient check of one sample (parameter, chain rule, central difference, relative difference):")
    for one in comparisons:
        verdict = "" if one.agrees else "  WRONG"
        print(f"  {one.name:<12} {one.analytic:>16.9g} {one.numerical:>16.9g} {one.difference:>9.1e}{verdict}")
    return all(one.agrees for one in comparisons)


def _print_hints(job: Job) -> None:
    rows = job.dataset.train[:: max(1, len(job.dataset.train) // DIAGNOSED)]
    for hint in diagnose(job.model, job.inputs(rows).tolist(), job.targets(rows), loss=job.recipe.loss).hints:
        print(f"hint: {hint}")


def _save(job: Job, history: History, score: dict[str, Any]) -> None:
    recipe = replace(job.recipe, training=_training_record(job, history, score))
    save(job.model, job.args.out / "model.json", extra=recipe.to_json())
    history.save_csv(job.args.out / "history.csv")


def _write(job: Job, history: History, report: Report) -> None:
    """Write the report and the pictures."""
    folder: Path = job.args.out
    write_text(folder / "report.json", report.text())
    _draw_sample(job, folder)
    written = ["model.json", "history.csv", "report.json", "graph.svg", "graph.html"]
    written += _draw(job, history, report, folder)
    print(f"written to {folder}: {', '.join(written)}")
    print(f"next: python -m nn inspect {folder / 'model.json'}")


def _training_record(job: Job, history: History, score: dict[str, Any]) -> dict[str, Any]:
    """How the model was trained. No times: the same seed must give the same bytes."""
    kept = (
        *("optimizer", "lr", "epochs", "batch_size", "l2", "until_loss", "patience", "bias", "seed"),
        *("early_stopping", "class_weight", "test_size", "split_seed", "groups", "time"),
    )
    return {
        "data": job.dataset.name,
        "samples": len(job.dataset.x),
        "options": {name: getattr(job.args, name, None) for name in kept},
        "stopped": history.stopped,
        "epochs": len(history),
        "best_epoch": history.best_epoch,
        "score": score,
    }


def _draw_sample(job: Job, folder: Path) -> None:
    """The computation of one sample's loss with its gradients: a picture, collapsed if it is large, and a page."""
    row = job.dataset.held_out[:1]
    [x], [y] = job.inputs(row).tolist(), job.targets(row)
    names = job.recipe.feature_names
    inputs = x if len(x) > NAMED else [Value(number, label=name) for number, name in zip(x, names, strict=True)]
    job.model.zero_grad()
    loss = get_loss(job.recipe.loss)(job.model(inputs), y)
    loss.label = "loss"
    loss.backward()
    title = f"{job.dataset.name}: the loss of one sample"
    draw(loss, title=title).save(folder / "graph.svg")
    explore(loss, title=title).save(folder / "graph.html")
    job.model.zero_grad()


def _draw(job: Job, history: History, report: Report, folder: Path) -> list[str]:
    """Draw the pictures that are possible and return the names of the files."""
    drawn: list[str] = []
    try:
        if history.rows:
            title = f"{job.dataset.name}: loss by epoch"
            loss_picture(history, folder / "loss.svg", title=title, held_out=report.curve)
            drawn.append("loss.svg")
        drawn += draw_results(job, report, folder)
        if job.dataset.x.shape[1] == 2:
            boundary_picture(
                job.dataset,
                lambda points: job.recipe.predict(job.model, points),
                folder / "boundary.svg",
                title=f"{job.dataset.name}: the model's predictions",
            )
            drawn.append("boundary.svg")
    except ImportError:
        print("pictures skipped: they need matplotlib (pip install matplotlib)")
    return drawn
