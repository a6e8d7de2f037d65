"""Splits of the rows into training and held-out samples: by chance, by groups or by time, once or in folds."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.io.plural import counted
from nn.tabular.datasets import HELD_OUT, split
from nn.train.tasks import Task

Rows = NDArray[np.intp]
Split = tuple[Rows, Rows]


@dataclass(frozen=True, eq=False)
class Splitter:
    """How rows are split; `y` are the targets of all of them.

    groups     the group of each row: a group is never on both sides
    times      the time of each row: no held-out row is earlier than a training row, and equal times are on one side
    test_size  the fraction to hold out, more or less
    seed       draws the rows or the groups; without groups or times each class is split by itself

    >>> splitter = Splitter(np.arange(10.0), "regression", times=np.arange(10.0))
    >>> splitter.split()[1].tolist()
    [8, 9]

    ValueError where that is impossible, and for groups together with times.
    """

    y: NDArray[Any]
    task: Task
    groups: NDArray[Any] | None = None
    times: NDArray[np.float64] | None = None
    test_size: float = HELD_OUT
    seed: int = 0

    def __post_init__(self) -> None:
        if self.groups is not None and self.times is not None:
            raise ValueError("rows are split by groups or by time, not by both; leave one of them out")

    def split(self, rows: Rows | None = None, test_size: float | None = None) -> Split:
        """Training and held-out rows, of all or of those given, in ascending order."""
        rows = np.arange(len(self.y)) if rows is None else rows
        size = self.test_size if test_size is None else test_size
        if self.groups is not None:
            held_out = _some_groups(self.groups[rows], size, random.Random(self.seed))
        elif self.times is not None:
            held_out = _last(self.times[rows], size)
        else:
            train, held_out = split(self.y[rows], self.task, seed=self.seed, test_size=size)
            return rows[train], rows[held_out]
        inside = np.isin(np.arange(len(rows)), held_out)
        return rows[~inside], rows[inside]

    def folds(self, count: int) -> list[Split]:
        """Splits for cross-validation: every row is held out once.

        By time, the rows are cut into `count` + 1 parts, and each part but the first is held out once, with the parts
        before it to train on.

        >>> [held_out.tolist() for _, held_out in Splitter(np.array([0, 1] * 3), "binary").folds(3)]
        [[2, 3], [4, 5], [0, 1]]
        """
        if not 2 <= count <= len(self.y):
            raise ValueError(f"folds must be between 2 and the number of samples, {len(self.y)}; got {count}")
        rng = random.Random(self.seed)
        if self.times is not None:
            part = _parts_by_time(self.times, count + 1)
            found = [(np.flatnonzero(part < k), np.flatnonzero(part == k)) for k in range(1, count + 1)]
        else:
            part = self._fold_of_each(count, rng)
            found = [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(count)]
        if any(len(train) == 0 or len(held_out) == 0 for train, held_out in found):
            raise ValueError(f"there are too few different times for {counted(count, 'fold')}")
        return found

    def _fold_of_each(self, count: int, rng: random.Random) -> Rows:
        if self.groups is not None:
            return _deal_groups(self.groups, count, rng)
        labels = np.zeros(len(self.y)) if self.task == "regression" else self.y
        order = [row for rows in _members(labels) for row in rng.sample(rows, len(rows))]
        part = np.empty(len(order), dtype=np.intp)
        part[order] = np.arange(len(order)) % count
        return part


def _members(labels: NDArray[Any]) -> Iterable[list[int]]:
    """The rows of each label."""
    return [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]


def _some_groups(groups: NDArray[Any], size: float, rng: random.Random) -> Rows:
    """The rows of some groups, as many as come near the wanted number."""
    members = list(_members(groups))
    if len(members) < 2:
        raise ValueError("all rows are of one group; at least two are needed to hold one out")
    wanted, held_out = round(size * len(groups)), list[int]()
    for rows in rng.sample(members, len(members))[:-1]:
        if abs(len(held_out) + len(rows) - wanted) < abs(len(held_out) - wanted):
            held_out += rows
    return np.array(held_out or min(members, key=len), dtype=np.intp)


def _last(times: NDArray[np.float64], size: float) -> Rows:
    """The last rows; the cut is between different times, as near as possible to the wanted number."""
    different, counts = np.unique(times, return_counts=True)
    if len(different) < 2:
        raise ValueError("all rows have the same time; at least two times are needed to hold the last one out")
    after = len(times) - np.cumsum(counts)[:-1]  # rows later than each time but the last
    cut = int(np.argmin(np.abs(after - size * len(times))))
    return np.flatnonzero(times > different[cut])


def _parts_by_time(times: NDArray[np.float64], count: int) -> Rows:
    """The part of each row, from 0, parts being about equal in size."""
    first = np.searchsorted(np.sort(times), times)  # how many rows are earlier
    return first * count // len(times)


def _deal_groups(groups: NDArray[Any], count: int, rng: random.Random) -> Rows:
    """The fold of each row: groups, from the largest on, go to the fold that has the fewest rows."""
    members = list(_members(groups))
    if len(members) < count:
        raise ValueError(f"there are {counted(len(members), 'group')}, too few for {counted(count, 'fold')}")
    sizes, part = [0] * count, np.empty(len(groups), dtype=np.intp)
    for rows in sorted(rng.sample(members, len(members)), key=len, reverse=True):
        fold = sizes.index(min(sizes))
        part[rows] = fold
        sizes[fold] += len(rows)
    return part
