"""Sources of shards, which can be read again when the worker that held them is lost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from autograd._numpy import NDArray, np
from autograd.io.files import file_name
from autograd.io.plural import counted
from nn.layers.inputs import as_array
from nn.persistence.documents import StorageError
from nn.tabular.csv import read_cells

Array: TypeAlias = NDArray[Any]

# Enough to use the workers of a small cluster evenly. It does not depend on the number of workers, because the number
# of shards decides in which order gradients are added, and so their last bits.
SHARDS = 16


class Source(Protocol):
    """One shard: a name for messages, and how to read its samples."""

    @property
    def name(self) -> str:
        """The name in messages."""

    def read(self) -> tuple[Array, Array]:
        """x, shape (n, inputs), and y, shape (n,) or (n, outputs)."""


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Rows of the caller's arrays. The scheduler keeps them, so that the rows of a lost worker can be sent again."""

    name: str
    x: Array
    y: Array

    def read(self) -> tuple[Array, Array]:
        """The rows themselves."""
        return self.x, self.y


@dataclass(frozen=True)
class NpySource:
    """Two `.npy` files that the worker reads; pickled objects in them are rejected."""

    x_path: str
    y_path: str

    @property
    def name(self) -> str:
        """The path of x."""
        return self.x_path

    def read(self) -> tuple[Array, Array]:
        """The arrays of both files; `StorageError` names one that is damaged, or not an array."""
        return _load(self.x_path), _load(self.y_path)


def _load(path: str) -> Array:
    with open(path, "rb") as file:
        try:
            found = np.load(file, allow_pickle=False)
        except Exception as error:  # NumPy raises many types for invalid files
            reason = f"{type(error).__name__}: {error!s:.200}"
            raise StorageError(f"{file_name(path)}: not a .npy file, or damaged ({reason})") from None
    if not isinstance(found, np.ndarray):
        raise StorageError(f"{file_name(path)}: this is an .npz archive; save each array as a .npy file")
    return found


@dataclass(frozen=True)
class CsvSource:
    """A CSV file of numbers that the worker reads; the column `target` is y, the others are x."""

    path: str
    target: str

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    def read(self) -> tuple[Array, Array]:
        """The columns as numbers; `TableError` names the line and column of a cell that is not a number."""
        cells = read_cells(self.path)
        y = np.array(cells.numbers(self.target))
        x = np.column_stack([cells.numbers(name) for name in cells.header if name != self.target])
        return x, y


def sources_of(x: Any, y: Any, shards: int | None = None) -> list[Source]:
    """The sources of the samples x and y, one per shard, in their fixed order.

    - arrays: cut into `shards` runs of rows of nearly the same length (16, or one per row if there are fewer rows);
    - `.npy` files: `x` and `y` are lists of paths, one shard each;
    - CSV files: `x` is a list of paths, one shard each, and `y` the name of the target column.

    >>> [source.name for source in sources_of([[1.0], [2.0], [3.0]], [0, 1, 1], shards=2)]
    ['rows 0…0', 'rows 1…2']
    >>> sources_of(["a.csv", "b.csv"], "price")[1]
    CsvSource(path='b.csv', target='price')

    The workers open the paths. ValueError when x and y do not match.
    """
    if not are_paths(x):
        return _cut(*check_samples(x, y), shards)
    if shards not in (None, len(x)):
        raise ValueError(f"every file is one shard; got shards={shards!r} with {counted(len(x), 'file')}")
    paths = [os.fspath(path) for path in x]
    if isinstance(y, str):
        if Path(paths[0]).suffix == ".npy":
            raise ValueError(f"y={y!r} names a column, but {paths[0]} has no columns; give y as a list of .npy files")
        return [CsvSource(path, y) for path in paths]
    if not are_paths(y) or len(y) != len(x):
        raise ValueError(
            f"x is a list of {counted(len(x), 'file')}, so y must be the target column or as many .npy files; got {y!r}"
        )
    return [NpySource(path, os.fspath(target)) for path, target in zip(paths, y, strict=True)]


def check_samples(x: Any, y: Any) -> tuple[Array, Array]:
    """x as float64 (n, inputs), y as float64 or int64; a `ValueError` names what is invalid or not finite.

    >>> check_samples([[1, 2]], [3])
    (array([[1., 2.]]), array([3]))
    """
    try:
        rows, targets = as_array(x).astype(np.float64, copy=False), as_array(y)
    except (TypeError, ValueError) as error:
        raise ValueError(f"x and y must be rows of numbers, all of the same length: {error}") from error
    if targets.dtype.kind not in "iuf":
        raise ValueError(f"y must be numbers or class indices, got {targets.dtype} such as {targets.flat[:1]!r}")
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"x must be rows of numbers (2 dimensions), got the shape {rows.shape}")
    if targets.ndim not in (1, 2) or len(targets) != len(rows):
        raise ValueError(f"x has {counted(len(rows), 'row')}, y the shape {targets.shape}; every row needs a target")
    targets = targets.astype(np.int64 if targets.dtype.kind in "iu" else np.float64, copy=False)
    for name, table in (("x", rows), ("y", targets)):
        wrong = np.argwhere(~np.isfinite(table))
        if len(wrong):
            indices = "".join(f"[{i}]" for i in wrong[0])
            raise ValueError(f"{name}{indices} is {table[tuple(wrong[0])]}; drop the row or fill it in")
    return rows, targets


def are_paths(x: Any) -> bool:
    """Whether x is a list of paths."""
    return isinstance(x, list | tuple) and len(x) > 0 and all(isinstance(each, str | os.PathLike) for each in x)


def _cut(x: Array, y: Array, shards: int | None) -> list[Source]:
    count = min(SHARDS, len(x)) if shards is None else shards
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= len(x):
        raise ValueError(f"shards must be an integer from 1 to {len(x)}, the number of rows, got {shards!r}")
    ends = [len(x) * i // count for i in range(count + 1)]
    return [ArraySource(f"rows {a}…{b - 1}", x[a:b], y[a:b]) for a, b in pairwise(ends)]
