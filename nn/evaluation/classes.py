"""The confusion matrix, and precision, recall and F1 of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion_matrix(y: NDArray[Any], predicted: NDArray[Any], classes: int) -> Counts:
    """How many samples of each class (row) are predicted as each class (column).

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    pairs = y.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


class ClassScore(NamedTuple):
    """The scores of one class; a quotient with nothing to count, 0/0, is 0.

    precision  of the samples predicted as this class, the fraction that belong to it
    recall     of the samples of this class, the fraction predicted as it
    f1         the harmonic mean of the two
    samples    how many belong to it
    """

    precision: float
    recall: float
    f1: float
    samples: int


def class_scores(matrix: Counts) -> list[ClassScore]:
    """The scores of each class, from a confusion matrix.

    >>> class_scores(np.array([[1, 1], [0, 1]]))[1]
    ClassScore(precision=0.5, recall=1.0, f1=0.6666666666666666, samples=1)
    """
    right, actual, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassScore(_share(r, p), _share(r, a), _share(2 * r, p + a), a)
        for r, a, p in zip(right.tolist(), actual.tolist(), predicted.tolist(), strict=True)
    ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def balanced_accuracy(scores: Sequence[ClassScore]) -> float:
    """The mean recall of the classes that have samples: a rare class counts as much as a frequent one.

    >>> balanced_accuracy(class_scores(np.array([[1, 1], [0, 1]])))
    0.75
    """
    there = [score.recall for score in scores if score.samples]
    return sum(there) / len(there)


class Confusion(NamedTuple):
    """A mistake: this many samples of class `actual` are predicted as `predicted`."""

    actual: int
    predicted: int
    samples: int


def confusions(matrix: Counts) -> list[Confusion]:
    """The mistakes, the most frequent first.

    >>> confusions(np.array([[5, 1, 0], [0, 5, 0], [0, 3, 5]]))[0]
    Confusion(actual=2, predicted=1, samples=3)
    """
    places = [(i, j) for i, j in np.argwhere(matrix > 0).tolist() if i != j]
    return sorted((Confusion(i, j, int(matrix[i, j])) for i, j in places), key=lambda each: -each.samples)
