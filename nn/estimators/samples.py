"""Weighted samples for training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scipy.sparse import issparse
from sklearn.utils import check_array

from autograd._numpy import NDArray, np

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """Rows `x` of shape (n, inputs), their targets `y` of shape (n,) or (n, outputs), their weights of shape (n,).

    >>> samples = Samples(np.array([[1.0], [0.0], [1.0]]), np.array([0, 1, 0]), np.ones(3))
    >>> merged = samples.merged()
    >>> merged.x.tolist(), merged.y.tolist(), merged.weight.tolist()
    ([[0.0], [1.0]], [1, 0], [1.0, 2.0])
    """

    x: Vector
    y: NDArray[Any]
    weight: Vector

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def total_weight(self) -> float:
        """Σ of the weights."""
        return float(self.weight.sum())

    def take(self, rows: NDArray[np.intp] | slice) -> Samples:
        """The samples with these indices."""
        return Samples(self.x[rows], self.y[rows], self.weight[rows])

    def chunks(self, size: int) -> Iterator[Samples]:
        """The samples in pieces of `size`, in order."""
        if size >= len(self):
            yield self
            return
        for first in range(0, len(self), size):
            yield self.take(slice(first, first + size))

    def without_zero_weights(self) -> Samples:
        """The samples that count; ValueError when there are none."""
        if (self.weight > 0.0).all():
            return self
        if not self.weight.any():
            raise ValueError("every sample_weight is zero: there is nothing to train on")
        return self.take(np.flatnonzero(self.weight))

    def merged(self) -> Samples:
        """Equal samples as one with the sum of their weights, in an order that depends on their numbers alone.

        Two tables that mean the same, with a sample twice or with weight 2, in this order or another, are then the same
        arrays, so training gives the same bits.
        """
        table = np.column_stack([self.x, self.y]).astype(np.float64, copy=False) + 0.0  # -0.0 is 0.0
        rows = np.ascontiguousarray(table).view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
        _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
        weight = np.bincount(inverse, weights=self.weight).astype(np.float64, copy=False)
        return Samples(self.x[first], self.y[first], weight)


def dense(x: Any) -> NDArray[Any]:
    """An array, of a sparse matrix too."""
    found: NDArray[Any] = x.toarray() if issparse(x) else x
    return found


def checked_weights(sample_weight: Any, count: int) -> Vector:
    """One weight for each of `count` samples; all are 1 if none are given, and a number stands for all."""
    if sample_weight is None or np.isscalar(sample_weight):
        weight = np.full(count, 1.0 if sample_weight is None else float(sample_weight))  # type: ignore[arg-type]
    else:
        weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.shape != (count,):
        raise ValueError(f"sample_weight has the shape {weight.shape}; it needs a number for each of {count} samples")
    for row in np.flatnonzero(weight < 0.0)[:1]:
        raise ValueError(f"sample_weight[{row}] is {weight[row]}: it must be >= 0")
    return weight
