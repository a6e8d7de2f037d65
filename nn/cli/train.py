"""`python -m nn train`: read the data, train, evaluate on held-out samples, save everything."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograd import Value, draw, explore
from autograd.cli.frame import FAILED, INTERRUPTED, OK
from autograd.errors import UsageError
from autograd.io.files import printable, write_text
from autograd.io.json_text import print_json
from autograd.io.plural import counted
from autograd.io.printing import forgiving_stdout
from autograd.io.together import replaced_together
from nn.cli.crossvalidation import cross_validate
from nn.cli.folders import PICTURES, folder_for
from nn.cli.job import Job, job_of, train
from nn.cli.learning_curve import LearningCurve
from nn.cli.options import EXAMPLES as EXAMPLES
from nn.cli.options import add_options as add_options
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
from nn.persistence.storage import load_document, save
from nn.plotting.plots import boundary_picture, loss_picture
from nn.train.history import History, describe
from nn.train.losses import get_loss

NAMED = 16  # inputs that are drawn one by one
DIAGNOSED = 200  # samples that hints are based on; up to twice as many are used


def run(args: argparse.Namespace) -> int:
    """Train and report; exit code 0, 1 if training diverged or a gradient is wrong, 130 after Ctrl-C.

    When stdout can no longer be written (`| head -1`), the run goes on and everything is saved; the error comes after.
    """
    args.document = {}
    with forgiving_stdout() as stdout:
        with redirect_stdout(sys.stderr) if args.json else wrapping_stdout():
            code = _run(args)
        if args.json:
            print_json(_document(args.document))
    if stdout.error is not None and code != INTERRUPTED:
        raise stdout.error
    return code


def _run(args: argparse.Namespace) -> int:
    _check_cluster(args)
    data = read(args)
    _print_table(args, data)
    if args.dry_run:
        return OK
    args = fill_in(args)
    _check_split(args, data)
    job = job_of(args, data)
    if args.out and Path(args.out, "model.json").exists():
        print(f"note: the results in {args.out} will be replaced")
    with folder_for(args.out, data.dataset.name) as args.out:
        args.document["folder"] = str(args.out)
        return _run_in(args.out, job)


def _run_in(folder: Path, job: Job) -> int:
    """Train, and write the results to the folder; Ctrl-C after the training costs what is said about it, no more."""
    _print_setup(job)
    before = _loss(job)
    curve = LearningCurve(job)
    history, score = train(job, progress=not job.args.quiet, on_epoch=curve), None
    try:
        _print_end(job, history)
        score = evaluate(job)
        report, succeeded = _judge(job, history, score, curve, before)
    except KeyboardInterrupt:
        _save(job, history, score, None)
        print(f"written to {folder}: model.json, history.csv")
        raise
    _save(job, history, score, report)
    written = ["model.json", "history.csv", "report.json", *_draw_sample(job), *_draw(job, history, report, folder)]
    print(f"written to {folder}: {', '.join(written)}")
    print(f"next: {job.args.prog} inspect {folder / 'model.json'}")
    if history.stopped == "interrupted":
        return INTERRUPTED
    return OK if succeeded else FAILED


def _judge(
    job: Job, history: History, score: dict[str, Any], curve: LearningCurve, before: float
) -> tuple[Report, bool]:
    """Say how good the model is; whether the training has succeeded."""
    report = replace(report_on(job, score), curve=tuple(curve.losses))
    for line in report_lines(report, width(), block()):
        print(line)
    if job.args.folds and history.stopped != "interrupted":
        report = replace(report, folds=cross_validate(job))
    agrees = _check_gradients(job)
    _print_hints(job)
    learned = _print_verdict(job, before, history, report)
    return report, history.stopped != "diverged" and agrees and learned


def _document(document: dict[str, Any]) -> dict[str, Any]:
    """The result for programs: where it is, and how the model was trained, as `model.json` has it."""
    if "folder" not in document:
        return document
    _, extra = load_document(Path(document["folder"], "model.json"))
    return {**document, "files": sorted(os.listdir(document["folder"])), "training": extra["training"]}


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


def _print_table(args: argparse.Namespace, data: Data) -> None:
    """What a file was understood to hold."""
    if data.table is not None:
        args.document.update(understood=list(data.table.understood()), hints=list(data.table.hints()))
        for line in data.table.understood():
            print(printable(line))
        for hint in data.table.hints():
            print(printable(f"hint: {hint}"))


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


def _save(job: Job, history: History, score: dict[str, Any] | None, report: Report | None) -> None:
    """Replace the results in the folder, all or none; pictures of an earlier run are not those of this one."""
    recipe = replace(job.recipe, training=_training_record(job, history, score) if score else {})
    with replaced_together(job.args.out, stale=("report.json", *PICTURES)) as new:
        save(job.model, Path(new, "model.json"), extra=recipe.to_json())
        history.save_csv(Path(new, "history.csv"))
        if report:
            write_text(Path(new, "report.json"), report.text())


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


def _draw_sample(job: Job) -> list[str]:
    """The computation of one sample's loss with its gradients: a picture, collapsed if it is large, and a page."""
    folder: Path = job.args.out
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
    return ["graph.svg", "graph.html"]


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
