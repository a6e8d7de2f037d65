"""Data sets: three built-in ones, and the split into training and held-out samples."""

from __future__ import annotations

import gzip
import importlib.resources
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.io.plural import counted
from nn.lookup import look_up
from nn.train.tasks import Task

HELD_OUT = 0.2
PIXEL_MAX = 16.0


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with names and a fixed split.

    name           the name of the set
    x              shape (n, features), float64
    y              shape (n,): class indices (int64) or, for a regression, numbers (float64)
    feature_names  one for each column of x
    class_names    empty for a regression
    task           "binary", "classification" or "regression"
    train          row numbers of the training samples
    held_out       the other row numbers; if the set is too small to hold any out, both are all rows (and `x[held_out]`
                   has been trained on)

    >>> xor = load("xor")
    >>> xor.x.shape, xor.feature_names, xor.task, xor.holds_out
    ((4, 2), ('x1', 'x2'), 'binary', False)
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    task: Task
    train: NDArray[np.intp]
    held_out: NDArray[np.intp]

    @property
    def holds_out(self) -> bool:
        """Whether the held-out samples differ from the training samples."""
        return not np.array_equal(self.train, self.held_out)

    def __repr__(self) -> str:
        held_out = f", {len(self.held_out)} held out" if self.holds_out else ""
        size = f"{counted(len(self.x), 'sample')} of {counted(self.x.shape[1], 'feature')}"
        return f"Dataset({self.name!r}: {size}{held_out}, {self.task})"


def load(name: str, *, seed: int = 0) -> Dataset:
    """The built-in data set with that `name`; `seed` draws the noise of moons and the held-out samples.

    - "xor": the four points of the exclusive or (Minsky & Papert 1969); nothing is held out.
    - "moons": two interlocking half circles, 400 noisy points.
    - "digits": 1 797 handwritten digits of 8 × 8 pixels, scaled to [0, 1] (Alpaydin & Kaynak 1998; see data/README.md).

    >>> load("digits")
    Dataset('digits': 1797 samples of 64 features, 359 held out, classification)
    >>> load("xor").y.tolist()
    [0, 1, 1, 0]

    An unknown name is a `ValueError` that lists the names.
    """
    return look_up(DATASETS, name, "data set")(seed)


def split(
    y: NDArray[Any], task: Task, *, seed: int = 0, test_size: float = HELD_OUT
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of the training samples and of the held-out part of `y`, in ascending order, drawn by the seed.

    `test_size` is the fraction to hold out, by default a fifth.

    Unless the `task` is a regression, each class is split separately (stratified), so both parts have the classes in
    the same proportions; a class with fewer than three samples is only trained on. With fewer than ten samples, or no
    class large enough, both parts are all rows.

    >>> train, held_out = split(np.array([0] * 10 + [1] * 5), "binary")
    >>> len(train), held_out.shape
    (12, (3,))
    """
    rng = random.Random(seed)
    every = np.arange(len(y))
    groups = [every] if task == "regression" else [np.flatnonzero(y == label) for label in np.unique(y)]
    held_out = [row for group in groups for row in _draw(group.tolist(), rng, test_size)]
    if len(y) < 10 or not held_out:
        return every, every
    rows = np.array(sorted(held_out), dtype=np.intp)
    return np.setdiff1d(every, rows), rows


def with_split(dataset: Dataset, seed: int = 0) -> Dataset:
    """`dataset` with another split, drawn by `seed`.

    >>> with_split(load("moons"), seed=1).held_out.shape
    (80,)
    """
    train, held_out = split(dataset.y, dataset.task, seed=seed)
    return replace(dataset, train=train, held_out=held_out)


def _draw(rows: list[int], rng: random.Random, test_size: float) -> list[int]:
    return rng.sample(rows, min(round(test_size * len(rows)), len(rows) - 1)) if len(rows) >= 3 else []


def _xor(_seed: int) -> Dataset:
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return _dataset("xor", x, np.array([0, 1, 1, 0]), ("x1", "x2"), ("0", "1"), "binary", 0)


def _moons(seed: int, samples: int = 400, noise: float = 0.1) -> Dataset:
    # RandomState, because NumPy guarantees that its streams never change.
    rng = np.random.RandomState(seed)
    half = samples // 2
    angle = rng.uniform(0.0, np.pi, size=(2, half))
    upper = np.column_stack([np.cos(angle[0]), np.sin(angle[0])])
    lower = np.column_stack([1.0 - np.cos(angle[1]), 0.5 - np.sin(angle[1])])
    x = np.concatenate([upper, lower]) + rng.normal(scale=noise, size=(2 * half, 2))
    y = np.repeat([0, 1], half)
    return _dataset("moons", x, y, ("x1", "x2"), ("upper", "lower"), "binary", seed)


def _digits(seed: int) -> Dataset:
    packed = importlib.resources.files("nn").joinpath("data", "digits.csv.gz").read_bytes()
    header, *lines = gzip.decompress(packed).decode("ascii").splitlines()
    table = np.array([line.split(",") for line in lines], dtype=np.float64)
    names = tuple(header.split(",")[:-1])
    y = table[:, -1].astype(np.int64)
    return _dataset("digits", table[:, :-1] / PIXEL_MAX, y, names, tuple("0123456789"), "classification", seed)


def _dataset(
    name: str,
    x: NDArray[np.float64],
    y: NDArray[Any],
    features: tuple[str, ...],
    classes: tuple[str, ...],
    task: Task,
    seed: int,
) -> Dataset:
    return Dataset(name, x, y, features, classes, task, *split(y, task, seed=seed))


DATASETS: dict[str, Callable[[int], Dataset]] = {"xor": _xor, "moons": _moons, "digits": _digits}
