"""Code that runs on workers: read a shard once, and compute the sums over its samples in every step."""

from __future__ import annotations

import hashlib
import pickle
import platform
import traceback
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Protocol, TypeAlias

import autograd
from autograd._numpy import NDArray, np
from nn.cluster.batches import Batch
from nn.cluster.sources import Array, Source, check_samples
from nn.cluster.tree import Nodes, Sums, combine

MANY_TARGETS = 100
ALIGNMENT = 64  # bytes: a cache line, and the widest registers

Answer: TypeAlias = Nodes | Exception


class MeanLoss(Protocol):
    """The result of `autograd.compile(…, batch=("x", "y"))`: the mean loss over samples and its gradient."""

    def flat(self, theta: NDArray[np.float64], x: Array, y: Array, /) -> tuple[float, NDArray[np.float64]]: ...


@dataclass(frozen=True, eq=False)
class Rows:
    """The samples of one shard, in a worker's memory."""

    name: str
    x: Array
    y: Array

    def with_floats(self) -> Rows:
        """The same rows with float targets."""
        return Rows(self.name, self.x, self.y.astype(np.float64, copy=False))


@dataclass(frozen=True, eq=False)
class Summary:
    """What the client needs to know of a shard: its length, its first sample, its targets, and a checksum.

    `targets` are the distinct ones, or the smallest and the largest if there are many; of rows of targets, the first.
    """

    name: str
    count: int
    x: Array
    y: Array
    targets: Array
    checksum: int


class Holder:
    """Neighbouring shards on a worker, numbered from `first`, and the loss to sum over them.

    With `class_indices`, the targets of all shards are class indices; otherwise all become floats. The shards are
    distributed over `threads` threads, each shard on one.
    """

    def __init__(self, shards: list[Rows], first: int, packed: bytes, class_indices: bool, threads: int) -> None:
        self.shards = {first + i: rows if class_indices else rows.with_floats() for i, rows in enumerate(shards)}
        self.loss = unpack(packed)
        self.pool = ThreadPoolExecutor(threads)

    def gradient(self, theta: NDArray[np.float64], batch: Batch, total: int) -> Answer:
        """The sums over these shards, out of `total`, added as far as the tree allows.

        An error is returned as an answer, so that the caller can distinguish it from a lost connection.
        """
        here = aligned(theta)
        try:
            found = list(self.pool.map(lambda number: self.sums(number, here, batch), self.shards))
            return combine({(0, number): sums for number, sums in zip(self.shards, found, strict=True)}, total)
        except Exception as error:
            return portable(error)

    def sums(self, number: int, theta: NDArray[np.float64], batch: Batch) -> Sums:
        """n · mean loss and n · mean gradient over a shard's part of the batch; zeros if it has no samples there."""
        shard = self.shards[number]
        part = batch.rows(number, len(shard.x))
        x, y = shard.x[part], shard.y[part]
        if not len(x):
            return Sums(0, 0.0, np.zeros_like(theta))
        with naming_shard(shard.name):
            loss, gradient = self.loss.flat(theta, x, y)
        return Sums(len(x), len(x) * float(loss), len(x) * np.asarray(gradient))


def portable(error: Exception) -> Exception:
    """The error, if it can be pickled, with its traceback as a note; otherwise a RuntimeError with its text."""
    error.add_note("".join(traceback.format_tb(error.__traceback__)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        substitute = RuntimeError(f"{type(error).__name__}: {error}")
        substitute.__notes__ = error.__notes__
        return substitute
    return error


@contextmanager
def naming_shard(shard: str) -> Iterator[None]:
    """Add the shard's name to any error as a note.

    >>> try:
    ...     with naming_shard("b.csv"): raise ValueError("bad row")
    ... except ValueError as error: print(error, error.__notes__)
    bad row ['in shard b.csv']
    """
    try:
        yield
    except Exception as error:
        error.add_note(f"in shard {shard}")
        raise


def read(source: Source) -> Rows:
    """Read and check a shard."""
    with naming_shard(source.name):
        x, y = check_samples(*source.read())
    return Rows(source.name, aligned(x), aligned(y))


def aligned(array: Array) -> Array:
    """A C-contiguous copy of the array at an address that is a multiple of 64.

    Arrays from messages start at any address, and NumPy passes only aligned arrays to BLAS: without a copy, the bits of
    a product would depend on how its operands were sent.

    >>> aligned(np.frombuffer(b"?" + bytes(16), offset=1)).ctypes.data % 64
    0
    """
    room = np.empty(array.nbytes + ALIGNMENT, dtype=np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    copy: Array = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def summarise(rows: Rows) -> Summary:
    """The summary of a shard."""
    checksum = zlib.crc32(rows.y.tobytes(), zlib.crc32(rows.x.tobytes()))
    return Summary(rows.name, len(rows.x), rows.x[:1], rows.y[:1], _targets(rows.y), checksum)


def _targets(y: Array) -> Array:
    different = np.unique(y) if y.ndim == 1 else y[:1]
    return different if len(different) <= MANY_TARGETS else different[[0, -1]]


@lru_cache(maxsize=8)
def unpack(packed: bytes) -> MeanLoss:
    """The loss that the client pickled; the bytes came with a task, from the scheduler."""
    loss: MeanLoss = pickle.loads(packed)
    return loss


@lru_cache(maxsize=1)  # of the files as they were when the process imported them
def fingerprint() -> dict[str, str]:
    """The versions that must be equal for equal bits; for this project, also a hash of the source text.

    >>> sorted(fingerprint())
    ['llvmlite', 'numpy', 'python', 'scalar-autograd', 'source']
    """
    digest = hashlib.sha256()
    for folder in (Path(str(autograd.__file__)).parent, Path(__file__).parents[1]):
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    versions = {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": np.__version__,
        "llvmlite": _version("llvmlite"),
        "scalar-autograd": _version("scalar-autograd"),
    }
    return versions | {"source": digest.hexdigest()[:12]}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
