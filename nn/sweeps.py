"""Train once at every point of a grid, here or in parallel on a cluster; results are saved and can be resumed."""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from autograd._numpy import np
from autograd.io.files import file_name, read_bytes, write_text
from nn.cluster.checkpoint import CheckpointError
from nn.cluster.connecting import ClusterLike, check_versions, connect
from nn.cluster.objective import while_connected
from nn.persistence.documents import LARGEST, Form, StorageError
from nn.persistence.schema import anything, array, integer, optional, real, record, table, text
from nn.train.prediction import Model
from nn.training import fit

Point: TypeAlias = dict[str, Any]
Grid: TypeAlias = Mapping[str, Sequence[Any]] | Sequence[Point]
Build: TypeAlias = Callable[..., tuple[Model, Mapping[str, Any]]]

TRIAL = record(
    {
        "point": table(anything),
        "loss": real,
        "metric": optional(real),
        "epochs": integer(),
        "best_epoch": integer(),
        "stopped": text(),
        "seconds": real,
        "error": text(),
    }
)
SWEEP = Form("scalar-autograd sweep", {"data": integer(), "trials": array(TRIAL)}, finite=False)


@dataclass(frozen=True)
class Trial:
    """One training: its `point` of the grid and its best epoch.

    point       the values of its options
    loss        the lowest one (of the validation samples if there are any)
    metric      that of the same epoch
    epochs      how many there were
    best_epoch  the number of the best
    stopped     why it ended, as in `nn.History`
    seconds     how long it took
    error       why training failed

    >>> print(Trial({"lr": 0.1}, 0.25, epochs=9, best_epoch=8, stopped="epochs"))
    lr=0.1: loss 0.25 in epoch 8 of 9 (epochs)
    """

    point: Point
    loss: float = math.inf
    metric: float | None = None
    epochs: int = 0
    best_epoch: int = 0
    stopped: str = ""
    seconds: float = 0.0
    error: str = ""

    def __str__(self) -> str:
        result = self.error or f"loss {self.loss:.4g} in epoch {self.best_epoch} of {self.epochs} ({self.stopped})"
        return f"{_text(self.point)}: {result}"


@dataclass
class Sweep:
    """The `trials` in the order of the grid; `str` gives a table, lowest loss first.

    >>> print(Sweep([Trial({"lr": 2}, 0.5, 0.75, 9, 8, "epochs", 1.5), Trial({"lr": 1}, 0.25, 1.0, 9, 9, "time", 2.0)]))
    lr  loss  metric  epochs  best_epoch  stopped  seconds  error
    1   0.25  1       9       9           time     2
    2   0.5   0.75    9       8           epochs   1.5
    """

    trials: list[Trial] = field(default_factory=list)

    @property
    def best(self) -> Trial | None:
        """The trial with the lowest loss, the first of equals; None when no trial has a finite one.

        >>> Sweep([Trial({"lr": 1.0}, 0.5), Trial({"lr": 0.1}, 0.25)]).best.point
        {'lr': 0.1}
        """
        finite = [trial for trial in self.trials if math.isfinite(trial.loss)]
        return min(finite, key=lambda trial: trial.loss, default=None)

    def rows(self) -> Iterator[list[str]]:
        """The table as strings: a row of names, and one row per trial, lowest loss first.

        >>> next(Sweep([Trial({"lr": 1.0}, 0.5)]).rows())
        ['lr', 'loss', 'metric', 'epochs', 'best_epoch', 'stopped', 'seconds', 'error']
        """
        names = list(dict.fromkeys(name for trial in self.trials for name in trial.point))
        figures = ["loss", "metric", "epochs", "best_epoch", "stopped", "seconds", "error"]
        yield [*names, *figures]
        for trial in sorted(self.trials, key=lambda trial: (math.isnan(trial.loss), trial.loss)):
            yield [_cell(trial.point.get(name, "")) for name in names] + [_cell(getattr(trial, f)) for f in figures]

    def __str__(self) -> str:
        rows = list(self.rows())
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)


def sweep(
    build: Build,
    grid: Grid,
    data: tuple[Any, Any],
    *,
    cluster: ClusterLike | None = None,
    path: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Sweep:
    """Train once at every point of the grid and return the table of results.

    - `build`: called as `build(**point)`, returns the model and the options of `nn.fit` for it. With a cluster it is
      pickled (it may be a lambda), and what it imports besides `nn` must be installed there.
    - `grid`: lists of values by name, of which every combination is used; or a list of points.
    - `data`: the (x, y) of `nn.fit`.
    - `cluster`: as in `nn.fit`; every training is one task on one worker. None: here, one by one.
    - `path`: a JSON file, written after every trial. If it exists, its trials are not run again, except those that
      failed; delete it when `build` has changed, which is not detected.
    - `progress`: None shows a line per trial when stderr is a terminal; True always; False never.

    >>> from nn.layers.mlp import MLP
    >>> def build(lr): return MLP(1, [1], seed=1), {"lr": lr, "epochs": 20}
    >>> table = sweep(build, {"lr": [0.1, 0.001]}, ([[0.0], [1.0]], [1.0, 3.0]), progress=False)
    >>> table.best.point
    {'lr': 0.1}

    A training has the same bits wherever it runs. One that raises becomes a row with an error; Ctrl-C returns the rows
    so far. ValueError for a grid without points, CheckpointError when `path` is of other data or damaged.
    """
    points = _points(grid)
    saved = _SavedTrials(path, data)
    missing = [point for point in points if _key(point) not in saved.trials]
    show = sys.stderr if progress or (progress is None and sys.stderr.isatty()) else None
    try:
        for trial in (
            _run_here(build, missing, data) if cluster is None else _run_on_cluster(cluster, build, missing, data)
        ):
            saved.add(trial)
            _show(trial, len(saved.trials), len(points), show)
    except KeyboardInterrupt:
        pass
    return Sweep([saved.trials[_key(point)] for point in points if _key(point) in saved.trials])


def run_trial(build: Build, point: Point, data: tuple[Any, Any]) -> Trial:
    """One training; an error becomes its row."""
    try:
        model, options = build(**point)
        history = fit(model, *data, **{"progress": False, **options})
    except Exception as error:
        return Trial(point, error=f"{type(error).__name__}: {error}")
    best = history.best
    found = (math.inf, None) if best is None else (best.watched, best.metric)
    return Trial(point, *found, len(history), history.best_epoch, history.stopped, history.seconds)


def _run_here(build: Build, points: list[Point], data: tuple[Any, Any]) -> Iterator[Trial]:
    return (run_trial(build, point, data) for point in points)


def _run_on_cluster(cluster: ClusterLike, build: Build, points: list[Point], data: tuple[Any, Any]) -> Iterator[Trial]:
    """The trials as they complete; the data are sent once, and again if their worker is lost."""
    if not points:
        return
    with connect(cluster) as client, while_connected(client):
        from distributed import as_completed

        check_versions(client, list(client.nthreads()))
        held = client.submit(_hold, *data, pure=False)
        tasks = [client.submit(run_trial, build, point, held, pure=False) for point in points]
        try:
            for task in as_completed(tasks):
                yield task.result()
        finally:
            client.cancel(tasks)


def _hold(x: Any, y: Any) -> tuple[Any, Any]:
    return x, y


class _SavedTrials:
    """The trials so far, by point, and their file."""

    def __init__(self, path: str | os.PathLike[str] | None, data: tuple[Any, Any]) -> None:
        self.path = path
        self.data = zlib.crc32(b"".join(np.asarray(part).tobytes() for part in data))
        self.trials: dict[str, Trial] = {}
        if path is not None and Path(path).exists():
            found = self._read(Path(path))
            self.trials = {_key(trial.point): trial for trial in found if not trial.error}

    def add(self, trial: Trial) -> None:
        """Add a trial and rewrite the file."""
        self.trials[_key(trial.point)] = trial
        if self.path is not None:
            rows = [asdict(trial) for trial in self.trials.values()]
            write_text(self.path, SWEEP.write({"data": self.data, "trials": rows}), sync=True)

    def _read(self, path: Path) -> list[Trial]:
        name = file_name(path)
        try:
            document = SWEEP.read(read_bytes(path, LARGEST), name)
        except StorageError as error:
            raise CheckpointError(f"{error}. To start again, delete it or choose another file") from None
        if document["data"] != self.data:
            raise CheckpointError(f"{name}: data: these are trials of other data; delete it or choose another file")
        return [Trial(**row) for row in document["trials"]]


def _points(grid: Grid) -> list[Point]:
    if isinstance(grid, Mapping):
        points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    else:
        points = [dict(point) for point in grid]
    if not points or not all(points):
        raise ValueError(f"the grid has no points: {grid!r}; give lists of values by name, or a list of dicts")
    for point in points:
        _key(point)
    return list({_key(point): point for point in points}.values())


def _key(point: Point) -> str:
    try:
        return json.dumps(point, sort_keys=True)
    except TypeError as error:
        raise ValueError(f"a point must be a JSON value (numbers, strings, lists), got {point!r} ({error})") from None


def _show(trial: Trial, done: int, total: int, stream: TextIO | None) -> None:
    if stream is not None:
        print(f"{done}/{total}  {trial}", file=stream, flush=True)


def _text(point: Point) -> str:
    return " ".join(f"{name}={value}" for name, value in point.items())


def _cell(value: Any) -> str:
    """A number with few digits; empty if there is none."""
    if value is None or value == math.inf:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
